"""Print what the installed appliance needs of the package index on a Jetson: all that JetPack does not have, one to a line.

Run by the Python of the new release. JetPack's OpenCV knows GStreamer, the index's does not; the index's TensorRT is none.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import requires

OF_JETPACK = re.compile(r"opencv-python|opencv-contrib-python|tensorrt|pycuda", re.IGNORECASE)
EXTRA = re.compile(r"\s*;\s*extra == ['\"]([^'\"]+)['\"]$")


def wanted(extras: list[str]) -> list[str]:
    """Without extras but these."""
    lines = []
    for line in requires("appliance") or []:
        extra = EXTRA.search(line)
        if not OF_JETPACK.match(line) and (extra is None or extra[1] in extras):
            lines.append(EXTRA.sub("", line))
    return lines


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in wanted(sys.argv[1:])))
