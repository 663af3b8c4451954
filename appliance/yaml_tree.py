"""YAML text as values, within bounds: a few lines can stand for more values than any memory holds."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, NodeEvent
from ruamel.yaml.parser import Parser, ParserError

# A site with a hundred cameras of five lines has a tenth of it; the time to read it grows with it.
MOST_BYTES = 1_000_000
DEEPEST = 50
# In one list; nobody means more, and reading them all before saying so would take seconds.
MOST_ITEMS = 1000
# Values that '*' and '<<' stand for.
MOST_REPEATED = 100_000


class Bounds:
    """Looks at what a parser tells, one event after the other; raises ``ParserError`` for what nobody means."""

    def __init__(self) -> None:
        self._items = [0]
        """Of each collection that is open, the outermost first."""
        self._open: list[tuple[str | None, int]] = []
        """The name of each of them, and how many values there were before it."""
        self._values = self._repeated = 0
        self._sizes: dict[str, int] = {}
        """How many values each name stands for."""

    def see(self, event: Event) -> None:
        """The next one."""
        if isinstance(event, NodeEvent):
            self._items[-1] += 1
            self._values += 1
        if isinstance(event, AliasEvent):
            self._repeat(event)
        elif isinstance(event, CollectionStartEvent):
            self._items.append(0)
            self._open.append((event.anchor, self._values))
        elif isinstance(event, CollectionEndEvent):
            self._items.pop()
            name, before = self._open.pop()
            if name is not None:
                self._sizes[name] = self._values - before
        if len(self._open) > DEEPEST:
            raise ParserError(None, None, "it is nested too deeply", event.start_mark)
        if self._items[-1] > MOST_ITEMS:
            raise ParserError(None, None, f"at most {MOST_ITEMS} items are wanted in one list", event.start_mark)

    def _repeat(self, event: AliasEvent) -> None:
        if any(name == event.anchor for name, _ in self._open):
            raise ParserError(None, None, f"'*{event.anchor}' would be inside of itself", event.start_mark)
        size = self._sizes.get(event.anchor, 0)
        self._values += size
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            sentence = f"at most {MOST_REPEATED} values are wanted where '*' and '<<' are written out, found more"
            raise ParserError(None, None, sentence, event.start_mark)


def read_yaml(text: str) -> tuple[Any, list[Event]]:
    """The value, and what the parser told; raises ``YAMLError``, and some of Python's own: ``ValueError``, ``TypeError``."""
    events: list[Event] = []
    bounds = Bounds()

    class Recorder(Parser):
        """Keeps what the loader was told, because telling takes most of the time."""

        def get_event(self) -> Any:
            event = super().get_event()
            bounds.see(event)
            events.append(event)
            return event

    yaml = YAML(typ="safe", pure=True)
    yaml.Parser = Recorder
    return yaml.load(text), events
