"""The geometry of a counting line: a directed polyline, and what a step of an object does to it.

Standing at the first point and looking along the line, left is behind and right is ahead: a step from left to right is
forward (+1), one from right to left is backward (-1). With y pointing down, for a line drawn from left to right:

        left  (above the line)
    from ────────────────▶ to
        right (below the line)            forward = downwards

Only the line itself counts, not its endless extension. An object exactly on the line is taken to be a hair to the right in the
picture, and a hair's hair further down. The hair is the same for every step and every piece of the line, so a step that ends on
the line, or on one of its corners, and the one that starts there together cross it as often as if they had gone past the spot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from appliance.polygon import Point, turn


@dataclass(frozen=True, slots=True)
class Meeting:
    """What one step did: ``net`` signed crossings, the last of them at the share ``at`` (0..1) of the step."""

    net: int
    at: float


NO_MEETING = Meeting(0, 0.0)


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline of at least two points, pixels of the source frame."""

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise ValueError(f"a line needs at least two points, found {len(self.points)}")
        for start, end in zip(self.points, self.points[1:]):
            if start == end:
                raise ValueError(f"a line's piece needs a length, found {start} twice")

    def met_by(self, before: Point, now: Point) -> Meeting:
        """The crossings of the straight step from ``before`` to ``now``."""
        net, at = 0, 0.0
        for start, end in zip(self.points, self.points[1:]):
            sign, share = _piece_met(start, end, before, now)
            net += sign
            at = max(at, share)
        return Meeting(net, at) if net else NO_MEETING

    def distance(self, point: Point) -> float:
        """From the point to the nearest point of the line, pixels."""
        return min(_piece_distance(start, end, point) for start, end in zip(self.points, self.points[1:]))


def _is_right(cross: float, start: Point, end: Point, hair: int) -> bool:
    """Whether a point is right of the way from ``start`` to ``end``; if ``cross`` is 0, after shifting it by ``hair``."""
    if cross:
        return cross > 0
    return (hair * (start[1] - end[1]) or hair * (end[0] - start[0])) > 0


def _piece_met(start: Point, end: Point, before: Point, now: Point) -> tuple[int, float]:
    side_before, side_now = turn(start, end, before), turn(start, end, now)
    right_now = _is_right(side_now, start, end, 1)
    if _is_right(side_before, start, end, 1) == right_now:
        return 0, 0.0
    # Seen from the shifted way the line is shifted back. A corner is judged alike for both of its pieces, so a step through it
    # meets exactly one of them.
    start_side, end_side = turn(before, now, start), turn(before, now, end)
    if _is_right(start_side, before, now, -1) == _is_right(end_side, before, now, -1):
        return 0, 0.0
    return (1 if right_now else -1), side_before / (side_before - side_now)


def _piece_distance(start: Point, end: Point, point: Point) -> float:
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    share = ((point[0] - start[0]) * along_x + (point[1] - start[1]) * along_y) / (along_x * along_x + along_y * along_y)
    share = min(1.0, max(0.0, share))
    return math.hypot(point[0] - start[0] - share * along_x, point[1] - start[1] - share * along_y)
