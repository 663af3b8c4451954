"""Changes of a site, as functions on its tree of plain values; ``set_value("cameras.gate.source", "gate.mp4")`` is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from appliance.configuration.reading import Tree
from appliance.configuration.refusals import Missing, Taken

Change = Callable[[Tree], None]
"""Changes a tree in place, or raises ``Refusal``."""


def set_value(place: str, value: Any) -> Change:
    """Another value at a dotted place; items of lists go by name or by position."""
    return lambda tree: _put(*_parent(tree, place), value)


def remove_value(place: str) -> Change:
    """What stands at a place goes: a setting gets its default, an item of a list is gone."""

    def change(tree: Tree) -> None:
        parent, last = _parent(tree, place)
        if isinstance(parent, list):
            del parent[_position(parent, last, place)]
        elif last in parent:
            del parent[last]
        else:
            raise Missing(f"'{place}' shall be removed, but it is not there", usage=True)

    return change


def patch(place: str, members: Tree) -> Change:
    """Some members at a place change, None removes one (as in RFC 7396); an empty place is the site itself."""

    def change(tree: Tree) -> None:
        here = _below(*_parent(tree, place), place) if place else tree
        _merge(here, members)

    return change


def add_item(place: str, item: Tree) -> Change:
    """A new item, with a name of its own, at the end of a list: of ``cameras``, or of ``cameras.gate.lines``."""

    def change(tree: Tree) -> None:
        parent, last = _parent(tree, place)
        items = parent.setdefault(last, []) if isinstance(parent, dict) else None
        if items is None and isinstance(parent, dict):
            items = parent[last] = []
        if not isinstance(items, list):
            raise Missing(f"'{place}' must be a list to add something to it", usage=True)
        if any(isinstance(other, dict) and other.get("name") == item.get("name") for other in items):
            raise Taken(f"'{place}' has '{item.get('name')}' already", usage=True)
        items.append(item)

    return change


def add_camera(camera: Tree) -> Change:
    """A camera that comes after the others."""
    return add_item("cameras", camera)


def replace_camera(name: str, camera: Tree) -> Change:
    """Another camera in the place of one."""
    return _replace_item("cameras", name, camera)


def remove_camera(name: str) -> Change:
    """A camera goes, with its lines and zones."""
    return remove_value(f"cameras.{name}")


def add_line(camera: str, line: Tree) -> Change:
    """A line that comes after the others."""
    return add_item(f"cameras.{camera}.lines", line)


def replace_line(camera: str, name: str, line: Tree) -> Change:
    """Another line in the place of one."""
    return _replace_item(f"cameras.{camera}.lines", name, line)


def remove_line(camera: str, name: str) -> Change:
    """A line goes."""
    return remove_value(f"cameras.{camera}.lines.{name}")


def add_zone(camera: str, zone: Tree) -> Change:
    """A zone that comes after the others."""
    return add_item(f"cameras.{camera}.zones", zone)


def replace_zone(camera: str, name: str, zone: Tree) -> Change:
    """Another zone in the place of one."""
    return _replace_item(f"cameras.{camera}.zones", name, zone)


def remove_zone(camera: str, name: str) -> Change:
    """A zone goes."""
    return remove_value(f"cameras.{camera}.zones.{name}")


def _replace_item(place: str, name: str, item: Tree) -> Change:
    def change(tree: Tree) -> None:
        parent, _ = _parent(tree, f"{place}.{name}")
        if not isinstance(parent, list):
            raise Missing(f"'{place}' has no '{name}'", usage=True)
        position = _position(parent, name, place)
        taken = [other.get("name") for number, other in enumerate(parent) if number != position and isinstance(other, dict)]
        if item.get("name") in taken:
            raise Taken(f"'{place}' has '{item.get('name')}' already", usage=True)
        parent[position] = item

    return change


def _parent(tree: Tree, place: str) -> tuple[Any, str]:
    """The branch that a place stands in, and its last name there."""
    *parents, last = place.split(".")
    if not all((*parents, last)):
        raise Missing(f"a place is names with points between them, found '{place}'", usage=True)
    here: Any = tree
    for name in parents:
        here = _below(here, name, place)
    return here, last


def _below(here: Any, name: str, place: str) -> Any:
    if isinstance(here, list):
        below = here[_position(here, name, place)]
    else:
        if here.get(name) is None:
            here[name] = {}
        below = here[name]
    if not isinstance(below, (dict, list)):
        raise Missing(f"'{place}': '{name}' is a value and has nothing below it", usage=True)
    return below


def _position(items: list[Any], name: str, place: str) -> int:
    """By name first: a camera may be called '0'."""
    for position, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == name:
            return position
    if name.isdecimal() and name.isascii() and len(name) < 7 and int(name) < len(items):
        return int(name)
    raise Missing(f"'{place}': there is no '{name}' among the {len(items)} items there", usage=True)


def _put(parent: Any, last: str, value: Any) -> None:
    if isinstance(parent, list):
        parent[_position(parent, last, last)] = value
    else:
        parent[last] = value


def _merge(here: Any, members: Tree) -> None:
    for name, value in members.items():
        if isinstance(here, dict) and value is None:
            here.pop(name, None)
        elif isinstance(here, dict) and isinstance(value, dict) and isinstance(here.get(name), dict):
            _merge(here[name], value)
        else:
            _put(here, name, value)
