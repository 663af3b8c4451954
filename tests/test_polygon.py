"""Polygons: which way around, what is inside, and whether the sides cross."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.polygon import Point, area, contains, is_simple

SQUARE = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))
COMB = ((0.0, 0.0), (6.0, 0.0), (6.0, 6.0), (4.0, 6.0), (4.0, 2.0), (2.0, 2.0), (2.0, 6.0), (0.0, 6.0))
POINTS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda at: (float(at[0]), float(at[1])))


def test_clockwise_on_a_picture_is_positive() -> None:
    assert area(SQUARE) == 16
    assert area(SQUARE[::-1]) == -16


@given(st.lists(POINTS, min_size=3, max_size=9, unique=True).filter(is_simple), POINTS)
def test_what_is_inside_agrees_with_opencv(corners: list[Point], point: Point) -> None:
    found = cv2.pointPolygonTest(np.array(corners, np.float32), (point[0] + 0.25, point[1] + 0.125), False)
    if found:
        assert contains(corners, (point[0] + 0.25, point[1] + 0.125)) == (found > 0)


@pytest.mark.parametrize("corners", [SQUARE, COMB, SQUARE[::-1], ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))])
def test_these_are_simple(corners: tuple[Point, ...]) -> None:
    assert is_simple(corners)


@pytest.mark.parametrize(
    "corners",
    [
        pytest.param(((0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0)), id="an hourglass"),
        pytest.param(((0.0, 0.0), (4.0, 0.0), (2.0, 0.0), (2.0, 3.0)), id="folded back"),
        pytest.param(((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 0.0), (0.0, 4.0)), id="a corner on a side"),
        pytest.param(((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 0.0), (0.0, 4.0)), id="a corner twice"),
        pytest.param(((0.0, 0.0), (2.0, 0.0), (4.0, 0.0)), id="no inside"),
    ],
)
def test_these_are_not(corners: tuple[Point, ...]) -> None:
    assert not is_simple(corners)


def test_on_the_border_of_two_a_point_is_in_one_of_them() -> None:
    right = tuple((x + 4.0, y) for x, y in SQUARE)
    for y in (0.0, 1.0, 3.5):
        assert contains(SQUARE, (4.0, y)) != contains(right, (4.0, y))
