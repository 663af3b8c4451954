"""Counts against the truth: named scenes, and what holds of any."""

from __future__ import annotations

import math
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.evaluate.counts import Comparison, Trial, Volume, compare, geh, wmape
from appliance.evaluate.crossings import Crossing, match

MOVEMENTS = (("road", "forward"), ("road", "backward"))
MINUTE_S, TOLERANCE_S = 60.0, 0.5

Seen = tuple[float, str, str]  # time in seconds, direction, class


def crossing(time_s: float, direction: str = "forward", class_name: str = "car") -> Crossing:
    return Crossing("road", direction, class_name, time_s * 25, time_s)


def compared(truth: list[Seen], counted: list[Seen]) -> Comparison:
    sides = [tuple(crossing(*one) for one in side) for side in (truth, counted)]
    return compare(Trial(sides[0], sides[1], MOVEMENTS, observed_s=120.0), MINUTE_S, TOLERANCE_S)


A, B = (10.0, "forward", "car"), (70.0, "backward", "truck")


@pytest.mark.parametrize(
    ("truth", "counted", "missing", "extra", "other_class", "wmape", "wmape_by_class"),
    [
        pytest.param([A, B], [A, B], 0, 0, 0, 0.0, 0.0, id="perfect"),
        pytest.param([A, B], [B], 1, 0, 0, 0.5, 0.5, id="one missing"),
        pytest.param([A, B], [A, B, (30.0, "forward", "car")], 0, 1, 0, 0.5, 0.5, id="one extra"),
        pytest.param([A, B], [A, (70.0, "forward", "truck")], 1, 1, 0, 1.0, 1.0, id="swapped direction"),
        pytest.param([A, B], [A, (70.0, "backward", "bus")], 0, 0, 1, 0.0, 1.0, id="wrong class"),
        pytest.param([A, B], [A, (70.5, "backward", "truck")], 0, 0, 0, 0.0, 0.0, id="late, just inside the tolerance"),
        pytest.param([A, B], [A, (70.5001, "backward", "truck")], 1, 1, 0, 0.0, 0.0, id="late, just outside the tolerance"),
        pytest.param([A, B], [A, (69.5, "backward", "truck")], 0, 0, 0, 0.0, 0.0, id="early, just inside the tolerance"),
        pytest.param([(59.9, *A[1:])], [(60.1, *A[1:])], 0, 0, 0, 2.0, 2.0, id="late into the next interval"),
        pytest.param([], [A], 0, 1, 0, math.inf, math.inf, id="empty truth"),
        pytest.param([A, B], [], 2, 0, 0, 1.0, 1.0, id="empty counts"),
        pytest.param([], [], 0, 0, 0, 0.0, 0.0, id="nothing at all"),
        pytest.param([A, B], [A, A, B], 0, 1, 0, 0.5, 0.5, id="the same one twice"),
        pytest.param([A, B], [(30.0, *A[1:]), B], 1, 1, 0, 0.0, 0.0, id="right total for the wrong reason"),
    ],
)
def test_scenes(
    truth: list[Seen],
    counted: list[Seen],
    missing: int,
    extra: int,
    other_class: int,
    wmape: float,
    wmape_by_class: float,
) -> None:
    found = compared(truth, counted)
    matchings = [score.matching for score in found.movements]
    assert sum(len(matching.missing) for matching in matchings) == missing
    assert sum(len(matching.extra) for matching in matchings) == extra
    assert sum(matching.other_class for matching in matchings) == other_class
    assert found.wmape == wmape
    assert found.wmape_by_class == wmape_by_class
    assert sum(score.volume.truth for score in found.movements) == len(truth)
    assert sum(score.volume.counted for score in found.movements) == len(counted)


