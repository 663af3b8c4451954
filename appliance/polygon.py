"""Polygons of (x, y) points, y down; the last point is joined to the first."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]


def turn(origin: Point, first: Point, second: Point) -> float:
    """Twice the signed area of the triangle; positive where ``second`` is right of the way from ``origin`` to ``first``."""
    return (first[0] - origin[0]) * (second[1] - origin[1]) - (first[1] - origin[1]) * (second[0] - origin[0])


def area(corners: Sequence[Point]) -> float:
    """Positive where the inside is to the right of the way along the corners, on a picture clockwise.

    Source: the sum of cross products, known as the shoelace formula (Meister, 1769).
    """
    return sum(first[0] * second[1] - second[0] * first[1] for first, second in _sides(corners)) / 2


def contains(corners: Sequence[Point], point: Point) -> bool:
    """Whether a polygon holds the point, by the number of times that it winds around it."""
    winding = 0
    for start, end in _sides(corners):
        if (start[1] <= point[1]) != (end[1] <= point[1]):
            side = turn(start, end, point)
            winding += (side > 0) if start[1] <= point[1] else -(side < 0)
    return winding != 0


def is_simple(corners: Sequence[Point]) -> bool:
    """Whether no two sides have a point in common, but for the corner between neighbours."""
    sides = _sides(corners)
    for index, (start, end) in enumerate(sides):
        for other in range(index + 1, len(sides)):
            other_start, other_end = sides[other]
            if other == index + 1 or (index == 0 and other == len(sides) - 1):
                # Neighbours may not fold back onto each other.
                far, corner, near = (other_end, end, start) if other == index + 1 else (other_start, start, end)
                if turn(near, corner, far) == 0 and _leads_back(near, corner, far):
                    return False
            elif _meet(start, end, other_start, other_end):
                return False
    return True


def _sides(corners: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(corners, (*corners[1:], corners[0])))


def _leads_back(near: Point, corner: Point, far: Point) -> bool:
    return (near[0] - corner[0]) * (far[0] - corner[0]) + (near[1] - corner[1]) * (far[1] - corner[1]) > 0


def _meet(start: Point, end: Point, other_start: Point, other_end: Point) -> bool:
    """Whether two straight pieces have a point in common."""
    turns = turn(start, end, other_start), turn(start, end, other_end)
    back = turn(other_start, other_end, start), turn(other_start, other_end, end)
    if turns == (0, 0):
        return all(
            min(start[axis], end[axis]) <= max(other_start[axis], other_end[axis])
            and min(other_start[axis], other_end[axis]) <= max(start[axis], end[axis])
            for axis in (0, 1)
        )
    return turns[0] * turns[1] <= 0 and back[0] * back[1] <= 0
