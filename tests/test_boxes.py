"""Boxes against plain arithmetic, one pair at a time; tables that refuse what does not fit together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.boxes import (
    Boxes,
    Detections,
    Floats,
    Integers,
    Tracks,
    areas,
    cxcywh_to_xyxy,
    intersections,
    iou_matrix,
    overlapping_pairs,
    paired_diou,
    xyxy_to_cxcywh,
)

REPEATABLE = settings(max_examples=150)
NEVER_ABOVE = 1 + 1e-6
Placed: TypeAlias = tuple[float, float, float, float]  # x, y, width, height

# Whole and half pixels: boxes then touch, nest and coincide as often as they overlap.
corner, side = st.integers(-8, 24).map(lambda n: n / 2), st.integers(1, 24).map(lambda n: n / 2)
small_box = st.tuples(corner, corner, side, side)
far, long = st.floats(0, 4000, width=32), st.floats(1, 1000, width=32)
picture_box = st.tuples(far, far, long, long)


def corners(boxes: list[Placed]) -> Boxes:
    """(x, y, width, height) of each as an array of corners."""
    return np.array([(x, y, x + width, y + height) for x, y, width, height in boxes], np.float32).reshape(-1, 4)


tables = (st.lists(small_box, max_size=6) | st.lists(picture_box, max_size=6)).map(corners)


def slow_area(box: Boxes) -> float:
    left, top, right, bottom = (float(value) for value in box)
    return max(0.0, right - left) * max(0.0, bottom - top)


def slow_shared(one: Boxes, other: Boxes) -> float:
    return slow_area(np.concatenate([np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])]))


def slow_iou(one: Boxes, other: Boxes) -> float:
    shared = slow_shared(one, other)
    return shared / (slow_area(one) + slow_area(other) - shared)


def slow_diou(one: Boxes, other: Boxes) -> float:
    """Equation 7 of Zheng et al., word by word."""
    first, second = one.astype(float), other.astype(float)
    way = (first[:2] + first[2:]) / 2 - (second[:2] + second[2:]) / 2
    around = np.maximum(first[2:], second[2:]) - np.minimum(first[:2], second[:2])
    return slow_iou(one, other) - float(way @ way) / float(around @ around)


def slow_table(rule: Callable[[Boxes, Boxes], float], first: Boxes, second: Boxes) -> list[list[float]]:
    return [[rule(one, other) for other in second] for one in first]


@REPEATABLE
@given(tables, tables)
def test_every_pair_of_boxes_shares_what_arithmetic_says(first: Boxes, second: Boxes) -> None:
    """Also that a box shares all of itself with itself, and that order does not matter."""
    shape = len(first), len(second)
    shared, share = intersections(first, second), iou_matrix(first, second)
    np.testing.assert_allclose(areas(first), [slow_area(box) for box in first], rtol=1e-3)
    np.testing.assert_allclose(shared, np.reshape(slow_table(slow_shared, first, second), shape), rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(share, np.reshape(slow_table(slow_iou, first, second), shape), atol=1e-4)
    np.testing.assert_array_equal(share, iou_matrix(second, first).T)
    np.testing.assert_array_equal(np.diag(iou_matrix(first, first)), 1)
    assert ((share >= 0) & (share <= NEVER_ABOVE)).all()


@REPEATABLE
@given(tables, tables)
def test_overlapping_pairs_are_all_that_share_area(first: Boxes, second: Boxes) -> None:
    rows, columns = overlapping_pairs(first, second)
    shared = np.reshape(slow_table(slow_shared, first, second), (len(first), len(second)))
    assert list(zip(rows.tolist(), columns.tolist())) == list(zip(*(index.tolist() for index in shared.nonzero())))


@REPEATABLE
@given(tables, tables)
def test_likeness_of_pairs_is_the_published_formula(first: Boxes, second: Boxes) -> None:
    """For boxes that overlap and for boxes that do not."""
    rows, columns = (index.ravel() for index in np.indices((len(first), len(second))))
    found = paired_diou(first[rows], second[columns])
    expected = [slow_diou(first[row], second[column]) for row, column in zip(rows, columns)]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert ((found >= -1) & (found <= NEVER_ABOVE)).all()


@pytest.mark.parametrize(
    ("one", "other", "overlap", "alike"),
    [
        pytest.param((0, 0, 4, 4), (0, 0, 4, 4), 1.0, 1.0, id="the same box"),
        pytest.param((0, 0, 4, 4), (4, 0, 4, 4), 0.0, -16 / 80, id="edge to edge"),
        pytest.param((0, 0, 4, 4), (0, 8, 4, 4), 0.0, -64 / 160, id="one below the other"),
        pytest.param((0, 0, 2, 2), (6, 6, 2, 2), 0.0, -72 / 128, id="apart in both directions"),
        pytest.param((0, 0, 4, 4), (2, 0, 4, 4), 1 / 3, 1 / 3 - 4 / 52, id="half over"),
        pytest.param((0, 0, 8, 8), (2, 2, 4, 4), 1 / 4, 1 / 4, id="one in the middle of the other"),
        pytest.param((0, 0, 8, 8), (0, 0, 4, 4), 1 / 4, 1 / 4 - 8 / 128, id="one in the corner of the other"),
    ],
)
def test_likeness_by_hand(one: Placed, other: Placed, overlap: float, alike: float) -> None:
    first, second = corners([one]), corners([other])
    assert iou_matrix(first, second)[0, 0] == pytest.approx(overlap)
    assert paired_diou(first, second)[0] == pytest.approx(alike)


@REPEATABLE
@given(tables)
def test_centre_and_size_lead_back_to_the_corners(boxes: Boxes) -> None:
    np.testing.assert_allclose(cxcywh_to_xyxy(xyxy_to_cxcywh(boxes)), boxes, atol=1e-3)


def test_centre_and_size_by_hand() -> None:
    assert xyxy_to_cxcywh(corners([(10, 20, 4, 8)])).tolist() == [[12, 24, 4, 8]]


def floats(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)


def whole(*shape: int) -> Integers:
    return np.zeros(shape, np.int64)


@pytest.mark.parametrize(
    ("build", "found"),
    [
        pytest.param(lambda: Detections(floats(2, 5), floats(2), whole(2)), "boxes (2, 5), scores (2,)", id="five corners"),
        pytest.param(lambda: Detections(floats(4), floats(4), whole(4)), "boxes (4,), scores (4,)", id="one box without its row"),
        pytest.param(lambda: Detections(floats(2, 4), floats(3), whole(2)), "scores (3,), classes (2,)", id="a score too many"),
        pytest.param(lambda: Detections(floats(2, 4), floats(2), whole(1)), "scores (2,), classes (1,)", id="a class too few"),
        pytest.param(lambda: Detections(floats(2, 4), floats(2, 1), whole(2)), "scores (2, 1), classes (2,)", id="a column"),
    ],
)
def test_detections_refuse_arrays_that_do_not_fit(build: Callable[[], Detections], found: str) -> None:
    with pytest.raises(ValueError, match=r"wanted boxes \(N, 4\) and N scores and classes, found") as refusal:
        build()
    assert found in str(refusal.value)


def tracks(ids: int = 3, boxes: int = 3, scores: int = 3, classes: int = 3, confirmed: int = 3) -> Tracks:
    """Tracks with that many rows in each column."""
    return Tracks(whole(ids), floats(boxes, 4), floats(scores), whole(classes), np.zeros(confirmed, np.bool_))


@pytest.mark.parametrize(
    ("build", "found"),
    [
        pytest.param(lambda: tracks(ids=2), "ids (2,), boxes (3, 4)", id="ids"),
        pytest.param(lambda: tracks(boxes=2), "ids (3,), boxes (2, 4)", id="boxes"),
        pytest.param(lambda: tracks(scores=2), "scores (2,)", id="scores"),
        pytest.param(lambda: tracks(classes=2), "classes (2,)", id="classes"),
        pytest.param(lambda: tracks(confirmed=2), "confirmed (2,)", id="confirmed"),
    ],
)
def test_tracks_refuse_a_column_that_is_too_short(build: Callable[[], Tracks], found: str) -> None:
    with pytest.raises(ValueError, match=r"wanted boxes \(N, 4\) and N of everything else, found") as refusal:
        build()
    assert found in str(refusal.value)


def test_rows_are_taken_by_number_and_by_mask() -> None:
    three = Detections(corners([(1, 1, 1, 1), (2, 2, 1, 1), (3, 3, 1, 1)]), floats(3), np.array([7, 8, 9]))
    assert three.take(np.array([2, 0])).classes.tolist() == [9, 7]
    assert three.take(np.array([1])).boxes.tolist() == [[2, 2, 3, 3]]


def test_no_detections_have_the_shapes_and_types_of_some() -> None:
    nothing, some = Detections.empty(), Detections(floats(1, 4), floats(1), whole(1))
    assert len(nothing) == 0
    for name in ("boxes", "scores", "classes"):
        assert getattr(nothing, name).dtype == getattr(some, name).dtype
