"""Changing some values of a YAML text: what is not touched stays byte for byte, with its comments, its order and its layout.

YAML libraries write a file anew from what they have read, and take the comment above one camera for the end of the one
before it. So the places of the values are found, and only their characters are exchanged. The result is read once more: where it
does not say exactly what it should, nothing is changed at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from appliance.configuration import layout, rendering
from appliance.configuration.places import Kind, Node
from appliance.configuration.reading import SiteText, Tree, read_site
from appliance.configuration.refusals import Faulty
from appliance.errors import Refusal

MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Edit:
    """Other characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str


def rewritten(source: SiteText, wanted: Tree, origin: str) -> SiteText:
    """The site with the wanted values; raises ``Refusal`` where only a person can write them into this text."""
    text = source.text
    is_dos = "\r\n" in text
    edits = sorted(_Rewriting(text).value(_Slot(source.root), source.tree, wanted), key=lambda edit: (edit.start, edit.end))
    parts, place = [], 0
    for edit in edits:
        parts += [text[place : edit.start], edit.text.replace("\n", "\r\n") if is_dos else edit.text]
        place = max(place, edit.end)
    changed = "".join(parts) + text[place:]
    if not edits:
        return source
    try:
        site = read_site(changed.encode(), origin)
    except Faulty:
        site = source
    if not is_same(site.tree, wanted):
        raise Refusal(f"{origin} cannot be changed so by a program: it uses forms such as '&' and '*'; change it by hand")
    return site


def is_same(one: Any, other: Any) -> bool:
    """Whether two values mean the same; 1 and 1.0 do, 1 and true do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(is_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a value stands: behind its key, or as an item of a list."""

    node: Node
    key: Node | None = None
    is_flow: bool = False
    """Within brackets."""


