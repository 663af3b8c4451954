"""The frames for calibration are those that differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from appliance.precision.difference import Thumbnails, most_different


def grey(*levels: int) -> Thumbnails:
    return np.array([[level] * 4 for level in levels], np.uint8)


@pytest.mark.parametrize(
    ("levels", "wanted", "taken"),
    [
        pytest.param([], 3, [], id="nothing there"),
        pytest.param([7], 3, [0], id="one"),
        pytest.param([7, 7, 7], 3, [0], id="all the same"),
        pytest.param([10, 11, 12, 200, 201, 90], 3, [3, 2, 5], id="one of each kind"),
        pytest.param([0, 50, 100, 150, 200], 0, [], id="none wanted"),
        pytest.param([0, 50, 100], 9, [0, 1, 2], id="fewer than wanted"),
    ],
)
def test_which_are_taken(levels: list[int], wanted: int, taken: list[int]) -> None:
    thumbnails = grey(*levels) if levels else np.empty((0, 4), np.uint8)
    found = most_different(thumbnails, wanted)
    kinds = {levels[row] // 30 for row in found}
    assert kinds == {levels[row] // 30 for row in taken}
    assert len(found) == len(taken)


pictures = arrays(np.uint8, st.tuples(st.integers(1, 30), st.just(6)))


@given(thumbnails=pictures, wanted=st.integers(1, 40))
def test_no_picture_is_taken_twice_and_the_choice_is_always_the_same(thumbnails: Thumbnails, wanted: int) -> None:
    taken = most_different(thumbnails, wanted)
    assert taken == sorted(set(taken))
    assert len(taken) == min(wanted, len(np.unique(thumbnails, axis=0)))
    assert most_different(thumbnails, wanted) == taken


@given(thumbnails=pictures, wanted=st.integers(1, 8))
def test_who_is_left_out_is_no_farther_from_the_taken_than_they_are_from_one_another(thumbnails: Thumbnails, wanted: int) -> None:
    taken = most_different(thumbnails, wanted)
    points = thumbnails.astype(np.float64)
    away = np.linalg.norm(points[:, None] - points[None, taken], axis=2)
    between = np.linalg.norm(points[taken][:, None] - points[None, taken], axis=2)
    if len(taken) > 1:
        assert away.min(axis=1).max() <= between[~np.eye(len(taken), dtype=bool)].min() + 1e-6
