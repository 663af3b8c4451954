"""A ledger in which something was counted so and so many days ago, and what is left of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from appliance.clock import NS_PER_S
from appliance.ledger.cleaning import Acknowledged, Limits
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord
from appliance.ledger.retention import NS_PER_DAY
from appliance.messages.orders import Checkpoint

NOW_NS = 1_700_000_040 * NS_PER_S
EVERYTHING_TOLD, NOTHING = Acknowledged(), Acknowledged(0, 0)
ROOM = 10**12


def ago_ns(days: float) -> int:
    return NOW_NS - round(days * NS_PER_DAY)


def a_crossing(name: object, days: float = 0, *, counted: bool = True) -> CrossingRecord:
    """Counted so many days ago."""
    time_ns = ago_ns(days)
    return CrossingRecord(
        f"run1.yard.gate.{name}", "yard", "gate", "in", "car", 0, 0, time_ns, 1, 0.5, 1, 2, "crossed", counted=counted
    )


def count(ledger: Ledger, days: Sequence[float]) -> None:
    """A crossing for each number of days ago."""
    before = rows(ledger.path, "SELECT COALESCE(SUM(total), 0) FROM totals")[0][0]
    ledger.commit("yard", Checkpoint(before), [a_crossing(before + number, day) for number, day in enumerate(days)])


def limits(
    *, days: float = 10_000, most_bytes: int = ROOM, told: Acknowledged = EVERYTHING_TOLD, open_ns: int = NOW_NS
) -> Limits:
    return Limits(ago_ns(days), open_ns, most_bytes, told)


def clean_all(ledger: Ledger, wanted: Limits) -> int:
    """Step by step, until nothing is left to do; how many crossings were lost."""
    lost = 0
    while True:
        cleaned = ledger.clean(wanted, NOW_NS)
        lost += cleaned.lost
        if cleaned.is_done:
            return lost


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def column(path: Path, query: str) -> list[object]:
    return [value for (value,) in rows(path, query)]


def used_bytes(path: Path) -> int:
    """Asked of the file, not of our code."""
    [(pages,)], [(free,)], [(page_bytes,)] = (
        rows(path, f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_bytes)
