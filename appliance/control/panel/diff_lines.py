"""A unified diff as lines that a page can colour; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LineKind = Literal["added", "removed", "same", "place"]
# Whoever replaces a whole file of 10,000 lines does not read them one by one.
MOST_LINES = 2000


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a file; ``place`` tells where the next ones are."""

    kind: LineKind
    text: str

    @property
    def sign(self) -> str:
        """What tells the kind without a colour."""
        return {"added": "+", "removed": "−", "same": " ", "place": ""}[self.kind]


def diff_lines(diff: str) -> list[DiffLine]:
    """Without the two lines that name the files."""
    lines = []
    for line in diff.split("\n")[2:]:
        if line.startswith("@@"):
            lines.append(DiffLine("place", f"line {line.split('+')[1].split(',')[0].split(' ')[0]}"))
        elif line[:1] in ("+", "-", " "):
            kinds: dict[str, LineKind] = {"+": "added", "-": "removed", " ": "same"}
            lines.append(DiffLine(kinds[line[0]], line[1:]))
    return lines


def in_short(lines: list[DiffLine]) -> str:
    """How much is different."""
    added, removed = (sum(line.kind == kind for line in lines) for kind in ("added", "removed"))
    return f"{_lines(added)} added, {_lines(removed)} removed"


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"
