"""One machine at a time counts into a ledger: two of them would count everything twice."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.errors import Refusal

SUFFIX = ".lock"


@contextmanager
def alone_with(ledger: Path) -> Iterator[None]:
    """Inside, no other machine counts into it; raises ``Refusal`` where one does already.

    The lock is on a file beside it, since SQLite has locks of its own on the ledger; the system takes it away with the process.
    Where there can be no such file, the ledger itself will say why.
    """
    lock = Path(f"{ledger.resolve()}{SUFFIX}")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = _locked(lock)
    except BlockingIOError:
        raise Refusal(
            f"another machine counts into the ledger {ledger}, and two would count everything twice: end that one"
            " ('appliance status' tells of it), or give this one a 'data_dir' of its own",
            usage=True,
        ) from None
    except OSError:
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(handle)


def _locked(lock: Path) -> int:
    """The file, locked; raises ``BlockingIOError`` where another one has it."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had it before may have removed it meanwhile: then it is no lock for anybody else.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(lock)):
                    return handle
        except OSError:
            os.close(handle)
            raise
        os.close(handle)
