"""Engines that end whoever works with them: begun and not got far counts as a strike, whatever the reason was.

A hung kernel, a crash in the driver and a GPU that falls off the bus leave nobody who could say so; what was written down before
is there afterwards. With too many strikes within the hour the engine is left alone, and the next backend counts. Whoever only
asks for the GPU may end over that, too: that counts for itself.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from appliance.clock import NS_PER_S, monotonic_ns, wall_ns

MOST_STRIKES = 3
FORGOTTEN_AFTER_NS = 3600 * NS_PER_S
# Who has worked for so long works.
LONG_NS = 120 * NS_PER_S
MARK = ".strike-"


class Strikes:
    """Of one engine, beside its file. Who has begun holds both until the end, however that comes."""

    def __init__(self, engine: Path) -> None:
        self._engine = engine
        self._own: Path | None = None
        self._held: list[IO[bytes]] = []
        self._due_ns = 0
        self._has_failed = False

    def count(self) -> int:
        """How many there were within the hour; who is still at work has none yet."""
        since_ns = wall_ns() - FORGOTTEN_AFTER_NS
        told = [path.name.rpartition(MARK)[2].partition("-")[0] for path in self._all() if not is_held(path)]
        return sum(when.isdecimal() and int(when) > since_ns for when in told)

    def begin(self) -> None:
        """Whoever begins has one, until he has got far, or has come to an orderly end."""
        self._due_ns = monotonic_ns() + LONG_NS
        self._own = self._engine.with_suffix(f"{MARK}{wall_ns()}-{os.getpid()}")
        for path, how in ((self._own, "xb"), (self._engine, "rb")):
            # In a folder that cannot be written nothing can be noted.
            with suppress(OSError):
                file = path.open(how)
                self._held.append(file)
                fcntl.flock(file, fcntl.LOCK_SH)

    def has_worked(self) -> None:
        """One more batch is answered: whatever has failed before was not the end."""
        self._has_failed = False
        if self._due_ns and monotonic_ns() > self._due_ns:
            self._due_ns = monotonic_ns() + LONG_NS
            self.forgive()

    def has_failed(self) -> None:
        """It stays."""
        self._has_failed = True

    def end(self) -> None:
        """Whoever has begun is done with it."""
        if self._own is not None and not self._has_failed:
            with suppress(OSError):
                self._own.unlink(missing_ok=True)
        for file in self._held:
            file.close()
        self._held.clear()
        self._own = None

    def withdraw(self) -> None:
        """Whatever has failed, nobody has ended over it."""
        self._has_failed = False
        self.end()

    def forgive(self) -> None:
        """All of them."""
        for path in self._all():
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _all(self) -> Iterator[Path]:
        return self._engine.parent.glob(f"{self._engine.stem}{MARK}*")


def is_held(path: Path) -> bool:
    """Whether somebody works with that file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