@dataclass(frozen=True, slots=True)
class _Children:
    """What becomes of the children of a collection: which stay, and what is new behind which of them (-1: before all)."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    kept: tuple[int, ...]
    new: dict[int, list[str]]
    column: int
    is_list: bool

    @property
    def removed(self) -> list[int]:
        """Those that go."""
        return sorted(set(range(len(self.starts))).difference(self.kept))


class _Rewriting:
    """Finds the edits of one text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, slot: _Slot, old: Any, new: Any) -> Iterator[Edit]:
        """What is to be done for one value; nothing where it stays."""
        if is_same(old, new):
            return
        node = slot.node
        inner: list[Edit] | None = None
        if node.kind is Kind.MAPPING and isinstance(old, dict) and isinstance(new, dict):
            inner = self._mapping(node, old, new)
        elif node.kind is Kind.SEQUENCE and isinstance(old, list) and isinstance(new, (list, tuple)) and new:
            inner = self._sequence(node, old, list(new))
        yield from [self._exchanged(slot, new)] if inner is None else inner

    def _exchanged(self, slot: _Slot, new: Any) -> Edit:
        """Something else in the place of the whole value."""
        node, key = slot.node, slot.key
        if slot.is_flow:
            return Edit(node.start, node.end, ("" if node.end > node.start else " ") + rendering.in_brackets(new))
        if key is None:
            return Edit(node.start, node.end, rendering.in_lines(new, layout.column(self._text, node.start)))
        if rendering.is_short(new) and node.end > node.start and "\n" not in self._text[key.end : node.start]:
            return Edit(node.start, node.end, rendering.in_brackets(new))
        colon = self._text.index(":", key.end)
        return Edit(colon + 1, node.end, rendering.after_name(new, layout.column(self._text, key.start)))

    def _mapping(self, node: Node, old: Tree, new: Tree) -> list[Edit] | None:
        """None where nothing would be left of it."""
        kept = [number for number, key in enumerate(node.keys) if key.text in new or key.text == MERGE]
        if not kept:
            return None
        here = {key.text for key in node.keys}
        # What comes from elsewhere with '<<' is written down here where it differs.
        added = {
            name: value for name, value in new.items() if name not in here and not (name in old and is_same(old[name], value))
        }
        column = layout.column(self._text, node.keys[0].start)
        texts = [
            f"{rendering.scalar(name)}: {rendering.in_brackets(value)}" if node.is_flow else rendering.entry(name, value, column)
            for name, value in added.items()
        ]
        children = _Children(
            tuple(key.start for key in node.keys),
            tuple(value.end for value in node.values),
            tuple(kept),
            {kept[-1]: texts} if texts else {},
            column,
            is_list=False,
        )
        around = self._around(node, children)
        if around is None:
            return None
        inner = [
            edit
            for number in kept
            if (name := node.keys[number].text) != MERGE
            for edit in self.value(_Slot(node.values[number], node.keys[number], node.is_flow), old[name], new[name])
        ]
        return inner + around

    def _sequence(self, node: Node, old: list[Any], new: list[Any]) -> list[Edit] | None:
        """None where nothing would be left of it."""
        pairs = _aligned(old, new)
        kept = [before for before, after in pairs if before is not None and after is not None]
        if not kept:
            return None
        column = layout.column(self._text, node.start)
        texts: dict[int, list[str]] = {}
        behind = -1
        for before, after in pairs:
            if before is None and after is not None:
                text = rendering.in_brackets(new[after]) if node.is_flow else rendering.item(new[after], column)
                texts.setdefault(behind, []).append(text)
            elif before is not None and after is not None:
                behind = before
        ends = tuple(value.end for value in node.values)
        starts = tuple(value.start for value in node.values) if node.is_flow else self._dashes(node, ends, column)
        around = self._around(node, _Children(starts, ends, tuple(kept), texts, column, is_list=True))
        if around is None:
            return None
        inner = [
            edit
            for before, after in pairs
            if before is not None and after is not None
            for edit in self.value(_Slot(node.values[before], None, node.is_flow), old[before], new[after])
        ]
        return inner + around

    def _dashes(self, node: Node, ends: tuple[int, ...], column: int) -> tuple[int, ...]:
        """Where the items of a list in lines begin, each with its dash."""
        dash = re.compile(rf"^ {{{column}}}-", re.MULTILINE)
        found = [node.start]
        for end in ends[:-1]:
            match = dash.search(self._text, layout.next_line(self._text, end))
            found.append(match.end() - 1 if match else node.start)
        return tuple(found)

    def _around(self, node: Node, children: _Children) -> list[Edit] | None:
        """Children that come and go; None where that cannot be done one by one."""
        if node.is_flow:
            return list(_in_brackets(children))
        wants_line = [*children.removed, *([0] if -1 in children.new else [])]
        if not all(layout.begins_line(self._text, children.starts[number]) for number in wants_line):
            return None
        return list(self._in_lines(children))

    def _in_lines(self, children: _Children) -> Iterator[Edit]:
        text, column = self._text, children.column
        for number in children.removed:
            start = layout.line_start(text, children.starts[number])
            if children.is_list and number > 0:
                start = layout.comments_start(text, start, column)
            yield Edit(*layout.gap(text, start, layout.entry_end(text, children.ends[number], column)), "")
        for behind, texts in children.new.items():
            if behind < 0:
                start = layout.line_start(text, children.starts[0])
                yield Edit(start, start, "".join(f"{' ' * column}{one}\n" for one in texts))
            else:
                end = layout.entry_end(text, children.ends[behind], column)
                yield Edit(end, end, "".join(f"\n{' ' * column}{one}" for one in texts))


def _in_brackets(children: _Children) -> Iterator[Edit]:
    last = children.kept[-1]
    for number in children.removed:
        if number < last:
            yield Edit(children.starts[number], children.starts[number + 1], "")
    if last < len(children.ends) - 1:
        yield Edit(children.ends[last], children.ends[-1], "")
    for behind, texts in children.new.items():
        place = children.starts[0] if behind < 0 else children.ends[behind]
        yield Edit(place, place, "".join(f"{one}, " if behind < 0 else f", {one}" for one in texts))


def _aligned(old: list[Any], new: list[Any]) -> list[tuple[int | None, int | None]]:
    """Which item becomes which, by name or by value; what stands in the same place between two that stay is the same renamed."""
    pairs: list[tuple[int | None, int | None]] = []
    matcher = SequenceMatcher(None, _identities(old), _identities(new), autojunk=False)
    for _, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        pairs += zip_longest(range(old_start, old_end), range(new_start, new_end))
    return pairs


def _identities(items: list[Any]) -> list[str]:
    return [str(item.get("name")) if isinstance(item, dict) else json.dumps(item, default=str) for item in items]
