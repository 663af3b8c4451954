"""The revisions of configurations: what was changed when and by whom, with the whole text before and after, in SQLite.

A change is announced here before the file is written, and confirmed afterwards. So whoever is killed between the two leaves an
announcement, and the file tells whether it came true.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.configuration.difference import unified
from appliance.errors import Refusal

MOST_KEPT = 1000
SCHEMA = 1
TABLES = """
CREATE TABLE IF NOT EXISTS revisions (
    file TEXT NOT NULL,
    number INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    author TEXT NOT NULL,
    summary TEXT NOT NULL,
    etag TEXT NOT NULL,
    former BLOB NOT NULL,
    content BLOB NOT NULL,
    is_done INTEGER NOT NULL,
    PRIMARY KEY (file, number)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Revision:
    """One change; ``number`` counts from 1, ``etag`` is of the text after it."""

    number: int
    time_ns: int
    author: str
    summary: str
    etag: str


@dataclass(frozen=True, slots=True)
class RevisionTexts:
    """A revision with all that it kept."""

    revision: Revision
    former: bytes
    content: bytes

    @property
    def diff(self) -> str:
        """Its lines that are different."""
        number = self.revision.number
        before, now = (content.decode("utf-8", "replace") for content in (self.former, self.content))
        return unified(before, now, f"revision {number - 1}", f"revision {number}")


class Revisions:
    """The revisions of one file. Use as a context; whoever changes anything is alone (see ``files``)."""

    def __init__(self, path: Path, file: Path) -> None:
        self._path, self._file = path, str(file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise Refusal(f"the revisions {path} cannot be opened: {error}") from None

    def _prepare(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA):
            raise Refusal(f"the revisions {self._path} must have the schema {SCHEMA}, found {version}")
        # A change that was confirmed outlives a power cut.
        self._connection.execute("PRAGMA synchronous = FULL")
        if version != SCHEMA:
            self._connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")

    def __enter__(self) -> Revisions:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def announce(self, revision: Revision, former: bytes, content: bytes) -> None:
        """Write down what is about to be done."""
        self._add(revision, former, content, is_done=False)

    def record(self, revision: Revision, former: bytes, content: bytes) -> None:
        """Write down what has been done."""
        self._add(revision, former, content, is_done=True)

    def confirm(self, number: int) -> None:
        """What was announced has been done; the oldest go where there are too many."""
        with self._transaction() as connection:
            connection.execute("UPDATE revisions SET is_done = 1 WHERE file = ? AND number = ?", (self._file, number))
            self._prune(connection, number)

    def forget(self, number: int) -> None:
        """What was announced has not been done."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM revisions WHERE file = ? AND number = ? AND is_done = 0", (self._file, number))

    def announced(self) -> RevisionTexts | None:
        """What somebody was about to do."""
        return self._one("is_done = 0")

    def newest(self) -> RevisionTexts | None:
        """What was done last."""
        return self._one("is_done = 1")

    def at(self, number: int) -> RevisionTexts | None:
        """The one with a number, if it is still kept."""
        return self._one("is_done = 1 AND number = ?", number)

    def listed(self, most: int = MOST_KEPT, before: int | None = None) -> list[Revision]:
        """The newest first; with ``before``, only those with smaller numbers."""
        rows = self._connection.execute(
            "SELECT number, time_ns, author, summary, etag FROM revisions"
            " WHERE file = ? AND is_done = 1 AND number < ? ORDER BY number DESC LIMIT ?",
            (self._file, 2**62 if before is None else before, most),
        )
        return [Revision(*row) for row in rows]

    def next_number(self) -> int:
        """The number of a new one."""
        row = self._connection.execute("SELECT MAX(number) FROM revisions WHERE file = ?", (self._file,)).fetchone()
        return (row[0] or 0) + 1

    def _add(self, revision: Revision, former: bytes, content: bytes, *, is_done: bool) -> None:
        kept = (zlib.compress(former), zlib.compress(content))
        values = (self._file, revision.number, revision.time_ns, revision.author, revision.summary, revision.etag, *kept, is_done)
        with self._transaction() as connection:
            connection.execute("INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            if is_done:
                self._prune(connection, revision.number)

    def _prune(self, connection: sqlite3.Connection, newest: int) -> None:
        connection.execute("DELETE FROM revisions WHERE file = ? AND number <= ?", (self._file, newest - MOST_KEPT))

    def _one(self, condition: str, *values: int) -> RevisionTexts | None:
        row = self._connection.execute(
            f"SELECT number, time_ns, author, summary, etag, former, content FROM revisions"
            f" WHERE file = ? AND {condition} ORDER BY number DESC LIMIT 1",
            (self._file, *values),
        ).fetchone()
        return None if row is None else RevisionTexts(Revision(*row[:5]), zlib.decompress(row[5]), zlib.decompress(row[6]))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise Refusal(f"the revisions {self._path} cannot be written: {error}") from None
