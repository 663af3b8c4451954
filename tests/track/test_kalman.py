"""The filter against a textbook one: eight dimensions, full matrices, one step at a time."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.track import kalman

AXES = 4
REPEATABLE = settings(max_examples=100)
Measured: TypeAlias = tuple[float, float, float, float]  # centre x, centre y, width, height
BOX = np.array([[320.0, 240.0, 40.0, 90.0]])

boxes = st.tuples(st.floats(-100, 4000), st.floats(-100, 4000), st.floats(1, 1000), st.floats(1, 1000))
boxes_of_a_size = st.tuples(st.floats(-100, 4000), st.floats(-100, 4000), st.floats(20, 600), st.floats(20, 600))
any_steps = st.floats(1e-3, 200)


def squared(size: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """(4,) variances for the axes x, y, w, h of a box of ``size`` (w, h)."""
    return (np.tile(size, 2) * share) ** 2


def textbook(measured: NDArray[np.float64]) -> KalmanFilter:
    """BoT-SORT's filter for one box (4,), as published: 8 x 8 matrices and column vectors."""
    oracle = KalmanFilter(dim_x=2 * AXES, dim_z=AXES)
    oracle.x = np.concatenate([measured, np.zeros(AXES)])[:, None]
    oracle.F = np.eye(2 * AXES) + np.eye(2 * AXES, k=AXES)
    oracle.H = np.eye(AXES, 2 * AXES)
    oracle.P = np.diag(np.concatenate([squared(measured[2:], 2 / 20), squared(measured[2:], 10 / 160)]))
    return oracle


def textbook_predict(oracle: KalmanFilter, steps: int) -> None:
    """As many single steps, all with the noise that belongs to the box before the first."""
    size = oracle.x[2:4, 0].copy()
    noise = np.diag(np.concatenate([squared(size, 1 / 20), squared(size, 1 / 160)]))
    for _ in range(steps):
        oracle.predict(Q=noise)


def textbook_update(oracle: KalmanFilter, measured: NDArray[np.float64]) -> None:
    oracle.update(measured[:, None], R=np.diag(squared(oracle.x[2:4, 0], 1 / 20)))


def parts_of(oracle: KalmanFilter) -> list[NDArray[np.float64]]:
    """The (4, 4) covariances of position, of position with velocity, and of velocity."""
    return [oracle.P[:AXES, :AXES], oracle.P[:AXES, AXES:], oracle.P[AXES:, AXES:]]


def assert_same(filters: kalman.Filters, oracles: list[KalmanFilter]) -> None:
    """The five numbers of each axis agree, and the textbook filter couples nothing that ours leaves out."""
    for row, oracle in enumerate(oracles):
        np.testing.assert_allclose(filters[:2, row].ravel(), oracle.x[:, 0], rtol=1e-9, atol=1e-9)
        for ours, part in zip(filters[2:, row], parts_of(oracle)):
            np.testing.assert_allclose(np.diag(ours), part, rtol=1e-9, atol=1e-9)


