"""Looking into a ledger that another process writes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.errors import Refusal
from appliance.ledger.records import CONTENTS, IntervalRecord
from appliance.ledger.tables import prepare

# Direction, class, how many.
Tally = tuple[str, str, int]
EVER_NS = 2**62
CROSSING = "sequence, event_id, run, camera, line, direction, class, capture_ns, clock, track_id, confidence, x, y"


class KeptCrossing(msgspec.Struct, frozen=True):
    """A crossing as others are told of it; see ``CrossingRecord``."""

    sequence: int
    event_id: str
    run: str
    camera: str
    line: str
    direction: str
    class_name: str
    capture_ns: int
    clock: str
    track_id: int
    confidence: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Totals:
    """All crossings of a line since a time, up to the one of this sequence number."""

    sequence: int
    since_ns: int
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """Crossings that were deleted before they had been acknowledged: when, wall clock, and how many."""

    sequence: int
    time_ns: int
    number: int


class LedgerReader:
    """Reads one ledger; never waits for its writer, and never holds it up."""

    def __init__(self, path: Path) -> None:
        try:
            # Whoever closes the file last takes in its log; a "ro" reader could not.
            self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
            try:
                prepare(self._connection, path, read_only=True)
            except BaseException:
                self._connection.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise Refusal(f"the ledger {path} cannot be opened: {error}") from None

    def identity(self) -> str:
        """Tells this ledger from one that begins anew in its place."""
        return str(self._connection.execute("SELECT identity FROM identity").fetchone()[0])

    def newest(self) -> tuple[int, int]:
        """The sequence numbers of the newest crossing and the newest interval; 0 where there is none."""
        found = self._connection.execute(
            "SELECT (SELECT COALESCE(MAX(sequence), 0) FROM crossings), (SELECT COALESCE(MAX(sequence), 0) FROM intervals)"
        ).fetchone()
        return int(found[0]), int(found[1])

    def crossings(self, after: int, most: int, within_ns: tuple[int, int] = (-EVER_NS, EVER_NS)) -> list[KeptCrossing]:
        """Crossings behind this sequence number, oldest first; within two times of capture, the first of them included."""
        where = "sequence > ? AND capture_ns >= ? AND capture_ns < ?"
        query = f"SELECT {CROSSING} FROM crossings WHERE {where} ORDER BY sequence LIMIT ?"
        return [KeptCrossing(*row) for row in self._connection.execute(query, (after, *within_ns, most))]

    def intervals(self, after: int, most: int) -> list[IntervalRecord]:
        """Closed intervals behind this sequence number, oldest first."""
        rows = self._connection.execute(
            "SELECT sequence, camera, line, start_ns, end_ns, content FROM intervals WHERE sequence > ? ORDER BY sequence"
            " LIMIT ?",
            (after, most),
        )
        return [
            IntervalRecord(sequence, camera, line, start_ns, end_ns, CONTENTS.decode(content))
            for sequence, camera, line, start_ns, end_ns, content in rows
        ]

    def losses(self, after: int, most: int) -> list[Loss]:
        """Losses behind this sequence number, oldest first."""
        query = "SELECT sequence, time_ns, number FROM losses WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return [Loss(*row) for row in self._connection.execute(query, (after, most))]

    def totals(self, camera: str, line: str, since_ns: int) -> Totals:
        """What a line has counted since a time, wall clock; 0: since it is counted at."""
        connection = self._connection
        # One moment for both: what is in the totals, and up to where.
        connection.execute("BEGIN")
        try:
            (sequence,) = connection.execute("SELECT COALESCE(MAX(sequence), 0) FROM crossings").fetchone()
            if since_ns:
                # Sources that keep no time have no minutes.
                query = "SELECT direction, class FROM crossings WHERE camera = :camera AND line = :line AND"
                both = f"{query} minute_ns >= :since UNION ALL {query} minute_ns = 0 AND capture_ns >= :since"
                tallies = connection.execute(
                    f"SELECT direction, class, COUNT(*) FROM ({both}) GROUP BY direction, class",
                    {"camera": camera, "line": line, "since": since_ns},
                ).fetchall()
            else:
                query = "SELECT direction, class, total FROM totals WHERE camera = ? AND line = ?"
                tallies = connection.execute(query, (camera, line)).fetchall()
                row = connection.execute("SELECT since_ns FROM lines WHERE camera = ? AND line = ?", (camera, line)).fetchone()
                since_ns = 0 if row is None else int(row[0])
        finally:
            connection.execute("COMMIT")
        return Totals(int(sequence), since_ns, tuple(tallies))

    def all_totals(self) -> list[tuple[str, str, str, str, int]]:
        """Camera, line, direction, class and how many, of all that was ever counted."""
        return self._connection.execute("SELECT camera, line, direction, class, total FROM totals").fetchall()

    def close(self) -> None:
        """Look no more."""
        self._connection.close()
