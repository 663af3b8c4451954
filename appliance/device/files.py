"""Files of the kernel and of a distribution, none of which need be there, readable, or sensible."""

from __future__ import annotations

from pathlib import Path

# What the kernel shows in one file is a page; ``nvpmodel.conf`` is the longest of all that are read, some 20 kB.
MOST_BYTES = 1 << 18


def text_of(file: Path) -> str:
    """Without blanks and zeros at the ends; empty where there is none, nobody may read it, or the sensor sleeps."""
    try:
        with file.open("rb") as content:
            return content.read(MOST_BYTES).decode("utf-8", "replace").strip("\0 \t\r\n")
    except (OSError, ValueError):
        return ""


def number_of(file: Path) -> int | None:
    """A whole number, or None."""
    text = text_of(file)
    # No counter of the kernel has more digits, and Python refuses to read thousands of them.
    return int(text) if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 20 else None


def found(folder: Path, names: str) -> list[Path]:
    """All of that pattern, in the order of their numbers."""
    try:
        return sorted(folder.glob(names), key=lambda path: (len(path.name), path.name))
    except OSError:
        return []
