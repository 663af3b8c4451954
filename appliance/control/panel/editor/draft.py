"""A line or a zone that somebody works on: what would stand in the file, and what is wrong with it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import ValidationError

from appliance.config import CameraSettings
from appliance.counted import Anchor, LineSettings, Point, ZoneSettings

Kind = Literal["line", "zone"]
Counted = LineSettings | ZoneSettings
MODELS: dict[Kind, type[Counted]] = {"line": LineSettings, "zone": ZoneSettings}
USUAL_DIRECTIONS: dict[Kind, tuple[str, str]] = {"line": ("forward", "backward"), "zone": ("enter", "exit")}
# A hundredth of a percent: less than a pixel of most cameras.
DIGITS = 4
# The fields of the form; what is wrong with the place on the picture is told for the points.
Field = Literal["name", "forward", "backward", "classes", "anchor", "points"]
FIELDS: dict[str, Field] = {
    "name": "name",
    "directions.forward": "forward",
    "directions.backward": "backward",
    "classes": "classes",
    "anchor": "anchor",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """As it is in the form and on the picture now; nothing of it needs to be right."""

    kind: Kind
    origin: str
    """The name under which it stands in the file; empty for what is new."""
    name: str
    points: tuple[Point, ...]
    forward: str
    backward: str
    classes: tuple[str, ...] = ()
    anchor: str = Anchor.CENTER.value

    @property
    def is_new(self) -> bool:
        """Whether it stands in no file yet."""
        return not self.origin

    @property
    def item(self) -> dict[str, Any]:
        """As it would stand in the file; what is usual is left out."""
        item: dict[str, Any] = {"name": self.name}
        points = [[round(x, DIGITS), round(y, DIGITS)] for x, y in self.points]
        if self.kind == "line" and len(points) == 2:
            item |= {"from": points[0], "to": points[1]}
        else:
            item["points"] = points
        if self.anchor != Anchor.CENTER.value:
            item["anchor"] = self.anchor
        if self.classes:
            item["classes"] = list(self.classes)
        if (self.forward, self.backward) != USUAL_DIRECTIONS[self.kind]:
            item["directions"] = {"forward": self.forward, "backward": self.backward}
        return item

    def turned(self) -> Draft:
        """Forward is where backward was: the line leads the other way."""
        return replace(self, points=self.points[::-1])


def draft_of(counted: Counted) -> Draft:
    """What stands in the file, to work on."""
    kind: Kind = "line" if isinstance(counted, LineSettings) else "zone"
    points = counted.polyline if isinstance(counted, LineSettings) else counted.points
    directions = counted.directions
    return Draft(
        kind, counted.name, counted.name, points, directions.forward, directions.backward, counted.classes, counted.anchor.value
    )


def new_draft(kind: Kind, points: Iterable[Point], camera: CameraSettings) -> Draft:
    """Something new with a name that is free."""
    forward, backward = USUAL_DIRECTIONS[kind]
    return Draft(kind, "", free_name(kind, (counted.name for counted in camera.counted)), tuple(points), forward, backward)


def free_name(kind: Kind, taken: Iterable[str]) -> str:
    """The first of ``line-1``, ``line-2`` … that nothing has."""
    names = set(taken)
    return next(name for number in range(1, len(names) + 2) if (name := f"{kind}-{number}") not in names)


def points_of(value: object) -> tuple[Point, ...]:
    """What the browser sent, as points; raises ``ValueError`` where it is none."""
    if not isinstance(value, list) or len(value) > 1000:
        raise ValueError("a list of points is wanted")
    points = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2 or not all(isinstance(part, (int, float)) for part in point):
            raise ValueError("a point is two numbers")
        x, y = (round(min(1.0, max(0.0, float(part))), DIGITS) for part in point)
        points.append((x, y))
    return tuple(points)


def faults_of(draft: Draft, camera: CameraSettings) -> dict[Field, str]:
    """What the settings have against it, a sentence for each field."""
    faults: dict[Field, str] = {}
    try:
        MODELS[draft.kind].model_validate(draft.item)
    except ValidationError as error:
        for details in error.errors():
            field = field_of(".".join(str(part) for part in details["loc"]), draft)
            faults.setdefault(field, sentence_of(details["msg"]))
    if draft.name in {counted.name for counted in camera.counted if counted.name != draft.origin}:
        faults.setdefault("name", f"there is another '{draft.name}' at this camera; a line or zone needs a name of its own")
    return faults


def field_of(place: str, draft: Draft) -> Field:
    """The field of a dotted place in a line or zone."""
    for start, field in FIELDS.items():
        if place == start or place.startswith(f"{start}."):
            return field
    # Of the whole there are two faults: its directions are of one name, or its points are none.
    return "backward" if not place and draft.forward == draft.backward else "points"


def sentence_of(message: str) -> str:
    """Without what the library says of itself."""
    return message.removeprefix("Value error, ")


def fields_of(faults: Mapping[str, str], draft: Draft) -> dict[Field, str]:
    """The faults of a whole site (``cameras.0.lines.1.name``) by the fields of the draft."""
    found: dict[Field, str] = {}
    for place, sentence in faults.items():
        _, is_one, rest = place.partition(f".{draft.kind}s.")
        if is_one:
            found.setdefault(field_of(rest.partition(".")[2], draft), sentence)
    return found
