"""Answers that are kept for who asks twice: a client that has heard nothing sends the same key again, and nothing is done twice.

A key is claimed before the work begins, on the disk, so that it is known even after the process was killed in the middle. Kept
for a day, the newest thousand.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Lock

from appliance.clock import NS_PER_MINUTE
from appliance.errors import Refusal

FILE = "answers.sqlite"
SCHEMA = 1
KEPT_NS = 24 * 60 * NS_PER_MINUTE
MOST_KEPT = 1000
TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    asked BLOB NOT NULL,
    begun_ns INTEGER NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    PRIMARY KEY (caller, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (begun_ns);
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose key it is, and a digest of what is asked with it."""

    caller: str
    key: str
    asked: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was said the first time."""

    status: int
    headers: str
    """As JSON has them."""
    body: bytes


class Trouble(str, Enum):
    """Why a key is of no use."""

    OTHER = "another request was sent with this Idempotency-Key; a new one is wanted"
    UNDER_WAY = "the request with this Idempotency-Key is still being carried out; ask again in a moment"
    UNKNOWN = "the request with this Idempotency-Key was broken off, nobody knows how far it came; look before you send it anew"


class Answers:
    """Of one site. May be used by any thread; one process at a time."""

    def __init__(self, data_dir: Path, most: int = MOST_KEPT) -> None:
        self._most = most
        self._path = data_dir / FILE
        self._lock = Lock()
        self._under_way: set[tuple[str, str]] = set()
        self._connection: sqlite3.Connection | None = None

    def claim(self, claim: Claim, now_ns: int) -> KeptAnswer | Trouble | None:
        """None for the first time: then it must be kept or forgotten, and released."""
        place = (claim.caller, claim.key)
        with self._lock:
            try:
                connection = self._open()
                connection.execute("DELETE FROM answers WHERE begun_ns <= ?", (now_ns - KEPT_NS,))
                query = "SELECT asked, status, headers, body FROM answers WHERE caller = ? AND key = ?"
                row = connection.execute(query, place).fetchone()
                if row is None:
                    connection.execute(
                        "INSERT INTO answers (caller, key, asked, begun_ns) VALUES (?, ?, ?, ?)", (*place, claim.asked, now_ns)
                    )
                    self._prune(connection)
                    self._under_way.add(place)
                    return None
            except sqlite3.Error as error:
                raise Refusal(f"{self._path} cannot be written: {error}; nothing was done") from None
            asked, status, headers, body = row
            if asked != claim.asked:
                return Trouble.OTHER
            if status is None:
                return Trouble.UNDER_WAY if place in self._under_way else Trouble.UNKNOWN
            return KeptAnswer(status, headers, body)

    def keep(self, claim: Claim, answer: KeptAnswer) -> None:
        """It was carried out, and this was said."""
        change = "UPDATE answers SET status = ?, headers = ?, body = ? WHERE caller = ? AND key = ?"
        self._write(change, (answer.status, answer.headers, answer.body, claim.caller, claim.key))

    def forget(self, claim: Claim) -> None:
        """It was refused, and changed nothing: the key may be used again."""
        self._write("DELETE FROM answers WHERE caller = ? AND key = ?", (claim.caller, claim.key))

    def release(self, claim: Claim) -> None:
        """Nobody is at work on it any more."""
        with self._lock:
            self._under_way.discard((claim.caller, claim.key))

    def close(self) -> None:
        """Leave the file complete."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with self._lock:
            try:
                self._open().execute(statement, values)
            except sqlite3.Error:
                # What was asked for is done, or is not, all the same; a second time is told that nobody knows.
                return

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        try:
            _make_file(self._path)
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise Refusal(f"{self._path} cannot be opened: {error}; nothing was done") from None
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, SCHEMA):
                raise Refusal(f"{self._path} must have the schema {SCHEMA}, found {version}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if version != SCHEMA:
                connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _prune(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "DELETE FROM answers WHERE (caller, key) IN"
            " (SELECT caller, key FROM answers ORDER BY begun_ns DESC LIMIT -1 OFFSET ?)",
            (self._most,),
        )


def _make_file(path: Path) -> None:
    """For its owner only: what was changed is nobody else's business."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.mknod(path, 0o600 | stat.S_IFREG)
    except FileExistsError:
        return
