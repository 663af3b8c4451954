"""The two measures, against SciPy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from appliance.drift.bins import BRIGHTNESS, SCORES, SIZES
from appliance.drift.distances import Counts, chance_of, psi, psi_by_chance, rank, shift

COUNTS = arrays(np.int64, st.integers(2, 12), elements=st.integers(0, 40)).filter(lambda counts: bool(counts.sum()))
TWO = st.integers(2, 12).flatmap(
    lambda bins: st.tuples(*(arrays(np.int64, bins, elements=st.integers(0, 40)).filter(lambda one: int(one.sum()) >= 5),) * 2)
)


def values(counts: Counts) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """As SciPy has them: the number of the bin, for each."""
    return np.repeat(np.arange(len(counts)), counts)


@given(TWO)
def test_the_distance_is_that_of_scipy(two: tuple[Counts, Counts]) -> None:
    before, now = two
    ours = shift(before, now)
    sample = (values(now), values(before))
    assert ours.either == pytest.approx(stats.ks_2samp(*sample, method="asymp").statistic)
    assert ours.down == pytest.approx(stats.ks_2samp(*sample, alternative="greater", method="asymp").statistic)
    assert ours.up == pytest.approx(stats.ks_2samp(*sample, alternative="less", method="asymp").statistic)


@pytest.mark.parametrize(("before", "now"), [(100, 30), (2000, 300), (50, 50)])
@pytest.mark.parametrize("distance", [0.1, 0.2, 0.35, 0.6])
def test_chance_is_that_of_scipy_where_it_matters_and_never_less(before: int, now: int, distance: float) -> None:
    effective = before * now / (before + now)
    exact = float(stats.kstwobign.sf(math.sqrt(effective) * distance))
    ours = chance_of(distance, before, now)
    assert ours >= exact - 1e-12
    if exact < 0.05:
        assert ours == pytest.approx(exact, rel=0.01)


@given(TWO)
def test_the_index_is_nothing_for_the_same_and_grows_with_the_difference(two: tuple[Counts, Counts]) -> None:
    before, now = two
    assert psi(before, before) == 0
    assert psi(before, now) >= 0
    assert psi(before, now) == pytest.approx(psi(now, before))


def test_the_index_by_hand() -> None:
    before, now = np.array([9000, 1000]), np.array([5000, 5000])
    assert psi(before, now) == pytest.approx(0.4 * math.log(5) - 0.4 * math.log(5 / 9), rel=0.001)
    assert psi(np.array([50, 50, 0]), np.array([0, 50, 50])) < math.inf


@pytest.mark.parametrize("bins", [2, 5, 20, 80])
def test_what_chance_alone_exceeds_is_a_quantile_of_chi_squared(bins: int) -> None:
    exact = stats.chi2.ppf(0.999, bins - 1) * (1 / 4000 + 1 / 50)
    assert psi_by_chance(4000, 50, bins) == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_samples_from_one_source_stay_below_it(seed: int) -> None:
    random, shares = np.random.default_rng(seed), [0.5, 0.3, 0.15, 0.05]
    before = random.multinomial(5000, shares)
    beyond = sum(psi(before, random.multinomial(60, shares)) > psi_by_chance(5000, 60, 4) for _ in range(300))
    assert beyond <= 3


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(-1, 300)))
def test_every_value_is_in_a_bin_and_near_its_middle(some: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    for bins in (BRIGHTNESS, SCORES, SIZES):
        assert bins.count(some).sum() == len(some)
    inside = np.clip(some[:1], 0, 255)
    assert abs(BRIGHTNESS.value(BRIGHTNESS.count(inside)) - inside[0]) <= 2
    share = np.clip(some[:1], 0.006, 0.99)
    assert SIZES.value(SIZES.count(share)) == pytest.approx(float(share[0]), rel=0.06)


@given(COUNTS, st.floats(0, 1))
def test_a_rank_is_that_of_the_sorted_values(counts: Counts, share: float) -> None:
    ordered = np.sort(values(counts))
    assert rank(counts, share) == ordered[max(1, math.ceil(share * len(ordered))) - 1]
