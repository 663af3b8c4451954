"""Say what of JetPack's own is missing, a line each, with the packages that have it; exit code 1 where nothing works without.

Run by the Python of the new release, which sees the system's packages.
"""

from __future__ import annotations

import importlib
import re
import sys


def missing() -> tuple[list[str], list[str]]:
    """What must be there, and what should be."""
    must: list[str] = []
    should: list[str] = []
    if (problem := opencv()) is not None:
        (must if "is wanted" in problem else should).append(problem)
    if not has("tensorrt"):
        should.append(
            "TensorRT for Python is not here, so the CPU would detect: apt-get install python3-libnvinfer (nvidia-jetpack)"
        )
    if not has_decoder():
        should.append("GStreamer's hardware decoder is not here: apt-get install python3-gst-1.0 nvidia-l4t-gstreamer")
    return must, should


def has(module: str) -> bool:
    """Whether it can be imported."""
    try:
        importlib.import_module(module)
    except (ImportError, OSError):
        return False
    return True


def opencv() -> str | None:
    """What is wrong with OpenCV."""
    if not has("cv2"):
        return "OpenCV for Python is wanted, found none: apt-get install nvidia-opencv, or python3-opencv"
    information: str = importlib.import_module("cv2").getBuildInformation()
    if re.search(r"GStreamer:\s+YES", information) is None:
        return "OpenCV is one without GStreamer, not JetPack's: apt-get install nvidia-opencv"
    return None


def has_decoder() -> bool:
    """Whether nvv4l2decoder can be made."""
    if not has("gi"):
        return False
    gi = importlib.import_module("gi")
    try:
        gi.require_version("Gst", "1.0")
        gst = importlib.import_module("gi.repository.Gst")
    except (ImportError, ValueError):
        return False
    gst.init(None)
    return gst.ElementFactory.find("nvv4l2decoder") is not None


if __name__ == "__main__":
    wanted, wished = missing()
    sys.stdout.write("".join(f"{line}\n" for line in (*wanted, *wished)))
    sys.exit(bool(wanted))
