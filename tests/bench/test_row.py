"""A row's figure, its target and its words."""

from __future__ import annotations

import pytest

from appliance.bench.bench import median_of
from appliance.bench.gate import fault_of, refuse_bad
from appliance.bench.row import Measure, Row, Target, failed, number
from appliance.errors import Refusal


@pytest.mark.parametrize(
    ("target", "figure", "slack", "is_met"),
    [
        pytest.param(Target(least=4), 4.0, 1.0, True, id="just enough"),
        pytest.param(Target(least=4), 3.9, 1.0, False, id="too little"),
        pytest.param(Target(least=4), 2.0, 2.0, True, id="half of it, and twice the slack"),
        pytest.param(Target(most=150), 150.0, 1.0, True, id="just not too much"),
        pytest.param(Target(most=150), 151.0, 1.0, False, id="too much"),
        pytest.param(Target(most=150), 301.0, 2.0, False, id="too much with slack"),
        pytest.param(Target(most=60), -3.0, 1.0, True, id="less than nothing"),
    ],
)
def test_a_target_is_met_or_not(target: Target, figure: float, slack: float, is_met: bool) -> None:
    assert target.is_met(figure, slack) is is_met


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0814, "0.081"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (98765.4, "98765"), (0.0, "0.000"), (-12.34, "-12.3")],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, words: str) -> None:
    assert number(value) == words


def test_a_measure_says_its_tail() -> None:
    assert Measure(0.142, "ms", 0.18, "p95").in_words() == "0.142 ms (p95 0.180)"
    assert Measure(102.0, "frames/s").in_words() == "102 frames/s"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        pytest.param(Row(part="a", what="b", figure=5.0, target=Target(least=4)), "met", id="met"),
        pytest.param(Row(part="a", what="b", figure=3.0, target=Target(least=4)), "missed", id="missed"),
        pytest.param(Row(part="a", what="b", target=Target(least=4), note="not asked"), "", id="no figure"),
        pytest.param(Row(part="a", what="b", figure=5.0), "", id="no target"),
    ],
)
def test_a_verdict_needs_a_figure_and_a_target(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


def test_the_gate_passes_what_is_near_its_target_or_cannot_be_judged() -> None:
    refuse_bad(
        [
            Row(part="a", what="near", figure=2.1, target=Target(least=4)),
            Row(part="a", what="not asked", target=Target(least=4), note="not asked"),
            Row(part="a", what="times on a busy machine", figure=1000.0, target=Target(most=1), is_gated=False),
            Row(part="a", what="no target", figure=0.1),
        ]
    )


def test_the_gate_names_every_fault() -> None:
    far = Row(part="counting", what="file to counts", against="a peer", figure=1.5, target=Target(least=4))
    with pytest.raises(
        Refusal, match=r"2 of 3 rows .*file to counts \(a peer\): at least 4 times as fast.*found 1\.50.*no disk"
    ) as caught:
        refuse_bad([far, failed("cameras", "all", "no disk"), Row(part="a", what="b", figure=1.0)])
    assert not caught.value.usage
    assert fault_of(Row(part="a", what="b")) == ""


def test_the_middle_run_is_a_run_that_was_made() -> None:
    assert median_of([3.0, 1.0, 2.0], lambda run: run) == 2.0
    assert median_of([2.0, 1.0], lambda run: run) == 1.0
