"""Engines that end whoever works with them: begun and not got far counts as a strike, whatever the reason was.

A hung kernel, a crash in the driver and a GPU that falls off the bus leave nobody who could say so; what was written down before
is there afterwards. With too many strikes within the hour the engine is left alone, and the next backend counts.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from appliance.clock import NS_PER_S, wall_ns

MOST_STRIKES = 3
FORGOTTEN_AFTER_NS = 3600 * NS_PER_S
# Batches; who has answered so many works.
FAR = 100


class Strikes:
    """Of one engine, beside its file."""

    def __init__(self, engine: Path) -> None:
        self._path = engine.with_suffix(".strikes")
        self._left, self._has_failed = FAR, False

    def count(self) -> int:
        """How many there were within the hour."""
        try:
            lines = self._path.read_text(encoding="ascii", errors="replace").split()
        except OSError:
            return 0
        since_ns = wall_ns() - FORGOTTEN_AFTER_NS
        return sum(line.isdecimal() and int(line) > since_ns for line in lines)

    def begin(self) -> None:
        """Whoever begins has one, until he has got far, or has come to an orderly end."""
        # In a folder that cannot be written nothing can be noted.
        with suppress(OSError), self._path.open("a", encoding="ascii") as file:
            file.write(f"{wall_ns()}\n")

    def has_worked(self) -> None:
        """One more batch is answered."""
        self._left -= 1
        if self._left == 0:
            self._left = FAR
            self.forgive()

    def has_failed(self) -> None:
        """It stays."""
        self._has_failed = True

    def end(self) -> None:
        """Whoever has begun is done with it."""
        if not self._has_failed:
            self.forgive()

    def forgive(self) -> None:
        """All of them."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