CLOSE = [
    pytest.param([(1.0, "car"), (1.4, "car")], [(1.3, "car"), (1.7, "car")], [0.3, 0.3], 0, id="both late: in their order"),
    pytest.param([(1.0, "car"), (1.4, "car")], [(1.3, "car")], [0.1], 0, id="one of two: the nearer"),
    pytest.param(
        [(1.0, "car"), (1.6, "car")], [(1.4, "car"), (2.0, "car")], [0.4, 0.4], 0, id="two pairs rather than the nearest"
    ),
    pytest.param([(1.0, "car"), (1.0, "bus")], [(1.0, "bus"), (1.0, "car")], [0.0, 0.0], 0, id="side by side"),
    pytest.param([(1.0, "car"), (1.0, "bus")], [(1.04, "bus"), (1.08, "car")], [0.04, 0.08], 0, id="side by side, a frame apart"),
    pytest.param(
        [(1.0, "car"), (1.1, "bus")], [(1.2, "bus"), (1.4, "car")], [0.1, 0.4], 0, id="classes decide between equal sums"
    ),
    pytest.param([(1.0, "car"), (1.2, "bus")], [(1.0, "bus"), (1.2, "car")], [0.0, 0.0], 2, id="time goes before class"),
]


@pytest.mark.parametrize(("truth", "counted", "errors_s", "other_class"), CLOSE)
def test_several_close_together(
    truth: list[tuple[float, str]], counted: list[tuple[float, str]], errors_s: list[float], other_class: int
) -> None:
    sides = [[crossing(time_s, class_name=class_name) for time_s, class_name in side] for side in (truth, counted)]
    matching = match(sides[0], sides[1], TOLERANCE_S)
    assert sorted(matching.time_errors_s) == pytest.approx(errors_s)
    assert matching.other_class == other_class


def test_time_errors_have_a_median_and_a_largest() -> None:
    found = match([crossing(1), crossing(5), crossing(9)], [crossing(1.1), crossing(4.7), crossing(9)], TOLERANCE_S)
    assert (found.median_time_error_s, found.largest_time_error_s) == (0.1, 0.3)
    nothing = match([crossing(1)], [], TOLERANCE_S)
    assert (nothing.median_time_error_s, nothing.largest_time_error_s) == (None, None)


def test_volumes_are_told_by_interval_line_direction_and_class() -> None:
    found = compared([A, (11.0, *A[1:]), (61.0, *A[1:]), B], [A, B, (119.9, "backward", "car")])
    assert found.cells == {
        (0.0, "road", "forward", "car"): Volume(2, 1),
        (60.0, "road", "backward", "car"): Volume(0, 1),
        (60.0, "road", "backward", "truck"): Volume(1, 1),
        (60.0, "road", "forward", "car"): Volume(1, 0),
    }
    forward, backward = found.movements
    assert (forward.volume, forward.volume.error) == (Volume(3, 1), -2)
    assert (backward.volume, backward.volume.error) == (Volume(1, 2), 1)
    assert backward.classes == {"car": Volume(0, 1), "truck": Volume(1, 1)}
    assert found.wmape == 3 / 4


@pytest.mark.parametrize(
    ("volume", "observed_s", "expected"),
    [
        pytest.param(Volume(100, 100), 3600.0, 0.0, id="equal"),
        pytest.param(Volume(0, 0), 3600.0, 0.0, id="nothing"),
        pytest.param(Volume(100, 121), 3600.0, math.sqrt(2 * 21**2 / 221), id="an hour"),
        pytest.param(Volume(121, 100), 3600.0, math.sqrt(2 * 21**2 / 221), id="symmetric"),
        pytest.param(Volume(100, 121), 900.0, 2 * math.sqrt(2 * 21**2 / 221), id="a quarter of an hour"),
        pytest.param(Volume(0, 8), 3600.0, 4.0, id="nothing was true"),
    ],
)
def test_geh(volume: Volume, observed_s: float, expected: float) -> None:
    assert geh(volume, observed_s) == pytest.approx(expected)


