"""The ledger: what was counted, in SQLite; the count process is its only writer.

Crossings, totals and the checkpoint that they belong to are written in one transaction. So whatever dies whenever, the ledger is
at one frame, and a run that goes on from its checkpoint can neither lose nor repeat a crossing. ``event_id`` is derived from
what happened and is unique: a crossing that is written twice is there once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from appliance.errors import Refusal
from appliance.messages import Checkpoint

SCHEMA = 1
TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS crossings (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    run TEXT NOT NULL,
    camera TEXT NOT NULL,
    line TEXT NOT NULL,
    direction TEXT NOT NULL,
    class TEXT NOT NULL,
    frame INTEGER NOT NULL,
    pts_ns INTEGER NOT NULL,
    capture_ns INTEGER NOT NULL,
    track_id INTEGER NOT NULL,
    confidence REAL NOT NULL,
    x REAL NOT NULL,
    y REAL NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS totals (
    camera TEXT NOT NULL,
    line TEXT NOT NULL,
    direction TEXT NOT NULL,
    class TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (camera, line, direction, class)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS not_counted (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    line TEXT NOT NULL,
    direction TEXT NOT NULL,
    class TEXT NOT NULL,
    frame INTEGER NOT NULL,
    track_id INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS checkpoints (
    run TEXT NOT NULL,
    camera TEXT NOT NULL,
    frame INTEGER NOT NULL,
    pts_ns INTEGER NOT NULL,
    tracker BLOB NOT NULL,
    counter BLOB NOT NULL,
    "end" TEXT,
    PRIMARY KEY (run, camera)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tracks (
    run TEXT NOT NULL,
    camera TEXT NOT NULL,
    frame INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (run, camera, frame)
) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA};
COMMIT;
"""
# The newest; the reasons are for people who ask why, not for ever.
NOT_COUNTED_KEPT = 10_000


class CrossingRecord(msgspec.Struct, frozen=True):
    """A decision as it is kept: ``frame`` is the frame nearest to the crossing, ``pts_ns`` and ``capture_ns`` are
    interpolated.
    """

    event_id: str
    camera: str
    line: str
    direction: str
    class_name: str
    frame: int
    pts_ns: int
    capture_ns: int
    track_id: int
    confidence: float
    x: float
    y: float
    reason: str
    counted: bool = True


class TracksRecord(msgspec.Struct, frozen=True):
    """A frame's tracks, packed, for an annotated video."""

    frame: int
    content: bytes


class Ledger:
    """One ledger file, open for writing or, with ``read_only``, for looking."""

    def __init__(self, path: Path, run: str, *, read_only: bool = False) -> None:
        self.path, self.run = path, run
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
        connection = self._connection
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA and (version != 0 or read_only):
            raise Refusal(f"the ledger {self.path} must have the schema {SCHEMA}, found {version}")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
            return
        connection.execute("PRAGMA journal_mode = WAL")
        # A counted crossing outlives a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 256")
        if version == 0:
            connection.executescript(TABLES)

    def commit(
        self,
        camera: str,
        checkpoint: Checkpoint,
        records: Iterable[CrossingRecord] = (),
        tracks: Iterable[TracksRecord] = (),
        end: str | None = None,
    ) -> None:
        """Write what was decided up to the checkpoint, and the checkpoint, or nothing at all.

        ``end`` says that the camera's stream is over: the sentence of what went wrong, or nothing.
        """
        with self._transaction() as connection:
            for record in records:
                if record.counted:
                    self._add_crossing(connection, record)
                else:
                    self._add_not_counted(connection, record)
            connection.executemany(
                "INSERT OR REPLACE INTO tracks VALUES (?, ?, ?, ?)",
                ((self.run, camera, record.frame, record.content) for record in tracks),
            )
            connection.execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self.run, camera, *msgspec.structs.astuple(checkpoint), end),
            )

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
            "SELECT event_id, camera, line, direction, class, frame, pts_ns, capture_ns, track_id, confidence, x, y, reason"
            " FROM crossings WHERE run = ? AND camera = ? ORDER BY sequence",
            (self.run, camera),
        )
        return [CrossingRecord(*row) for row in rows]

    def tracks(self, camera: str) -> Iterator[TracksRecord]:
        """This run's recorded tracks, by frame."""
        rows = self._connection.execute(
            "SELECT frame, content FROM tracks WHERE run = ? AND camera = ? ORDER BY frame", (self.run, camera)
        )
        return (TracksRecord(*row) for row in rows)

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

    def _add_crossing(self, connection: sqlite3.Connection, record: CrossingRecord) -> None:
        added = connection.execute(
            "INSERT OR IGNORE INTO crossings (event_id, run, camera, line, direction, class, frame, pts_ns, capture_ns, track_id,"
            " confidence, x, y, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (record.event_id, self.run, *msgspec.structs.astuple(record)[1:-1]),
        )
        if added.rowcount:
            connection.execute(
                "INSERT INTO totals VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET total = total + 1",
                (record.camera, record.line, record.direction, record.class_name),
            )

    def _add_not_counted(self, connection: sqlite3.Connection, record: CrossingRecord) -> None:
        connection.execute(
            "INSERT OR IGNORE INTO not_counted (event_id, camera, line, direction, class, frame, track_id, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.event_id,
                record.camera,
                record.line,
                record.direction,
                record.class_name,
                record.frame,
                record.track_id,
                record.reason,
            ),
        )
        connection.execute(
            "DELETE FROM not_counted WHERE sequence <= (SELECT MAX(sequence) FROM not_counted) - ?", (NOT_COUNTED_KEPT,)
        )
