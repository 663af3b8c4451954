"""The reader of PromQL that other tests rely on."""

from __future__ import annotations

import pytest

from tests.docker.promql import Selector, selectors

CASES: dict[str, list[tuple[str, set[str]]]] = {
    "up": [("up", set())],
    'up{job="a or b", instance=~"$x"} == 0': [("up", {"job", "instance"})],
    "sum by (le, camera) (rate(a_bucket[5m]))": [("a_bucket", set())],
    "sum(a) without (b) / on (c) group_left (d) e": [("a", set()), ("e", set())],
    'a{x="}"} unless on (i) b{y!="("} == 1': [("a", {"x"}), ("b", {"y"})],
    "histogram_quantile(0.99, a) > bool 5e8 # and c": [("a", set())],
    "time() - a offset 5m or vector(0)": [("a", set())],
    "predict_linear(a[6h], 24 * 3600) < -1": [("a", set())],
    "max(min)": [],
    "": [],
}


@pytest.mark.parametrize("expression", CASES)
def test_selectors_are_found(expression: str) -> None:
    assert selectors(expression) == [Selector(metric, frozenset(labels)) for metric, labels in CASES[expression]]


def test_what_is_no_promql_is_refused() -> None:
    with pytest.raises(ValueError, match="no PromQL: '¿"):
        selectors("up + ¿que?")
