"""The assignment against two solvers of the full problem, and the rule for pairs beyond doubt."""

from __future__ import annotations

import lap
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from appliance.boxes import Floats
from appliance.track.matching import NO_PAIRS, Pairs, assign, joined, mutual_nearest

REPEATABLE = settings(max_examples=300)
LIMIT = 1.0  # any cost will do that no gain exceeds

sizes = st.tuples(st.integers(1, 7), st.integers(1, 7))
# Eighths, because they tie often and add up without rounding; 0 and less are candidates that bring nothing.
eighths = st.sampled_from([-0.5, 0, 0, 0, 0.125, 0.25, 0.375, 0.5])
tied_gains = sizes.flatmap(lambda shape: arrays(np.float32, shape, elements=eighths))
free_gains = sizes.flatmap(lambda shape: arrays(np.float32, shape, elements=st.floats(-1, 1, width=32)))


def chosen(gains: Floats) -> Pairs:
    """What ``assign`` makes of a (N, M) table in which 0 means no candidate."""
    rows, columns = gains.nonzero()
    return assign(Pairs(rows, columns), gains[rows, columns])


def best_by_lap(gains: Floats) -> float:
    """The largest sum of gains by ``lap``, where pairs that cost more than the limit stay apart."""
    cost = LIMIT - gains.astype(np.float64)
    _, column_of_row, _ = lap.lapjv(cost, extend_cost=True, cost_limit=LIMIT)
    rows = np.flatnonzero(column_of_row >= 0)
    return float(gains[rows, column_of_row[rows]].sum(dtype=np.float64))


def best_by_scipy(gains: Floats) -> float:
    useful = np.maximum(gains.astype(np.float64), 0)
    rows, columns = linear_sum_assignment(useful, maximize=True)
    return float(useful[rows, columns].sum())


def assert_best(gains: Floats) -> None:
    pairs = chosen(gains)
    picked = gains[pairs.rows, pairs.columns]
    assert (picked > 0).all(), "a pair without gain"
    assert len(set(pairs.rows.tolist())) == len(set(pairs.columns.tolist())) == len(pairs)
    total = float(picked.sum(dtype=np.float64))
    assert total == pytest.approx(best_by_lap(gains), abs=1e-5)
    assert total == pytest.approx(best_by_scipy(gains), abs=1e-5)


@REPEATABLE
@given(tied_gains)
def test_the_choice_is_the_best_one_among_ties(gains: Floats) -> None:
    assert_best(gains)


@REPEATABLE
@given(free_gains)
def test_the_choice_is_the_best_one(gains: Floats) -> None:
    assert_best(gains)


@pytest.mark.parametrize("seed", range(6))
def test_the_choice_is_the_best_one_in_a_crowd(seed: int) -> None:
    """Eighty tracks and seventy detections, each near a few others."""
    random = np.random.default_rng(seed)
    gains = random.uniform(-0.5, 1, (80, 70)).astype(np.float32)
    gains[random.random(gains.shape) > 0.06] = 0
    assert_best(gains)


def test_strangers_left_over_are_not_paired_with_each_other() -> None:
    """Track 1 and detection 2 lose their partners to others; they are no candidates of each other."""
    pairs = chosen(np.array([[0.7, 0.6, 0.2], [0.5, 0, 0], [0, 0.7, 0]], np.float32))
    assert sorted(zip(pairs.rows.tolist(), pairs.columns.tolist())) == [(0, 0), (2, 1)]


def test_two_fair_pairs_beat_a_good_one() -> None:
    pairs = chosen(np.array([[0.78, 0.4], [0.4, 0]], np.float32))
    assert sorted(zip(pairs.rows.tolist(), pairs.columns.tolist())) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("gains", [[[-0.1]], [[0.0, 0.0]]], ids=["a loss", "no candidates"])
def test_nothing_to_gain_is_nothing_chosen(gains: list[list[float]]) -> None:
    assert len(chosen(np.array(gains, np.float32))) == 0


NEVER = np.inf


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        pytest.param([[1.0]], [(0, 0)], id="one and one"),
        pytest.param([[NEVER]], [], id="out of reach"),
        pytest.param([[NEVER, NEVER], [NEVER, 1.0]], [(1, 1)], id="only one within reach"),
        pytest.param([[1.0, 9.0], [9.0, 1.0]], [(0, 0), (1, 1)], id="two far apart"),
        pytest.param([[9.0, 1.0], [1.0, 9.0]], [(0, 1), (1, 0)], id="two far apart, in another order"),
        pytest.param([[1.0, 1.9]], [], id="a second detection nearly as near"),
        pytest.param([[1.0, 2.0]], [(0, 0)], id="a second detection just far enough"),
        pytest.param([[1.0], [1.9]], [], id="a second track nearly as near"),
        pytest.param([[1.0], [2.0]], [(0, 0)], id="a second track just far enough"),
        pytest.param([[1.0, 1.0]], [], id="two detections equally near"),
        pytest.param([[1.0], [1.0]], [], id="two tracks equally near"),
        pytest.param([[1.0, 1.5], [9.0, 0.5]], [(1, 1)], id="a doubtful track beside a sure one"),
        pytest.param([[1.0, NEVER], [0.8, 0.1]], [(1, 1)], id="a rival that is surer of another"),
        pytest.param([[1.0, 9.0, NEVER], [9.0, 1.0, 1.1], [NEVER, 1.2, 1.0]], [(0, 0)], id="two in doubt do not hold up a third"),
    ],
)
def test_pairs_beyond_doubt(distance: list[list[float]], expected: list[tuple[int, int]]) -> None:
    """Each other's nearest, and any second candidate of either at least twice as far."""
    matrix = np.array(distance)
    pairs = mutual_nearest(matrix, 2.0)
    assert list(zip(pairs.rows.tolist(), pairs.columns.tolist())) == expected
    mirrored = mutual_nearest(matrix.T, 2.0)
    assert sorted(zip(mirrored.columns.tolist(), mirrored.rows.tolist())) == expected


lengths = st.sampled_from([1.0, 1.5, 2.0, 3.0, 4.0, 9.0, NEVER])
distances = sizes.flatmap(lambda shape: arrays(np.float64, shape, elements=lengths))


@REPEATABLE
@given(distances)
def test_pairs_beyond_doubt_by_the_letter(distance: NDArray[np.float64]) -> None:
    """Every pair, and no other, whose row and column hold nothing else below twice its distance."""
    expected = []
    for row, column in np.ndindex(distance.shape):
        rivals = [*np.delete(distance[row], column), *np.delete(distance[:, column], row)]
        if np.isfinite(distance[row, column]) and all(rival >= 2 * distance[row, column] for rival in rivals):
            expected.append((row, column))
    pairs = mutual_nearest(distance, 2.0)
    assert list(zip(pairs.rows.tolist(), pairs.columns.tolist())) == expected


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nobody_is_near_nobody(shape: tuple[int, int]) -> None:
    assert len(mutual_nearest(np.empty(shape), 2.0)) == 0


def test_joined_keeps_the_order() -> None:
    one, two = Pairs(np.array([4]), np.array([5])), Pairs(np.array([1, 2]), np.array([3, 0]))
    both = joined(one, NO_PAIRS, two)
    assert (both.rows.tolist(), both.columns.tolist()) == ([4, 1, 2], [5, 3, 0])
    assert len(joined()) == len(joined(NO_PAIRS)) == 0
