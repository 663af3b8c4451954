"""What things are counted at: lines and zones, in fractions of the frame."""

from __future__ import annotations

import math
from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from appliance.polygon import area, is_simple

# Of the frame; less than this is not a pixel of any camera.
SHORTEST_PIECE = 1e-5
# Every crossing of every object is looked for at each of them.
MOST_CORNERS = 200
MOST_CLASSES = 200
# Of any text; and where there is a bound, pydantic sees to it that the text can be written as UTF-8.
LONGEST_TEXT = 4000

Share = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Share, Share]


def _check_name(name: str) -> str:
    if not name or len(name) > 64 or any(not (letter.isalnum() or letter in "-_") for letter in name):
        raise ValueError("a name is 1 to 64 letters, digits, '-' and '_'")
    return name


Name = Annotated[str, AfterValidator(_check_name)]
ClassName = Annotated[str, Field(min_length=1, max_length=100)]


class Settings(BaseModel):
    """The base: frozen, nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, str_max_length=LONGEST_TEXT)


class Anchor(str, Enum):
    """The point of a box that has to cross a line."""

    CENTER = "center"
    BOTTOM_CENTER = "bottom_center"
    TOP_CENTER = "top_center"

    @property
    def height_share(self) -> float:
        """How far below the centre of the box it is, in heights of the box."""
        return {"center": 0.0, "bottom_center": 0.5, "top_center": -0.5}[self.value]


class DirectionNames(Settings):
    """What the two directions are called."""

    forward: Name = "forward"
    backward: Name = "backward"


class LineSettings(Settings):
    """A counting line; forward is from its left to its right, standing at its first point and looking along it."""

    name: Name
    start: Point | None = Field(default=None, alias="from")
    end: Point | None = Field(default=None, alias="to")
    points: tuple[Point, ...] = Field(default=(), max_length=MOST_CORNERS)
    """A line with corners, instead of ``from`` and ``to``."""
    anchor: Anchor = Anchor.CENTER
    classes: tuple[ClassName, ...] = Field(default=(), max_length=MOST_CLASSES)
    """What is counted; nothing named means everything that the model knows."""
    directions: DirectionNames = DirectionNames()

    @model_validator(mode="after")
    def _check_points(self) -> LineSettings:
        both_ends = self.start is not None and self.end is not None
        if both_ends == bool(self.points) or (self.start is None) != (self.end is None):
            raise ValueError("a line has either 'from' and 'to', or 'points'")
        points = self.polyline
        if len(points) < 2:
            raise ValueError(f"a line needs at least two points, found {len(points)}")
        for first, second in zip(points, points[1:]):
            if math.dist(first, second) < SHORTEST_PIECE:
                raise ValueError(f"a line needs a length, found the point {first[0]:g},{first[1]:g} twice in a row")
        if self.directions.forward == self.directions.backward:
            raise ValueError(f"the two directions need different names, found '{self.directions.forward}' twice")
        return self

    @property
    def polyline(self) -> tuple[Point, ...]:
        """All points of the line, fractions of the frame."""
        return self.points or tuple(point for point in (self.start, self.end) if point is not None)


class ZoneDirections(DirectionNames):
    """What coming in and going out are called."""

    forward: Name = "enter"
    backward: Name = "exit"


class ZoneSettings(Settings):
    """A part of the picture; who comes in and who goes out is counted, and how many are inside is known."""

    name: Name
    points: tuple[Point, ...] = Field(max_length=MOST_CORNERS)
    """Its corners, one after the other; the last is joined to the first."""
    anchor: Anchor = Anchor.CENTER
    classes: tuple[ClassName, ...] = Field(default=(), max_length=MOST_CLASSES)
    """What is counted; nothing named means everything that the model knows."""
    directions: ZoneDirections = ZoneDirections()

    @model_validator(mode="after")
    def _check_points(self) -> ZoneSettings:
        if len(self.points) < 3:
            raise ValueError(f"a zone needs at least three corners, found {len(self.points)}")
        for first, second in zip(self.points, (*self.points[1:], self.points[0])):
            if math.dist(first, second) < SHORTEST_PIECE:
                raise ValueError(f"a zone's side needs a length, found the corner {first[0]:g},{first[1]:g} twice in a row")
        if not is_simple(self.points):
            raise ValueError("the sides of a zone must not cross or touch each other")
        if self.directions.forward == self.directions.backward:
            raise ValueError(f"the two directions need different names, found '{self.directions.forward}' twice")
        return self

    @property
    def polyline(self) -> tuple[Point, ...]:
        """Its boundary with the inside to the right, as a line that ends where it begins; fractions of the frame."""
        corners = self.points if area(self.points) > 0 else self.points[::-1]
        return (*corners, corners[0])
