"""What an address names has to be there under this very name: not by its position, and not something below it."""

from __future__ import annotations

from typing import Any

from starlette.convertors import StringConvertor

from appliance.configuration.changes import Change
from appliance.configuration.reading import Tree
from appliance.configuration.refusals import Missing


class KindConvertor(StringConvertor):
    """``lines`` or ``zones`` in an address."""

    regex = "lines|zones"


def where_named(change: Change, camera: str, kind: str = "", name: str = "") -> Change:
    """The change, for a camera that there is, and for a line or zone of it that there is."""

    def checked(tree: Tree) -> None:
        found = _named(tree.get("cameras"), camera)
        if found is None:
            raise Missing(f"there is no camera '{camera}'", usage=True)
        if name and _named(found.get(kind), name) is None:
            raise Missing(f"the camera '{camera}' has no '{name}' among its {kind}", usage=True)
        change(tree)

    return checked


def _named(items: Any, name: str) -> Tree | None:
    each = items if isinstance(items, list) else []
    return next((item for item in each if isinstance(item, dict) and item.get("name") == name), None)
