"""Histograms of latencies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.latency import BUCKETS, GROWTH, NONE, SHORTEST_NS, added, bucket_of, quantile_ns

LATENCIES = st.lists(st.integers(0, 600 * 10**9), min_size=1, max_size=200)


def histogram(latencies_ns: list[int]) -> tuple[int, ...]:
    return tuple(np.bincount([bucket_of(latency_ns) for latency_ns in latencies_ns], minlength=BUCKETS).tolist())


@given(LATENCIES, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_quantiles_are_right_within_a_bucket(latencies_ns: list[int], share: float) -> None:
    exact = float(np.quantile(latencies_ns, share, method="inverted_cdf"))
    found = quantile_ns(histogram(latencies_ns), share)
    assert max(exact, SHORTEST_NS) / 1.001 <= found <= max(exact, SHORTEST_NS) * GROWTH * 1.001


@given(LATENCIES, LATENCIES)
def test_histograms_add_up(one: list[int], other: list[int]) -> None:
    assert added(histogram(one), histogram(other)) == histogram(one + other)


@pytest.mark.parametrize("latency_ns", [0, -5, 10**18])
def test_whatever_comes_has_a_bucket(latency_ns: int) -> None:
    assert 0 <= bucket_of(latency_ns) < BUCKETS


def test_nothing_has_no_quantile() -> None:
    assert quantile_ns(NONE, 0.99) == 0
