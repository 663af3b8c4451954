"""Counts beside the truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.ledger.records import CrossingRecord
from appliance.scene.truth import TrueCrossing, Truth

DIRECTIONS = ("forward", "backward")
# Line and direction.
Movement = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One movement over one line: what has truly crossed so far and in all, and what was counted."""

    line: str
    direction: str
    so_far: int
    truth: int
    counted: int
    classes: dict[str, tuple[int, int]]
    """By class, counted and true in all."""

    @property
    def error(self) -> int:
        """Counted too many, or, below zero, too few."""
        return self.counted - self.truth


def rows(truth: Truth, counted: Iterable[CrossingRecord], frame: float) -> list[Row]:
    """A row for every movement of the scene, as of ``frame``."""
    true_by = _by_movement((crossing.line, crossing.direction, crossing.class_name) for crossing in truth.crossings)
    counted_by = _by_movement((crossing.line, crossing.direction, crossing.class_name) for crossing in counted)
    return [
        Row(
            line.name,
            direction,
            sum(1 for crossing in truth.crossings if _is(crossing, line.name, direction) and crossing.frame <= frame),
            sum(true_by[line.name, direction].values()),
            sum(counted_by[line.name, direction].values()),
            {
                name: (counted_by[line.name, direction][name], true_by[line.name, direction][name])
                for name in line.classes
                if counted_by[line.name, direction][name] or true_by[line.name, direction][name]
            },
        )
        for line in truth.lines
        for direction in DIRECTIONS
    ]


def agrees(table: Iterable[Row]) -> bool:
    """Whether every line has the true total in both directions."""
    return all(row.error == 0 for row in table)


def sentence(table: list[Row]) -> str:
    """The verdict in words."""
    truth = sum(row.truth for row in table)
    if agrees(table):
        return f"all {truth} crossings counted, on every line and in both directions as they truly were"
    faults = (f"{row.line} {row.direction}: {row.counted} counted, {row.truth} true" for row in table if row.error)
    return f"the counts must equal the truth, found {'; '.join(faults)}"


def _is(crossing: TrueCrossing, line: str, direction: str) -> bool:
    return crossing.line == line and crossing.direction == direction


def _by_movement(crossings: Iterable[tuple[str, str, str]]) -> defaultdict[Movement, Counter[str]]:
    table: defaultdict[Movement, Counter[str]] = defaultdict(Counter)
    for line, direction, class_name in crossings:
        table[line, direction][class_name] += 1
    return table
