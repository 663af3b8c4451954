"""What has been acknowledged of a ledger by whoever it is sent to: a file of its own, because its writer is not the ledger's."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from appliance.errors import Refusal

TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS cursors (
    ledger TEXT NOT NULL,
    kind TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (ledger, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (name TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
COMMIT;
"""


class Outbox:
    """How far each kind of record has come: everything up to the cursor has been acknowledged, nothing behind it is."""

    def __init__(self, path: Path, ledger: str) -> None:
        """``ledger``: its identity; another ledger has other cursors."""
        self._ledger, self._path = ledger, path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None)
            # A power cut may take the newest cursor back a little: what was sent is then sent again, and known by its id.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(TABLES)
        except (OSError, sqlite3.Error) as error:
            raise Refusal(f"the outbox {path} cannot be opened: {error}") from None

    def cursor(self, kind: str) -> int:
        """Of ``crossings``, ``intervals`` or ``losses``."""
        query = "SELECT sequence FROM cursors WHERE ledger = ? AND kind = ?"
        row = self._connection.execute(query, (self._ledger, kind)).fetchone()
        return 0 if row is None else int(row[0])

    def move(self, cursors: dict[str, int]) -> None:
        """Everything up to there has been acknowledged."""
        rows = [(self._ledger, kind, sequence) for kind, sequence in cursors.items()]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise Refusal(f"the outbox {self._path} cannot be written: {error}") from None

    def pull_back(self, newest: dict[str, int]) -> None:
        """No cursor may be ahead of what there is."""
        ahead = {kind: sequence for kind, sequence in newest.items() if self.cursor(kind) > sequence}
        if ahead:
            self.move(ahead)

    def kept(self, name: str) -> bytes:
        """Something that its writer wants to remember."""
        row = self._connection.execute("SELECT content FROM kept WHERE name = ?", (name,)).fetchone()
        return b"" if row is None else bytes(row[0])

    def keep(self, name: str, content: bytes) -> None:
        """Remember something."""
        self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, content))

    def close(self) -> None:
        """Leave the file complete."""
        self._connection.close()


def acknowledged(path: Path, ledger: str, kind: str) -> int:
    """The cursor, for others than the outbox's writer; 0 where there is no outbox."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)
        try:
            query = "SELECT sequence FROM cursors WHERE ledger = ? AND kind = ?"
            row = connection.execute(query, (ledger, kind)).fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return 0
    return 0 if row is None else int(row[0])
