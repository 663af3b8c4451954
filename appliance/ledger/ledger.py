"""The ledger: what was counted, in SQLite; the count process is its only writer.

Crossings, totals, coverage and the checkpoint that they belong to are written in one transaction. So whatever dies whenever, the
ledger is at one frame, and a run that goes on from its checkpoint can neither lose nor repeat a crossing. ``event_id`` is derived
from what happened and is unique: a crossing that is written twice is there once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from appliance.errors import Refusal
from appliance.ledger.cleaning import Cleaned, Limits, clean
from appliance.ledger.intervals import IntervalSpan, content_of
from appliance.ledger.records import CrossingRecord, Seen, TracksRecord
from appliance.ledger.rollups import roll_up_crossings, roll_up_seen
from appliance.ledger.tables import prepare
from appliance.messages.message import pack
from appliance.messages.orders import Checkpoint

# The newest; the reasons are for people who ask why, not for ever.
NOT_COUNTED_KEPT = 10_000


class Ledger:
    """One ledger file, open for writing or, with ``read_only``, for looking."""

    def __init__(self, path: Path, run: str, *, read_only: bool = False) -> None:
        self.path, self.run = path, run
        self.news = 0
        """Grows with every crossing, with intervals and with losses."""
        try:
            if not read_only:
                path.parent.mkdir(parents=True, exist_ok=True)
            # Whoever closes the file last takes in its log; a "ro" reader could not.
            mode = "rw" if read_only else "rwc"
            self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None)
            try:
                self._prepare(read_only)
            except BaseException:
                self._connection.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise Refusal(f"the ledger {path} cannot be opened: {error}") from None

    def _prepare(self, read_only: bool) -> None:
        prepare(self._connection, self.path, read_only=read_only)

    def commit(
        self,
        camera: str,
        checkpoint: Checkpoint,
        records: Iterable[CrossingRecord] = (),
        tracks: Iterable[TracksRecord] = (),
        end: str | None = None,
        seen: Seen | None = None,
    ) -> None:
        """Write what was decided up to the checkpoint, and the checkpoint, or nothing at all.

        ``end`` says that the camera's stream is over: the sentence of what went wrong, or nothing.
        """
        with self._transaction() as connection:
            added = []
            for record in records:
                if not record.counted:
                    self._add_not_counted(connection, record)
                    continue
                if sequence := self._add_crossing(connection, record):
                    added.append((sequence, record))
                self.news += 1
            roll_up_crossings(connection, added)
            connection.executemany(
                "INSERT OR REPLACE INTO tracks VALUES (?, ?, ?, ?)",
                ((self.run, camera, record.frame, record.content) for record in tracks),
            )
            connection.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self.run, camera, *msgspec.structs.astuple(checkpoint), end),
            )
            if seen is not None:
                self._add_seen(connection, camera, seen)

    def checkpoint(self, camera: str) -> Checkpoint | None:
        """Where this run's camera stands."""
        row = self._connection.execute(
            "SELECT frame, pts_ns, tracker, counter FROM checkpoints WHERE run = ? AND camera = ?", (self.run, camera)
        ).fetchone()
        return None if row is None else Checkpoint(*row)

    def end(self, camera: str) -> str | None:
        """None until the camera's stream is over; then the sentence of what went wrong, or nothing."""
        row = self._connection.execute(
            'SELECT "end" FROM checkpoints WHERE run = ? AND camera = ?', (self.run, camera)
        ).fetchone()
        return None if row is None else row[0]

    def crossings(self, camera: str) -> list[CrossingRecord]:
        """This run's crossings, in the order in which they were counted."""
        rows = self._connection.execute(
            "SELECT event_id, camera, line, direction, class, frame, pts_ns, capture_ns, track_id, confidence, x, y, reason,"
            " clock, minute_ns FROM crossings WHERE run = ? AND camera = ? ORDER BY sequence",
            (self.run, camera),
        )
        return [CrossingRecord(*row) for row in rows]

    def tracks(self, camera: str) -> Iterator[TracksRecord]:
        """This run's recorded tracks, by frame."""
        rows = self._connection.execute(
            "SELECT frame, content FROM tracks WHERE run = ? AND camera = ? ORDER BY frame", (self.run, camera)
        )
        return (TracksRecord(*row) for row in rows)

    def see(self, camera: str, seen: Seen) -> None:
        """Write what was seen of a camera, without a checkpoint."""
        with self._transaction() as connection:
            self._add_seen(connection, camera, seen)

    def seen_until(self, camera: str) -> tuple[int, str]:
        """The newest frame of a camera that is written down, by wall clock, and its run; 0 where there is none."""
        row = self._connection.execute("SELECT until_ns, run FROM seen_until WHERE camera = ?", (camera,)).fetchone()
        return (0, "") if row is None else tuple(row)

    def line_since_ns(self, camera: str, line: str, directions: tuple[str, str], now_ns: int) -> int:
        """Since when a line is counted at: from now on, if it is new."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO lines VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET forward = excluded.forward,"
                " backward = excluded.backward",
                (camera, line, now_ns, *directions),
            )
            row = connection.execute("SELECT since_ns FROM lines WHERE camera = ? AND line = ?", (camera, line)).fetchone()
        return int(row[0])

    def lines(self) -> list[tuple[str, str, tuple[str, str]]]:
        """All lines that were ever counted at: camera, name, and the names of the directions."""
        rows = self._connection.execute("SELECT camera, line, forward, backward FROM lines")
        return [(camera, line, (forward, backward)) for camera, line, forward, backward in rows]

    def newest_minute_ns(self, camera: str, line: str) -> int:
        """The newest minute that a crossing of this line belongs to; 0 where there is none."""
        query = "SELECT MAX(minute_ns) FROM crossings WHERE camera = ? AND line = ?"
        return int(self._connection.execute(query, (camera, line)).fetchone()[0] or 0)

    def closed_ns(self, camera: str, line: str, from_ns: int) -> dict[int, set[int]]:
        """Of each length the beginnings of the intervals that are closed and end after this time."""
        closed: dict[int, set[int]] = {}
        query = "SELECT start_ns, end_ns FROM intervals WHERE camera = ? AND line = ? AND end_ns > ?"
        for start_ns, end_ns in self._connection.execute(query, (camera, line, from_ns)):
            closed.setdefault(end_ns - start_ns, set()).add(start_ns)
        return closed

    def interval_ends_ns(self, camera: str, line: str) -> dict[int, int]:
        """Of each length of interval that was ever closed here, nanoseconds, the newest end."""
        rows = self._connection.execute(
            "SELECT end_ns - start_ns, MAX(end_ns) FROM intervals WHERE camera = ? AND line = ? GROUP BY 1", (camera, line)
        )
        return dict(rows.fetchall())

    def close_intervals(self, spans: Iterable[IntervalSpan]) -> None:
        """Write for each what was counted and seen in it; all of them, or none."""
        with self._transaction() as connection:
            for span in spans:
                content = pack(content_of(connection, span))
                connection.execute(
                    "INSERT OR IGNORE INTO intervals (camera, line, start_ns, end_ns, content) VALUES (?, ?, ?, ?, ?)",
                    (span.camera, span.line, span.start_ns, span.end_ns, content),
                )
        self.news += 1

    def identity(self) -> str:
        """Tells this ledger from one that begins anew in its place."""
        return str(self._connection.execute("SELECT identity FROM identity").fetchone()[0])

    def clean(self, limits: Limits, now_ns: int) -> Cleaned:
        """Take one small step towards the limits, or change nothing at all; see ``cleaning``."""
        with self._transaction() as connection:
            cleaned = clean(connection, self.run, limits, now_ns)
        self.news += cleaned.lost
        return cleaned

    def close(self) -> None:
        """Leave the file complete; the write-ahead log is taken in."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise Refusal(f"the ledger {self.path} cannot be written: {error}; what was counted before is in it") from None

    def _add_crossing(self, connection: sqlite3.Connection, record: CrossingRecord) -> int | None:
        """Its sequence number, if it is new."""
        added = connection.execute(
            "INSERT OR IGNORE INTO crossings (event_id, run, camera, line, direction, class, frame, pts_ns, capture_ns, track_id,"
            " confidence, x, y, reason, clock, minute_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (record.event_id, self.run, *msgspec.structs.astuple(record)[1:-1]),
        )
        if not added.rowcount:
            return None
        connection.execute(
            "INSERT INTO totals VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET total = total + 1",
            (record.camera, record.line, record.direction, record.class_name),
        )
        return added.lastrowid

    def _add_seen(self, connection: sqlite3.Connection, camera: str, seen: Seen) -> None:
        connection.execute("INSERT OR REPLACE INTO seen_until VALUES (?, ?, ?)", (camera, seen.until_ns, self.run))
        connection.executemany(
            "INSERT INTO minutes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET covered_ns = covered_ns + excluded.covered_ns,"
            " frames = frames + excluded.frames, skipped = skipped + excluded.skipped",
            ((camera, start_ns, *msgspec.structs.astuple(minute)) for start_ns, minute in seen.minutes.items()),
        )
        roll_up_seen(connection, camera, seen)
        connection.executemany(
            "INSERT INTO presences VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET time_ns = time_ns + excluded.time_ns,"
            " most = MAX(most, excluded.most)",
            ((camera, *where, *msgspec.structs.astuple(presence)) for where, presence in seen.presences.items()),
        )
        connection.executemany(
            "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)", ((camera, *msgspec.structs.astuple(gap)) for gap in seen.gaps)
        )

    def _add_not_counted(self, connection: sqlite3.Connection, record: CrossingRecord) -> None:
        connection.execute(
            "INSERT OR IGNORE INTO not_counted (event_id, camera, line, direction, class, frame, track_id, reason,"
            " capture_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.event_id,
                record.camera,
                record.line,
                record.direction,
                record.class_name,
                record.frame,
                record.track_id,
                record.reason,
                record.capture_ns,
            ),
        )
        connection.execute(
            "DELETE FROM not_counted WHERE sequence <= (SELECT MAX(sequence) FROM not_counted) - ?", (NOT_COUNTED_KEPT,)
        )