def random_boxes(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    return np.column_stack([random.uniform(0, 2000, (count, 2)), random.uniform(30, 300, (count, 2))])


@pytest.mark.parametrize("seed", range(8))
def test_a_table_of_tracks_runs_like_as_many_textbook_filters(seed: int) -> None:
    """Start, then any mix of one or more steps with and without a sighting."""
    random = np.random.default_rng(seed)
    truth = random_boxes(random, 5)
    drift = random.normal(0, 3, truth.shape)
    drift[:, 2:] = random.uniform(-0.2, 0.4, (5, 2))
    filters, oracles = kalman.start(truth), [textbook(row) for row in truth]
    assert_same(filters, oracles)
    for _ in range(30):
        steps = int(random.integers(1, 6))
        truth = truth + drift * steps
        filters = kalman.predict(filters, steps)
        for oracle in oracles:
            textbook_predict(oracle, steps)
        assert_same(filters, oracles)
        if random.random() < 0.7:
            measured = truth + random.normal(0, 2, truth.shape)
            filters = kalman.update(filters, measured)
            for oracle, row in zip(oracles, measured):
                textbook_update(oracle, row)
            assert_same(filters, oracles)


@REPEATABLE
@given(boxes, st.integers(1, 30), st.integers(1, 30))
def test_steps_at_once_equal_the_same_steps_in_parts(box: Measured, first: int, second: int) -> None:
    """For a box that keeps its size, on which the noise depends."""
    filters = kalman.start(np.array([box]))
    filters[1, :, :2] = [[7.0, -3.0]]
    in_parts = kalman.predict(kalman.predict(filters, first), second)
    np.testing.assert_allclose(kalman.predict(filters, first + second), in_parts, rtol=1e-9, atol=1e-9)


@REPEATABLE
@given(boxes_of_a_size, st.lists(st.tuples(st.floats(1e-3, 60), st.none() | boxes_of_a_size), min_size=1, max_size=20))
def test_belief_stays_possible_whatever_happens(
    box: Measured,
    happenings: list[tuple[float, Measured | None]],
) -> None:
    """Variances stay positive, no correlation exceeds one, and a predicted box has a size; for gaps of up to two seconds."""
    filters = kalman.start(np.array([box]))
    for steps, measured in happenings:
        filters = kalman.predict(filters, steps)
        assert (filters[0, :, 2:] >= 1).all()
        if measured is not None:
            filters = kalman.update(filters, np.array([measured]))
        assert np.isfinite(filters).all()
        assert (filters[[2, 4]] > 0).all()
        assert (filters[3] ** 2 <= filters[2] * filters[4] * (1 + 1e-9)).all()


@REPEATABLE
@given(boxes, any_steps, any_steps)
def test_the_longer_unseen_the_less_is_known(box: Measured, one: float, other: float) -> None:
    sooner, later = sorted((one, other))
    filters = kalman.start(np.array([box]))
    assert (kalman.predict(filters, sooner)[[2, 4]] <= kalman.predict(filters, later)[[2, 4]]).all()


@REPEATABLE
@given(boxes, any_steps, boxes)
def test_a_sighting_pulls_towards_itself_and_adds_knowledge(box: Measured, steps: float, measured: Measured) -> None:
    believed = kalman.predict(kalman.start(np.array([box])), steps)
    updated = kalman.update(believed, np.array([measured]))
    low, high = np.minimum(believed[0], [measured]), np.maximum(believed[0], [measured])
    slack = 1e-9 * (1 + np.abs(high))
    assert (low - slack <= updated[0]).all()
    assert (updated[0] <= high + slack).all()
    assert (updated[[2, 4]] < believed[[2, 4]]).all()


def test_a_box_seen_shrinking_is_never_predicted_inside_out() -> None:
    filters = kalman.start(BOX)
    filters[1, :, 2:] = -5
    assert kalman.predict(filters, 100)[0, :, 2:].tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("steps", [0.5, 1.0, 3.0, 6.0])
def test_two_sightings_give_what_a_filter_gives_that_knew_nothing_before(steps: float) -> None:
    """The textbook filter with an endless prior and no process noise, shown the same two boxes of one size."""
    before, measured = BOX[0], BOX[0] + [60.0, -12.0, 0.0, 0.0]
    oracle = textbook(before)
    oracle.F = np.eye(2 * AXES) + steps * np.eye(2 * AXES, k=AXES)
    oracle.P = np.eye(2 * AXES) * 1e9
    textbook_update(oracle, before)
    oracle.predict(Q=np.zeros((2 * AXES, 2 * AXES)))
    oracle.update(measured[:, None], R=np.diag(squared(measured[2:], 1 / 20)))
    found = kalman.from_two(before[None], measured[None], steps)[:, 0]
    np.testing.assert_allclose(found[:2].ravel(), oracle.x[:, 0], rtol=1e-4, atol=1e-4)
    for ours, part in zip(found[2:], parts_of(oracle)):
        np.testing.assert_allclose(ours, np.diag(part), rtol=1e-4)


def test_two_sightings_of_different_size_do_not_make_a_box_grow() -> None:
    found = kalman.from_two(BOX, BOX * [[1.0, 1.0, 1.5, 1.2]], 2.0)
    assert found[1].tolist() == [[0.0, 0.0, 0.0, 0.0]]


def turned(degrees: float, scale: float) -> NDArray[np.float64]:
    cosine, sine = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    return np.array([[cosine, -sine, 12.0], [sine, cosine, -7.0]])


def moving(random: np.random.Generator) -> kalman.Filters:
    """Filters in mid-life, with velocities and covariances."""
    start = random_boxes(random, 6)
    filters = kalman.predict(kalman.start(start), 1)
    return kalman.predict(kalman.update(filters, start + random.normal(0, 5, start.shape)), 2)


@pytest.mark.parametrize(
    ("affine", "degrees"),
    [
        pytest.param(np.array([[1.0, 0.0, 40.0], [0.0, 1.0, -3.0]]), 0.0, id="pan and tilt"),
        pytest.param(turned(0.0, 1.1), 0.0, id="zoom"),
        pytest.param(turned(1.0, 1.0), 1.0, id="roll by one degree"),
        pytest.param(turned(-1.0, 0.95), 1.0, id="roll and zoom"),
    ],
)
def test_a_camera_move_is_the_full_affine_map_but_for_a_small_covariance(affine: NDArray[np.float64], degrees: float) -> None:
    """All that is kept is exact; left out is how x varies with y, at most the angle times what their variances differ by."""
    filters = moving(np.random.default_rng(3))
    scale = math.sqrt(np.linalg.det(affine[:, :2]))
    full = np.zeros((AXES, AXES))
    full[:2, :2], full[2:, 2:] = affine[:, :2], scale * np.eye(2)
    found = kalman.warp(filters, affine)
    np.testing.assert_allclose(found[0], filters[0] @ full.T + [*affine[:, 2], 0, 0], rtol=1e-12)
    np.testing.assert_allclose(found[1], filters[1] @ full.T, rtol=1e-9, atol=1e-12)
    for kind, row in np.ndindex(3, filters.shape[1]):
        before = filters[2 + kind, row]
        covariance = full @ np.diag(before) @ full.T
        np.testing.assert_allclose(found[2 + kind, row], np.diag(covariance), rtol=1e-12)
        left_out = np.abs(covariance - np.diag(np.diag(covariance))).max()
        assert left_out <= math.radians(degrees) * abs(before[0] - before[1]) + 1e-12


def test_no_tracks_are_no_trouble() -> None:
    nobody = kalman.start(np.empty((0, 4)))
    assert kalman.predict(nobody, 1).shape == kalman.warp(nobody, turned(1, 1)).shape == (5, 0, 4)
