"""The tables of the ledger, and how an older ledger becomes one of today."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from appliance.errors import Refusal
from appliance.ledger.rollups import QuartersOf, one_more

SCHEMA = 2
# AUTOINCREMENT: a sequence number is never given twice, also when the newest rows have been deleted.
TABLES = """
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
    reason TEXT NOT NULL,
    clock TEXT NOT NULL DEFAULT 'arrival',
    minute_ns INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS crossings_by_minute ON crossings (camera, line, minute_ns);
CREATE INDEX IF NOT EXISTS crossings_without_minute ON crossings (camera, line, capture_ns) WHERE minute_ns = 0;
CREATE INDEX IF NOT EXISTS crossings_by_kind ON crossings (camera, line, direction, class);
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
    reason TEXT NOT NULL,
    capture_ns INTEGER NOT NULL DEFAULT 0
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
CREATE TABLE IF NOT EXISTS seen_until (
    camera TEXT NOT NULL PRIMARY KEY,
    until_ns INTEGER NOT NULL,
    run TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS minutes (
    camera TEXT NOT NULL,
    minute_ns INTEGER NOT NULL,
    covered_ns INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    PRIMARY KEY (camera, minute_ns)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS presences (
    camera TEXT NOT NULL,
    zone TEXT NOT NULL,
    minute_ns INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    most INTEGER NOT NULL,
    PRIMARY KEY (camera, zone, minute_ns)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gaps (
    camera TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (camera, start_ns)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (identity TEXT NOT NULL);
INSERT INTO identity SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM identity);
CREATE TABLE IF NOT EXISTS lines (
    camera TEXT NOT NULL,
    line TEXT NOT NULL,
    since_ns INTEGER NOT NULL,
    forward TEXT NOT NULL,
    backward TEXT NOT NULL,
    PRIMARY KEY (camera, line)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intervals (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    camera TEXT NOT NULL,
    line TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (camera, line, end_ns, start_ns)
);
CREATE TABLE IF NOT EXISTS losses (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    number INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS quarters (
    day_ns INTEGER NOT NULL,
    camera TEXT NOT NULL,
    line TEXT NOT NULL,
    direction TEXT NOT NULL,
    class TEXT NOT NULL,
    numbers BLOB NOT NULL,
    PRIMARY KEY (day_ns, camera, line, direction, class)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS covered_quarters (
    camera TEXT NOT NULL,
    quarter_ns INTEGER NOT NULL,
    covered_ns INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    PRIMARY KEY (camera, quarter_ns)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS present_quarters (
    camera TEXT NOT NULL,
    zone TEXT NOT NULL,
    quarter_ns INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    most INTEGER NOT NULL,
    PRIMARY KEY (camera, zone, quarter_ns)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequences (
    quarter_ns INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
"""
# From each older schema to the next one.
STEPS = {
    1: """
ALTER TABLE crossings ADD COLUMN clock TEXT NOT NULL DEFAULT 'arrival';
ALTER TABLE crossings ADD COLUMN minute_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE not_counted ADD COLUMN capture_ns INTEGER NOT NULL DEFAULT 0;
""",
}
# What is to be filled in from an older ledger, once it has the tables of today.
FILLS = {
    1: """
INSERT INTO quarters SELECT capture_ns - capture_ns % 86400000000000, camera, line, direction, class, quarters_of(capture_ns)
    FROM crossings GROUP BY 1, 2, 3, 4, 5;
INSERT INTO sequences SELECT capture_ns - capture_ns % 900000000000, MIN(sequence), MAX(sequence) FROM crossings GROUP BY 1;
""",
}


def prepare(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    """Make a ledger that was just opened ready for use; raises ``Refusal`` for one that is of another program or time."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if read_only:
        if version != SCHEMA:
            raise Refusal(f"the ledger {path} must have the schema {SCHEMA}, found {version}")
        connection.execute("PRAGMA query_only = ON")
        return
    if version not in (0, *STEPS, SCHEMA):
        raise Refusal(f"the ledger {path} must have the schema {SCHEMA}, found {version}")
    connection.execute("PRAGMA journal_mode = WAL")
    # A counted crossing outlives a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 256")
    connection.create_function("one_more", 2, one_more, deterministic=True)
    if version != SCHEMA:
        connection.create_aggregate("quarters_of", 1, QuartersOf)  # type: ignore[arg-type]  # its types know only integers
        older = range(version or SCHEMA, SCHEMA)
        steps, fills = ("".join(scripts[number] for number in older) for scripts in (STEPS, FILLS))
        connection.executescript(f"BEGIN IMMEDIATE; {steps} {TABLES} {fills} PRAGMA user_version = {SCHEMA}; COMMIT;")
