"""What was meant by a key that no setting has: a letter too many, or one in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import get_args

from appliance.counted import Settings


def meant(root: str, place: Sequence[int | str]) -> str | None:
    """The setting whose name is nearest to the last part of ``place``, where one is near; ``root`` names the outermost class."""
    here = next((kind for kind in _below(Settings) if kind.__name__ == root), None)
    for part in place[:-1]:
        if here is not None and isinstance(part, str):
            here = _class_of(here, part)
    near = get_close_matches(str(place[-1]), () if here is None else _names_of(here), 1)
    return near[0] if near else None


def _below(kind: type[Settings]) -> Iterator[type[Settings]]:
    for heir in kind.__subclasses__():
        yield heir
        yield from _below(heir)


def _names_of(kind: type[Settings]) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items()]


def _class_of(kind: type[Settings], part: str) -> type[Settings] | None:
    found = (field.annotation for name, field in kind.model_fields.items() if part in (name, field.alias))
    return next((inner for annotation in found for inner in _settings_in(annotation)), None)


def _settings_in(annotation: object) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for inner in get_args(annotation):
        yield from _settings_in(inner)
