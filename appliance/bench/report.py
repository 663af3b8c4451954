"""A run's rows with what they were measured on: for machines, for a page, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from appliance.bench.row import Row

COLUMNS = ("what", "ours", "other", "against", "result", "target", "")


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    header: Mapping[str, str]
    rows: Sequence[Row]
    seconds: Mapping[str, float]
    """How long each part took."""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "header": dict(self.header),
            "seconds": {part: round(seconds, 1) for part, seconds in self.seconds.items()},
            "rows": [{**asdict(row), "verdict": row.verdict} for row in self.rows],
        }

    def as_markdown(self) -> str:
        """For a page."""
        lines = [", ".join(f"{name} {value}" for name, value in self.header.items()), ""]
        for part in self.seconds:
            cells = [words_of(row) for row in self.rows if row.part == part]
            lines += [f"### {part}", "", *_markdown_table(cells), ""]
        return "\n".join(lines)


def words_of(row: Row) -> tuple[str, ...]:
    """A row's cells, as ``COLUMNS``."""
    ours = "" if row.ours is None else row.ours.in_words()
    other = "" if row.other is None else row.other.in_words()
    target = "" if row.target is None or row.figure is None else row.target.in_words()
    return row.what, ours, other, row.against, row.result_in_words(), target, row.verdict


def _markdown_table(cells: Iterable[tuple[str, ...]]) -> list[str]:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *cells]
    return ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]


def show_header(header: Mapping[str, str], console: Console) -> None:
    """One line per name and value."""
    for name, value in header.items():
        console.print(f"{name}: {value}", markup=False, highlight=False)


def show_part(part: str, rows: Sequence[Row], seconds: float, console: Console) -> None:
    """A part's rows as a table, as soon as it is done."""
    table = Table(*COLUMNS, title=f"{part}, {seconds:.0f} s")
    for row in rows:
        style = "red" if row.has_failed or row.verdict == "missed" else None
        table.add_row(*words_of(row), style=style)
    # A reason may name an extra in brackets.
    console.print(table, markup=False)