def test_wmape_weighs_by_the_truth() -> None:
    assert wmape([Volume(90, 81), Volume(10, 20), Volume(0, 1)]) == pytest.approx(0.2)


# What holds of any crossings.

TIMES_S = st.integers(0, 1200).map(lambda tenths: tenths / 10)
CROSSINGS = st.lists(st.builds(crossing, TIMES_S, st.sampled_from(["forward", "backward"]), st.sampled_from(["car", "bus"])))


def judged(truth: list[Crossing], counted: list[Crossing]) -> Comparison:
    return compare(Trial(tuple(truth), tuple(counted), MOVEMENTS, 120.0), MINUTE_S, TOLERANCE_S)


@given(CROSSINGS)
def test_a_copy_of_the_truth_has_no_error(truth: list[Crossing]) -> None:
    found = judged(truth, truth)
    assert found.wmape == found.wmape_by_class == 0
    for score in found.movements:
        assert score.geh == score.matching.other_class == 0
        assert not score.matching.missing
        assert not score.matching.extra
        assert all(error_s == 0 for error_s in score.matching.time_errors_s)


@given(CROSSINGS, st.data())
def test_as_many_as_are_taken_away_are_missing(truth: list[Crossing], data: st.DataObject) -> None:
    kept = [one for one in truth if data.draw(st.booleans())]
    found = judged(truth, kept)
    assert sum(len(score.matching.missing) for score in found.movements) == len(truth) - len(kept)
    assert not any(score.matching.extra for score in found.movements)
    assert found.wmape == pytest.approx((len(truth) - len(kept)) / max(1, len(truth)))


@given(CROSSINGS, CROSSINGS, st.data())
def test_the_order_in_the_files_does_not_matter(truth: list[Crossing], counted: list[Crossing], data: st.DataObject) -> None:
    shuffled = [data.draw(st.permutations(side)) for side in (truth, counted)]
    first, second = judged(truth, counted), judged(*shuffled)
    assert (first.cells, first.wmape, first.movements) == (second.cells, second.wmape, second.movements)


@given(CROSSINGS, CROSSINGS)
def test_every_crossing_is_matched_missing_or_extra_once(truth: list[Crossing], counted: list[Crossing]) -> None:
    for movement in MOVEMENTS:
        sides = [[one for one in side if one.movement == movement] for side in (truth, counted)]
        found = match(sides[0], sides[1], TOLERANCE_S)
        by_time = [sorted(side, key=repr) for side in sides]
        assert sorted([true for true, _ in found.pairs] + list(found.missing), key=repr) == by_time[0]
        assert sorted([one for _, one in found.pairs] + list(found.extra), key=repr) == by_time[1]
        assert all(error_s <= TOLERANCE_S for error_s in found.time_errors_s)


FEW = st.lists(
    st.builds(crossing, st.integers(0, 12).map(lambda tenths: tenths / 10), class_name=st.sampled_from("abc")), max_size=4
)


@given(FEW, FEW)
def test_no_other_choice_of_pairs_is_better(truth: list[Crossing], counted: list[Crossing]) -> None:
    found = match(truth, counted, TOLERANCE_S)
    price = (-len(found.pairs), sum(abs(true.tick - one.tick) for true, one in found.pairs), found.other_class)
    assert price == min(prices(truth, counted))


def prices(truth: list[Crossing], counted: list[Crossing]) -> list[tuple[int, int, int]]:
    """Of every possible choice of pairs: how many, negative; their time errors in ticks; how many are of different classes."""
    found = []
    for size in range(min(len(truth), len(counted)) + 1):
        for rows in combinations(truth, size):
            for columns in permutations(counted, size):
                errors = [abs(true.tick - one.tick) for true, one in zip(rows, columns)]
                if all(error <= TOLERANCE_S * 10_000 for error in errors):
                    different = sum(true.class_name != one.class_name for true, one in zip(rows, columns))
                    found.append((-size, sum(errors), different))
    return found
