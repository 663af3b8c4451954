"""A driver of NVIDIA's that is played, for real programs above it; see ``played_driver.c``."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent / "played_driver.c"
LIBRARIES = ("libcuda.so.1", "libnvcuvid.so.1", "libnvrtc.so")
# PyNvVideoCodec asks it how new the driver is; GStreamer would ask it to encode.
ENCODER = "libnvidia-encode.so.1"
DRIVERS_NAMES = re.compile(rb"\b(?:cu[A-Z]|cuvid[A-Z]|nvrtc[A-Z]|NvEncodeAPI)\w+(?=\0)")


def played_driver(folder: Path, above: list[Path], *more: str) -> Path:
    """The folder, with a driver, and ``more`` libraries of it, that has all functions which the programs above it know by name.

    The test is skipped where there is no compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler is there, which makes the played driver")
    played = SOURCE.read_text(encoding="ascii")
    wanted = {name.decode() for path in above for name in DRIVERS_NAMES.findall(path.read_bytes())}
    missing = "".join(f"int {name}(void) {{ return 0; }}\n" for name in sorted(wanted) if f" {name}(" not in played)
    source = folder / "driver.c"
    source.write_text(played + missing, encoding="ascii")
    for name in (*LIBRARIES, *more):
        command = [compiler, "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source)]
        subprocess.run(command, check=True, timeout=60)
    return folder


def mood_of(patch: pytest.MonkeyPatch, driver: Path, mood: str, size: tuple[int, int]) -> None:
    """Programs that are started from now on find this driver, in this mood; its pictures have this width and height."""
    patch.setenv("LD_LIBRARY_PATH", str(driver))
    patch.setenv("GST_REGISTRY", str(driver / "registry"))
    patch.setenv("PLAYED_NVDEC", mood)
    patch.setenv("PLAYED_SIZE", "{}x{}".format(*size))
