"""Wheels, made by hand: of the appliance as it is here, in any version, and of packages that hold nothing."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import distribution
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# One that installs, says its version, and does nothing else.
BROKEN = """
import sys

def main():
    if sys.argv[1:] != ["version"]:
        sys.exit("broken on purpose")
    print("0.3.0")
"""


def appliance(folder: Path, version: str, main: str = "", *, wants_more: bool = False) -> Path:
    """The package as it lies here, under another version; or, if one is given, another program under its name.

    ``wants_more``: with all that it needs of an index, which takes pip some seconds to look at.
    """
    own = REPOSITORY / "appliance"
    paths = [own / "__init__.py"] if main else [path for path in own.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    files = {f"appliance/{path.relative_to(own)}": path.read_bytes() for path in paths}
    files["appliance/__init__.py"] = re.sub(
        rb"(?m)^(__version__ = ).*$", rb'\1"%b"' % version.encode(), files["appliance/__init__.py"]
    )
    if main:
        files["appliance/__main__.py"] = main.encode()
    wanted = [f"Requires-Dist: {line}" for line in distribution("appliance").requires or []] if wants_more else []
    return write(folder, "appliance", version, files, wanted, "[console_scripts]\nappliance = appliance.__main__:main\n")


def empty(folder: Path, name: str, version: str) -> Path:
    """Nothing of that name."""
    return write(folder, name.replace("-", "_"), version, {f"{name.replace('-', '_')}_stub.py": b""}, [], "")


def write(folder: Path, name: str, version: str, files: dict[str, bytes], wanted: list[str], programs: str) -> Path:
    """A wheel of these files."""
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name.replace('_', '-')}", f"Version: {version}", *wanted]
    files = {
        **files,
        f"{info}/METADATA": "\n".join(metadata).encode() + b"\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": programs.encode(),
    }
    record = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in (*files.items(), (f"{info}/RECORD", record.encode())):
            wheel.writestr(file, content)
    return path
