"""Where in a YAML text everything stands, so that one part can be changed and all others stay as they are, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)


class Kind(Enum):
    """Of a part of a YAML text; an alias stands for something elsewhere."""

    SCALAR = "scalar"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    ALIAS = "alias"


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a text, from its first character to behind its last; comments behind it are not in it."""

    kind: Kind
    start: int
    end: int
    is_flow: bool = False
    """Written with brackets, as in ``[1, 2]``."""
    text: str = ""
    """Of a scalar: what it says."""
    keys: tuple[Node, ...] = ()
    values: tuple[Node, ...] = ()

    def child(self, name: str | int) -> Node | None:
        """The value of a key, or the item at a position."""
        position = self.position(name)
        return None if position is None else self.values[position]

    def key(self, name: str | int) -> Node | None:
        """The name itself."""
        position = self.position(name)
        return None if position is None or self.kind is not Kind.MAPPING else self.keys[position]

    def position(self, name: str | int) -> int | None:
        """Where a name or an item is among the children."""
        if self.kind is Kind.MAPPING:
            return next((place for place, key in enumerate(self.keys) if key.text == str(name)), None)
        is_here = isinstance(name, int) and 0 <= name < len(self.values)
        return int(name) if is_here else None


def nodes_of(text: str, events: Iterable[Event]) -> Node:
    """The one document of a text, out of the parser's events."""
    return _Builder(text, events).node()


class _Builder:
    """Takes one event after the other."""

    def __init__(self, text: str, events: Iterable[Event]) -> None:
        self._text = text
        self._events = [event for event in events if isinstance(event, (NodeEvent, CollectionEndEvent))]
        self._next = 0

    def node(self) -> Node:
        event = self._take()
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, AliasEvent):
            return Node(Kind.ALIAS, start, end)
        if isinstance(event, ScalarEvent):
            return Node(Kind.SCALAR, start, self._scalar_end(start, end), text=str(event.value))
        assert isinstance(event, CollectionStartEvent)
        is_mapping, is_flow = isinstance(event, MappingStartEvent), bool(event.flow_style)
        keys: list[Node] = []
        values: list[Node] = []
        while not isinstance(self._events[self._next], CollectionEndEvent):
            if is_mapping:
                keys.append(self.node())
            value = self.node()
            values.append(self._after_colon(keys[-1], value) if is_mapping else value)
        # Without brackets, the parser ends a collection only where something else begins.
        last = self._take()
        end = last.end_mark.index if is_flow else values[-1].end
        return Node(Kind.MAPPING if is_mapping else Kind.SEQUENCE, start, end, is_flow, "", tuple(keys), tuple(values))

    def _take(self) -> Event:
        event = self._events[self._next]
        self._next += 1
        return event

    def _scalar_end(self, start: int, end: int) -> int:
        """Behind the last letter: the lines below a text of several lines are not its own."""
        return start + len(self._text[start:end].rstrip())

    def _after_colon(self, key: Node, value: Node) -> Node:
        """The value; one that is left out stands behind its colon, and not where the parser noticed."""
        if value.kind is not Kind.SCALAR or value.start != value.end:
            return value
        colon = self._text.find(":", key.end)
        place = key.end if colon < 0 else colon + 1
        return Node(Kind.SCALAR, place, place)
