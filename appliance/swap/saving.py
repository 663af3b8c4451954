"""The model that counts on its way into the site's file: in a thread, and tried again until it stands there."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from appliance.clock import NS_PER_S
from appliance.configuration.changes import set_value
from appliance.configuration.store import Ask, ConfigurationStore, Wish

AGAIN_NS = 10 * NS_PER_S

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What shall stand there, and who wanted it."""

    model: str
    author: str


class Saving:
    """Of one machine. ``look`` never waits: whoever else changes the file may be waiting for this machine."""

    def __init__(self, file: Path | None, data_dir: Path, ask: Ask) -> None:
        """``ask`` asks this machine, where somebody who was killed has left a change that it may not have heard of."""
        self._file, self._data_dir, self._ask = file, data_dir, ask
        self._saver = ThreadPoolExecutor(1, "saving")
        self._wanted: Kept | None = None
        self._under_way: tuple[Kept, Future[None]] | None = None
        self._again_ns = 0
        self.problem = ""
        """Why it does not stand there yet; empty where it does, or where nothing has failed."""

    def begin(self, kept: Kept, now_ns: int) -> None:
        """From now on this shall stand there."""
        self._wanted, self._again_ns, self.problem = kept, now_ns, ""
        self.look(now_ns)

    @property
    def is_trying(self) -> bool:
        """Whether nobody knows yet if it can be."""
        return self._wanted is not None and not self.problem

    def look(self, now_ns: int) -> None:
        """Go on, where there is something to go on with."""
        if self._under_way is not None and self._under_way[1].done():
            kept, attempt = self._under_way
            self._under_way = None
            if kept == self._wanted:
                self._end(attempt.exception(), now_ns)
        if self._wanted is not None and self._under_way is None and now_ns >= self._again_ns:
            self._under_way = self._wanted, self._saver.submit(self._save, self._wanted)

    def close(self) -> None:
        """What is being written is written first."""
        self._saver.shutdown(cancel_futures=True)

    def _end(self, problem: BaseException | None, now_ns: int) -> None:
        if problem is None:
            self._wanted, self.problem = None, ""
            return
        sentence = f"the site's file does not name it yet, and is tried again: {problem}"
        if sentence != self.problem:
            logger.error("%s", sentence)
        self.problem, self._again_ns = sentence, now_ns + AGAIN_NS

    def _save(self, kept: Kept) -> None:
        if self._file is not None:
            store = ConfigurationStore(self._file, self._data_dir)
            store.heal(self._ask)
            store.change(set_value("detector.model", kept.model), Wish(author=kept.author))
