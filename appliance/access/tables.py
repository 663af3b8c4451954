"""The tables of the access database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from appliance.errors import Refusal

SCHEMA = 1
AUDIT_KEPT = 100_000
TABLES = f"""
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    created_ns INTEGER NOT NULL,
    expires_ns INTEGER,
    last_used_ns INTEGER NOT NULL DEFAULT 0,
    salt BLOB NOT NULL,
    digest BLOB NOT NULL,
    n INTEGER NOT NULL,
    block INTEGER NOT NULL,
    lanes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    digest BLOB NOT NULL PRIMARY KEY,
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    created_ns INTEGER NOT NULL,
    last_used_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_token ON sessions (token_id, created_ns);
CREATE TABLE IF NOT EXISTS audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    who TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_shortened BEFORE DELETE ON audit
WHEN OLD.sequence > (SELECT MAX(sequence) FROM audit) - {AUDIT_KEPT}
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
"""


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make a database that was just opened ready for writing; raises ``Refusal`` for one of another program or time."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, SCHEMA):
        raise Refusal(f"{path} must have the schema {SCHEMA}, found {version}")
    connection.execute("PRAGMA journal_mode = WAL")
    # A token that was revoked stays revoked after a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if version != SCHEMA:
        connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
