"""The file of tokens, sessions and the audit log: for one user only, for many threads, and for more than one process."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from appliance.access.tables import prepare
from appliance.clock import NS_PER_MINUTE
from appliance.errors import Refusal

FILE = "access.sqlite"
OWNER_ONLY = 0o600
PATIENCE_S = 5.0
PAUSE_S = 0.01
LOG = logging.getLogger(__name__)


class AccessDatabase:
    """One connection to read, one to write and one to jot, so that a check waits for no disk. May be used by any thread."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self._connections: list[sqlite3.Connection] = []
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            _make_file(self.path)
            self._open_patiently()
            self._inode = self.path.stat().st_ino
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise Refusal(f"the tokens in {self.path} cannot be opened: {_reason(error)}") from None
        except BaseException:
            self.close()
            raise
        self._reading, self._writing, self._jotting = Lock(), Lock(), Lock()

    def _open_patiently(self) -> None:
        # SQLite itself does not wait where another process begins or ends the write-ahead log at this moment.
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._open()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                self.close()
                time.sleep(PAUSE_S)

    def _open(self) -> None:
        self._writer = self._connect(PATIENCE_S)
        prepare(self._writer, self.path)
        self._reader = self._connect(PATIENCE_S)
        self._reader.execute("PRAGMA query_only = ON")
        self._jotter = self._connect(0.0)
        # A power cut may take the last minute's jottings.
        self._jotter.execute("PRAGMA synchronous = NORMAL")

    def _connect(self, patience_s: float) -> sqlite3.Connection:
        address = f"{self.path.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=patience_s)
        self._connections.append(connection)
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """To look; what another process has committed is seen at once."""
        try:
            with self._reading:
                self._check_that_it_is_the_file()
                yield self._reader
        except (OSError, sqlite3.Error) as error:
            raise Refusal(f"the tokens in {self.path} cannot be read: {_reason(error)}") from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """To change something: all of it, or nothing where it fails."""
        with self._writing:
            try:
                self._check_that_it_is_the_file()
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except (OSError, sqlite3.Error) as error:
                raise Refusal(f"{self.path} cannot be written: {_reason(error)}; nothing was changed") from None
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    def _check_that_it_is_the_file(self) -> None:
        # Whoever takes the file away means that its tokens are good no more; SQLite would go on with the one that is gone.
        if self.path.stat().st_ino != self._inode:
            raise Refusal(f"{self.path} was replaced; nobody is let in until the service is started again")

    def jot(self, statement: str, parameters: tuple[object, ...]) -> None:
        """Write something that may as well be lost: never waits, never fails."""
        if not self._jotting.acquire(blocking=False):
            return
        try:
            self._jotter.execute(statement, parameters)
        except sqlite3.Error as error:
            LOG.warning("the last use of a token could not be noted in %s: %s", self.path, _reason(error))
        finally:
            self._jotting.release()

    def close(self) -> None:
        """Leave the file complete."""
        while self._connections:
            self._connections.pop().close()


class LastUse:
    """Notes when rows were last used, to the minute, so that reading is not writing."""

    def __init__(self, database: AccessDatabase, statement: str) -> None:
        """``statement`` takes the time, the row's key and the time again."""
        self._database, self._statement = database, statement
        self._minute_ns = 0
        self._noted: set[str | bytes] = set()

    def note(self, key: str | bytes, known_ns: int, now_ns: int) -> None:
        """``known_ns`` is the last use that the row tells."""
        minute_ns = to_the_minute(now_ns)
        if minute_ns != self._minute_ns:
            self._minute_ns, self._noted = minute_ns, set()
        # Also one that cannot be noted, on a full disk, is tried only once a minute.
        if known_ns < minute_ns and key not in self._noted:
            self._noted.add(key)
            self._database.jot(self._statement, (minute_ns, key, minute_ns))


def to_the_minute(time_ns: int) -> int:
    """The beginning of the minute that this time is in."""
    return time_ns - time_ns % NS_PER_MINUTE


def _make_file(path: Path) -> None:
    """Never readable for others, not for a moment.

    Not by ``open``: closing a file takes this process's SQLite locks on it away.
    """
    try:
        os.mknod(path, OWNER_ONLY | stat.S_IFREG)
    except FileExistsError:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(OWNER_ONLY)
    if os.geteuid() == 0:
        # The service of this folder must be able to read what root writes for it.
        folder = path.parent.stat()
        if path.stat().st_uid != folder.st_uid:
            os.chown(path, folder.st_uid, folder.st_gid)


def _reason(error: OSError | sqlite3.Error) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
