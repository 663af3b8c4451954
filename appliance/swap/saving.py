"""The model that counts on its way into the site's file: in a thread, and tried again until it stands there, or until somebody
has written another one there, who shall have his way.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml.error import YAMLError

from appliance.clock import NS_PER_S
from appliance.configuration.changes import set_value
from appliance.configuration.reading import Tree
from appliance.configuration.store import Ask, ConfigurationStore, Wish
from appliance.errors import Refusal
from appliance.swap.journal import OVERRULED, WRITTEN
from appliance.yaml_tree import read_yaml

AGAIN_NS = 10 * NS_PER_S

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What shall stand there, and who wanted it."""

    model: str
    author: str
    number: int = 0
    """Of the swap."""
    instead_of: frozenset[str] = frozenset()
    """What it may take the place of: the file named that when the swap began. Another one is somebody's later wish."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How that went, for the journal."""

    kept: Kept
    step: str
    sentence: str


class Overruled(Refusal):
    """Somebody has written another model into the file meanwhile."""


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
        """Why it does not stand there, or not yet; empty where it does, or where nothing has failed."""

    def in_file(self) -> str:
        """Which model the file names; empty where that cannot be told."""
        return "" if self._file is None else model_in(self._file)

    def begin(self, kept: Kept, now_ns: int) -> None:
        """From now on this shall stand there."""
        self._wanted, self._again_ns, self.problem = kept, now_ns, ""
        self.look(now_ns)

    @property
    def is_trying(self) -> bool:
        """Whether nobody knows yet if it can be."""
        return self._wanted is not None and not self.problem

    def look(self, now_ns: int) -> Settled | None:
        """Go on, where there is something to go on with; what has been settled, once."""
        settled = None
        if self._under_way is not None and self._under_way[1].done():
            kept, attempt = self._under_way
            self._under_way = None
            if kept == self._wanted:
                settled = self._end(kept, attempt.exception(), now_ns)
        if self._wanted is not None and self._under_way is None and now_ns >= self._again_ns:
            self._under_way = self._wanted, self._saver.submit(self._save, self._wanted)
        return settled

    def close(self) -> None:
        """What is being written is written first."""
        self._saver.shutdown(cancel_futures=True)

    def _end(self, kept: Kept, problem: BaseException | None, now_ns: int) -> Settled | None:
        if problem is None:
            self._wanted, self.problem = None, ""
            return None if self._file is None else Settled(kept, WRITTEN, "the site's file names it")
        if isinstance(problem, Overruled):
            self._wanted, self.problem = None, problem.sentence
            logger.warning("%s", problem.sentence)
            return Settled(kept, OVERRULED, problem.sentence)
        sentence = f"the site's file does not name it yet, and is tried again: {problem}"
        if sentence != self.problem:
            logger.error("%s", sentence)
        self.problem, self._again_ns = sentence, now_ns + AGAIN_NS
        return None

    def _save(self, kept: Kept) -> None:
        if self._file is None:
            return

        def change(tree: Tree) -> None:
            named = _model_of(tree)
            if kept.instead_of and named not in (kept.model, *kept.instead_of):
                raise Overruled(f"the site's file names {named} since somebody changed it; that counts from the next start on")
            set_value("detector.model", kept.model)(tree)

        store = ConfigurationStore(self._file, self._data_dir)
        store.heal(self._ask)
        store.change(change, Wish(author=kept.author))


def model_in(file: Path) -> str:
    """Which model a site's file names; empty where that cannot be told."""
    try:
        return model_named(file.read_bytes())
    except OSError:
        return ""


def model_named(content: bytes) -> str:
    """The same, of what is in the file."""
    try:
        return _model_of(read_yaml(content.decode())[0])
    except (YAMLError, ValueError, TypeError):
        return ""


def _model_of(tree: object) -> str:
    detector = tree.get("detector") if isinstance(tree, Mapping) else None
    model = detector.get("model") if isinstance(detector, Mapping) else None
    return model if isinstance(model, str) else ""
