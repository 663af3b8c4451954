"""Coverage: every moment is covered or a gap, by the minute, whatever the frames and the clocks do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S
from appliance.count.coverage import Coverage, by_minute
from appliance.ledger.records import Gap, Minute, Presence, Seen

BLIND_NS = NS_PER_S // 2
NOON_NS = 1_700_000_000 * NS_PER_S // NS_PER_MINUTE * NS_PER_MINUTE


def looked(*moments_ms: int, until_ms: int | None = None) -> Seen:
    """What comes of frames at these times after noon."""
    coverage = Coverage(BLIND_NS, 0 if until_ms is None else NOON_NS + until_ms * NS_PER_MS)
    for moment_ms in moments_ms:
        coverage.look(NOON_NS + moment_ms * NS_PER_MS, 0, {}, lambda since_ns: "nobody was there")
    return coverage.take()


def covered_ms(seen: Seen) -> dict[int, int]:
    return {
        (start_ns - NOON_NS) // NS_PER_MINUTE: minute.covered_ns // NS_PER_MS
        for start_ns, minute in seen.minutes.items()
        if minute.covered_ns
    }


def gaps_ms(seen: Seen) -> list[tuple[int, int]]:
    return [((gap.start_ns - NOON_NS) // NS_PER_MS, (gap.end_ns - NOON_NS) // NS_PER_MS) for gap in seen.gaps]


@pytest.mark.parametrize(
    ("moments_ms", "covered", "gaps"),
    [
        pytest.param((0, 40, 80), {0: 80}, [], id="three frames"),
        pytest.param((7,), {}, [], id="the first frame ever covers nothing"),
        pytest.param((0, 500), {0: 500}, [], id="just near enough"),
        pytest.param((0, 501), {}, [(0, 501)], id="a gap"),
        pytest.param((0, 40, 2000, 2040), {0: 80}, [(40, 2000)], id="before and after a gap"),
        pytest.param((59_900, 60_100), {0: 100, 1: 100}, [], id="over a full minute"),
        pytest.param((59_000, 200_000), {}, [(59_000, 200_000)], id="a gap over minutes"),
        pytest.param((1000, 960, 1000, 1040), {0: 40}, [], id="two clocks that are not quite the same"),
        pytest.param((100_000, 100_040, 10_000, 10_040), {0: 40, 1: 40}, [], id="the clock is set back"),
    ],
)
def test_frames_cover(moments_ms: tuple[int, ...], covered: dict[int, int], gaps: list[tuple[int, int]]) -> None:
    seen = looked(*moments_ms)
    assert (covered_ms(seen), gaps_ms(seen)) == (covered, gaps)
    assert sum(minute.frames for minute in seen.minutes.values()) == len(moments_ms)


def test_what_is_known_from_before_is_gone_on_from() -> None:
    assert covered_ms(looked(300, until_ms=0)) == {0: 300}
    assert gaps_ms(looked(900, until_ms=0)) == [(0, 900)]


def test_what_was_not_looked_at_is_counted_where_it_was() -> None:
    coverage = Coverage(BLIND_NS, 0)
    coverage.look(NOON_NS, 3, {}, str)
    coverage.skip(NOON_NS + NS_PER_MINUTE, 2)
    assert coverage.take().minutes == {NOON_NS: Minute(0, 1, 3), NOON_NS + NS_PER_MINUTE: Minute(0, 0, 2)}


def test_who_is_in_a_zone_is_added_up() -> None:
    coverage = Coverage(BLIND_NS, 0)
    for moment_ms, inside in ((0, 5), (100, 2), (300, 1), (2000, 4)):
        coverage.look(NOON_NS + moment_ms * NS_PER_MS, 0, {"island": inside}, str)
    assert coverage.take().presences == {("island", NOON_NS): Presence((200 + 200) * NS_PER_MS, 5)}


def test_what_was_taken_is_not_told_again() -> None:
    coverage = Coverage(BLIND_NS, NOON_NS)
    coverage.look(NOON_NS + 9 * NS_PER_S, 0, {}, lambda since_ns: "why")
    assert coverage.take().gaps == [Gap(NOON_NS, NOON_NS + 9 * NS_PER_S, "why")]
    assert coverage.take() == Seen(NOON_NS + 9 * NS_PER_S)


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=40))
def test_covered_and_gaps_are_all_the_time_there_was(steps_ms: list[int]) -> None:
    moments = [sum(steps_ms[: index + 1]) for index in range(len(steps_ms))]
    seen = looked(*moments)
    covered_ns = sum(minute.covered_ns for minute in seen.minutes.values())
    blind_ns = sum(gap.end_ns - gap.start_ns for gap in seen.gaps)
    assert covered_ns + blind_ns == (moments[-1] - moments[0]) * NS_PER_MS
    assert all(minute.covered_ns <= NS_PER_MINUTE for minute in seen.minutes.values())


@given(st.integers(0, 2**60), st.integers(0, 10 * NS_PER_MINUTE))
def test_minutes_are_the_whole_time(start_ns: int, length_ns: int) -> None:
    parts = list(by_minute(start_ns, start_ns + length_ns))
    assert sum(part_ns for _, part_ns in parts) == length_ns
    assert all(minute_ns % NS_PER_MINUTE == 0 and 0 < part_ns <= NS_PER_MINUTE for minute_ns, part_ns in parts)
