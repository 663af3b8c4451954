"""Crossings page by page, by their sequence number: what is counted meanwhile shifts no page, so that none is missed or repeated.

Where only some are wanted, each kind of crossing (camera, line, direction, class) is looked up by itself, and no more than a
page of it; so ten trams among ten million cars are found at once.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from appliance.ledger.buckets import EARLIEST_NS, LATEST_NS
from appliance.ledger.choice import Choice, Kind, kinds_of
from appliance.ledger.reader import CROSSING, KeptCrossing
from appliance.ledger.rollups import QUARTER_NS

BEYOND = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Which crossings, of those captured in a time (wall clock)."""

    most: int = 100
    newest_first: bool = True
    cursor: int | None = None
    """The sequence number of the last one that is known: what follows it is wanted. None: from the beginning."""
    from_ns: int = EARLIEST_NS
    to_ns: int = LATEST_NS

    @property
    def is_all_time(self) -> bool:
        """Whether nothing is left out because of its time."""
        return self.from_ns <= EARLIEST_NS and self.to_ns >= LATEST_NS


def page(connection: sqlite3.Connection, wanted: Page, choice: Choice) -> list[KeptCrossing]:
    """The next crossings of these."""
    first, last = _range(connection, wanted)
    if choice.is_everything:
        sequences = _sequences(connection, wanted, first, last)
    else:
        sequences = []
        for kind in kinds_of(connection, choice):
            found = _sequences(connection, wanted, first, last, kind)
            sequences = sorted(sequences + found, reverse=wanted.newest_first)[: wanted.most]
            if len(sequences) == wanted.most:
                # What follows the last one of a full page is not on it.
                first, last = (sequences[-1], last) if wanted.newest_first else (first, sequences[-1])
    query = f"SELECT {CROSSING} FROM crossings WHERE sequence = ?"
    return [KeptCrossing(*connection.execute(query, (sequence,)).fetchone()) for sequence in sequences]


def _range(connection: sqlite3.Connection, wanted: Page) -> tuple[int, int]:
    """The first and the last sequence number that can be on the page."""
    first, last = 0, BEYOND
    if not wanted.is_all_time:
        first, last = connection.execute(
            "SELECT COALESCE(MIN(first), 1), COALESCE(MAX(last), 0) FROM sequences WHERE quarter_ns >= ? AND quarter_ns < ?",
            (wanted.from_ns - wanted.from_ns % QUARTER_NS, wanted.to_ns),
        ).fetchone()
    if wanted.cursor is None:
        return first, last
    return (first, min(last, wanted.cursor - 1)) if wanted.newest_first else (max(first, wanted.cursor + 1), last)


def _sequences(connection: sqlite3.Connection, wanted: Page, first: int, last: int, kind: Kind | None = None) -> list[int]:
    """Those of the page, of one kind or of all."""
    index = "INDEXED BY crossings_by_kind" if kind else ""
    of_kind = "camera = ? AND line = ? AND direction = ? AND class = ? AND " if kind else ""
    # Where no time is asked for, the index of kinds knows all that is wanted.
    of_time = "" if wanted.is_all_time else " AND capture_ns >= ? AND capture_ns < ?"
    order = "DESC" if wanted.newest_first else "ASC"
    rows = connection.execute(
        f"SELECT sequence FROM crossings {index} WHERE {of_kind}sequence BETWEEN ? AND ?{of_time}"
        f" ORDER BY sequence {order} LIMIT ?",
        (*(kind or ()), first, last, *((wanted.from_ns, wanted.to_ns) if of_time else ()), wanted.most),
    )
    return [sequence for (sequence,) in rows]
