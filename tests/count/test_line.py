"""The line, against exact fractions: what a step meets, where, and how far a point is."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from appliance.count.line import NO_MEETING, Line, Meeting
from appliance.polygon import Point

REPEATABLE = settings(max_examples=500)
HAIR = Fraction(1, 10**6)  # far less than what separates two different answers on the grid below

LEVEL = Line(((0.0, 0.0), (10.0, 0.0)))
UPRIGHT = Line(((0.0, 0.0), (0.0, 10.0)))
TWO_PIECES = Line(((0.0, 0.0), (5.0, 0.0), (10.0, 0.0)))
ROOF = Line(((0.0, 10.0), (5.0, 0.0), (10.0, 10.0)))
SQUARE = Line(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)))

STEPS = [
    pytest.param(LEVEL, (5, -1), (5, 3), Meeting(1, 0.25), id="from-left-to-right-is-forward"),
    pytest.param(LEVEL, (5, 3), (5, -1), Meeting(-1, 0.75), id="from-right-to-left-is-backward"),
    pytest.param(UPRIGHT, (1, 5), (-1, 5), Meeting(1, 0.5), id="left-of-a-line-that-goes-down-is-where-x-is-larger"),
    pytest.param(LEVEL, (11, -1), (11, 1), NO_MEETING, id="past-the-end"),
    pytest.param(LEVEL, (-1, -1), (-1, 1), NO_MEETING, id="past-the-start"),
    pytest.param(LEVEL, (8, -2), (14, 1), NO_MEETING, id="past-the-end-at-an-angle"),
    pytest.param(LEVEL, (2, -2), (8, -1), NO_MEETING, id="on-one-side"),
    pytest.param(LEVEL, (2, 0), (8, 0), NO_MEETING, id="along-the-line"),
    pytest.param(LEVEL, (-5, 0), (15, 0), NO_MEETING, id="along-all-of-the-line-and-beyond"),
    pytest.param(LEVEL, (5, 0), (5, 0), NO_MEETING, id="at-rest-on-the-line"),
    pytest.param(LEVEL, (5, -1), (5, 0), Meeting(1, 1.0), id="a-step-down-to-the-line-crosses-it"),
    pytest.param(LEVEL, (5, 0), (5, 1), NO_MEETING, id="a-step-down-from-the-line-does-not-cross-it-again"),
    pytest.param(LEVEL, (5, 1), (5, 0), NO_MEETING, id="a-step-up-to-the-line-does-not-cross-it"),
    pytest.param(LEVEL, (5, 0), (5, -1), Meeting(-1, 0.0), id="a-step-up-from-the-line-crosses-it"),
    pytest.param(LEVEL, (-1, -1), (1, 1), Meeting(1, 0.5), id="through-the-very-start"),
    pytest.param(LEVEL, (9, -1), (11, 1), NO_MEETING, id="through-the-very-end"),
    pytest.param(TWO_PIECES, (5, -1), (5, 1), Meeting(1, 0.5), id="where-two-pieces-join"),
    pytest.param(TWO_PIECES, (4, -1), (6, 1), Meeting(1, 0.5), id="where-two-pieces-join-at-an-angle"),
    pytest.param(ROOF, (5, -5), (5, 5), Meeting(1, 0.5), id="through-the-tip-of-a-roof"),
    pytest.param(ROOF, (0, 0), (10, 0), NO_MEETING, id="over-the-tip-of-a-roof"),
    pytest.param(ROOF, (-5, 5), (15, 5), NO_MEETING, id="in-and-out-again-in-one-step"),
    pytest.param(SQUARE, (-5, 5), (5, 5), Meeting(1, 0.5), id="into-a-square-drawn-clockwise"),
    pytest.param(SQUARE, (5, 5), (15, 5), Meeting(-1, 0.5), id="out-of-a-square-drawn-clockwise"),
    pytest.param(SQUARE, (-5, -5), (5, 5), Meeting(1, 0.5), id="into-a-square-through-the-corner-where-it-closes"),
    pytest.param(SQUARE, (-5, 15), (5, 5), Meeting(1, 0.5), id="into-a-square-through-another-corner"),
    pytest.param(SQUARE, (-5, 5), (5, -5), NO_MEETING, id="past-a-corner-of-a-square"),
    pytest.param(SQUARE, (-10, -10), (20, 20), NO_MEETING, id="through-two-corners-of-a-square"),
]


@pytest.mark.parametrize(("line", "before", "now", "meeting"), STEPS)
def test_what_a_step_meets(line: Line, before: Point, now: Point, meeting: Meeting) -> None:
    assert line.met_by(before, now) == meeting


def test_of_several_crossings_the_place_of_the_last_is_told() -> None:
    steps = Line(((0.0, 0.0), (30.0, 0.0), (30.0, 10.0), (0.0, 10.0), (0.0, 20.0), (30.0, 20.0)))
    assert steps.met_by((10.0, -5.0), (10.0, 45.0)) == Meeting(1, 0.5)  # in at 0, out at 10, in at 20


DISTANCES = [
    pytest.param(LEVEL, (5, 3), 3, id="beside"),
    pytest.param(LEVEL, (5, 0), 0, id="on-the-line"),
    pytest.param(LEVEL, (-3, 4), 5, id="off-the-start"),
    pytest.param(LEVEL, (16, -8), 10, id="off-the-end"),
    pytest.param(SQUARE, (7, 5), 3, id="to-the-nearest-piece"),
    pytest.param(ROOF, (5, -2), 2, id="to-a-tip"),
]


@pytest.mark.parametrize(("line", "point", "distance"), DISTANCES)
def test_the_distance_is_to_the_nearest_point(line: Line, point: Point, distance: float) -> None:
    assert line.distance(point) == pytest.approx(distance)


BAD_LINES = [
    pytest.param((), "at least two points, found 0", id="no-point"),
    pytest.param(((1.0, 2.0),), "at least two points, found 1", id="one-point"),
    pytest.param(((1.0, 2.0), (1.0, 2.0)), r"needs a length, found \(1.0, 2.0\) twice", id="no-length"),
    pytest.param(((0.0, 0.0), (1.0, 2.0), (1.0, 2.0), (3.0, 3.0)), "needs a length", id="a-piece-without-length"),
]


@pytest.mark.parametrize(("points", "complaint"), BAD_LINES)
def test_a_line_that_is_none_is_refused(points: tuple[Point, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Line(points)


# A small grid, so that points on the line, on its corners and on its extension are the rule and not the exception.
on_grid = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda point: (float(point[0]), float(point[1])))


@st.composite
def lines(draw: st.DrawFn, closed: bool = False) -> Line:
    """A polyline of up to six pieces, which may touch and cross itself."""
    points = draw(st.lists(on_grid, min_size=2, max_size=6))
    points = [*points, points[0]] if closed else points
    assume(all(start != end for start, end in pairwise(points)))
    return Line(tuple(points))


Exact = tuple[Fraction, Fraction]


def exact_crossing(start: Point, end: Point, before: Exact, now: Exact) -> tuple[int, Fraction] | None:
    """Cramer's rule for start + u (end - start) = before + t (now - before), in fractions: the sign of the crossing, and t."""
    along = (Fraction(end[0] - start[0]), Fraction(end[1] - start[1]))
    step = (now[0] - before[0], now[1] - before[1])
    determinant = along[0] * step[1] - along[1] * step[0]
    if determinant == 0:
        return None
    away = (before[0] - Fraction(start[0]), before[1] - Fraction(start[1]))
    on_line = (away[0] * step[1] - away[1] * step[0]) / determinant
    on_step = (away[0] * along[1] - away[1] * along[0]) / determinant
    return (1 if determinant > 0 else -1, on_step) if 0 < on_line < 1 and 0 < on_step < 1 else None


