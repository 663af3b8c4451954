"""News for those who listen: crossings in their order and without a gap; of all else only the newest."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from contextlib import suppress
from pathlib import Path

from appliance.control.waiting import within
from appliance.errors import Refusal
from appliance.ledger.reader import KeptCrossing, LedgerReader

MOST_AT_ONCE = 500


class Ear:
    """One who listens: he is woken when there is something new, and asks for what he does not know yet."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    async def wait(self, patience_s: float) -> None:
        """Until there is news, or so long."""
        with suppress(asyncio.TimeoutError):
            await within(patience_s, self._news.wait())
        self._news.clear()

    def wake(self) -> None:
        """There is."""
        self._news.set()


class Feed:
    """Of one event loop. The newest crossings are read once for all; who is further behind reads the ledger at his own pace."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._ears: set[Ear] = set()
        self._recent: deque[KeptCrossing] = deque(maxlen=MOST_AT_ONCE)
        self._before: int | None = None
        """The crossing before the recent ones; None where none were read yet."""
        self._reading = asyncio.Lock()

    def enter(self) -> Ear:
        """One more."""
        ear = Ear()
        self._ears.add(ear)
        return ear

    def leave(self, ear: Ear) -> None:
        """One less; when nobody is left, nothing is read."""
        self._ears.discard(ear)
        if not self._ears:
            self._recent.clear()
            self._before = None

    def wake(self) -> None:
        """There is something new: in the ledger, or of the machine."""
        for ear in self._ears:
            ear.wake()

    async def newest(self) -> int:
        """The number of the newest crossing."""
        return await asyncio.to_thread(_newest, self._ledger)

    async def after(self, sequence: int) -> list[KeptCrossing]:
        """Some of the crossings behind this number, oldest first; none where there are none yet."""
        async with self._reading:
            last = self._recent[-1].sequence if self._recent else self._before
            if last is None or sequence >= last:
                found = await asyncio.to_thread(_crossings, self._ledger, sequence)
                self._remember(sequence, found)
                return found
            if self._before is not None and sequence >= self._before:
                return [one for one in self._recent if one.sequence > sequence]
        return await asyncio.to_thread(_crossings, self._ledger, sequence)

    def _remember(self, sequence: int, found: list[KeptCrossing]) -> None:
        known = self._recent[-1].sequence if self._recent else self._before
        if known is not None and not found:
            # Who asks for what is not there yet moves nobody.
            return
        if known != sequence:
            # What is between was not read, so that those who are further behind find it in the ledger.
            self._recent.clear()
            self._before = sequence
        for one in found:
            if len(self._recent) == MOST_AT_ONCE:
                self._before = self._recent[0].sequence
            self._recent.append(one)


def _newest(ledger: Path) -> int:
    try:
        reader = LedgerReader(ledger)
    except Refusal:
        return 0
    try:
        return reader.newest()[0]
    finally:
        reader.close()


def _crossings(ledger: Path, after: int) -> list[KeptCrossing]:
    try:
        reader = LedgerReader(ledger)
    except Refusal:
        return []
    try:
        return reader.crossings(after, MOST_AT_ONCE)
    except sqlite3.Error:
        # The next news finds it.
        return []
    finally:
        reader.close()