def a_hair_off(point: Point) -> Exact:
    """Shifted to where it touches nothing: a hair to the right and a hair's hair down."""
    return Fraction(point[0]) + HAIR, Fraction(point[1]) + HAIR * HAIR


@REPEATABLE
@given(lines(), on_grid, on_grid)
def test_a_step_meets_what_exact_fractions_say(line: Line, before: Point, now: Point) -> None:
    pieces = [exact_crossing(start, end, a_hair_off(before), a_hair_off(now)) for start, end in pairwise(line.points)]
    crossings = [crossing for crossing in pieces if crossing is not None]
    meeting = line.met_by(before, now)
    assert meeting.net == sum(sign for sign, _ in crossings)
    if meeting.net:
        assert meeting.at == pytest.approx(float(max(share for _, share in crossings)), abs=1e-4)


@REPEATABLE
@given(lines(closed=True), on_grid, on_grid, on_grid)
def test_a_way_around_nets_nothing_over_a_closed_line_wherever_it_stops(
    line: Line, first: Point, second: Point, third: Point
) -> None:
    steps = [(first, second), (second, third), (third, first)]
    assert sum(line.met_by(before, now).net for before, now in steps) == 0


@REPEATABLE
@given(lines(), on_grid, on_grid)
def test_the_step_back_undoes_the_step(line: Line, before: Point, now: Point) -> None:
    assert line.met_by(before, now).net == -line.met_by(now, before).net


@REPEATABLE
@given(lines(), on_grid, on_grid)
def test_a_line_drawn_the_other_way_counts_the_other_way(line: Line, before: Point, now: Point) -> None:
    assert Line(line.points[::-1]).met_by(before, now).net == -line.met_by(before, now).net


@REPEATABLE
@given(on_grid, on_grid, on_grid, on_grid, st.integers(1, 7))
def test_a_line_is_as_good_in_two_pieces(start: Point, end: Point, before: Point, now: Point, eighths: int) -> None:
    assume(start != end)
    between = (start[0] + (end[0] - start[0]) * eighths / 8, start[1] + (end[1] - start[1]) * eighths / 8)
    assert Line((start, between, end)).met_by(before, now) == Line((start, end)).met_by(before, now)


@REPEATABLE
@given(lines(), on_grid)
def test_the_distance_is_that_of_the_exact_foot_point(line: Line, point: Point) -> None:
    nearest = min(squared_distance(start, end, point) for start, end in pairwise(line.points))
    assert line.distance(point) == pytest.approx(math.sqrt(nearest), abs=1e-9)


def squared_distance(start: Point, end: Point, point: Point) -> Fraction:
    """Of a point from a piece of a line, in fractions."""
    along = (Fraction(end[0] - start[0]), Fraction(end[1] - start[1]))
    away = (Fraction(point[0] - start[0]), Fraction(point[1] - start[1]))
    share = (away[0] * along[0] + away[1] * along[1]) / (along[0] ** 2 + along[1] ** 2)
    share = min(Fraction(1), max(Fraction(0), share))
    return (away[0] - share * along[0]) ** 2 + (away[1] - share * along[1]) ** 2
