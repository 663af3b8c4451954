"""Intervals: closed once, adding up to the totals, with the coverage and the reasons of what was not seen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.config import CameraSettings
from appliance.count.diary import MOST_CLOSED, NOT_RUNNING, TAKEN_OUT, Diary
from appliance.count.intervals import GRACE_NS, LineIntervals
from appliance.count.reasons import NO_PICTURES
from appliance.ledger.intervals import MOST_GAPS
from appliance.ledger.ledger import Ledger
from appliance.ledger.reader import LedgerReader
from appliance.ledger.records import CrossingRecord, Gap, IntervalContent, IntervalRecord, Minute, Presence, Seen
from appliance.messages.health import CameraHealth, Health
from appliance.messages.message import Unpacker
from appliance.messages.orders import Checkpoint
from appliance.messages.reports import Condition

NOON_NS = 1_700_000_000 * NS_PER_S // (60 * NS_PER_MINUTE) * 60 * NS_PER_MINUTE
CONTENTS: Unpacker[IntervalContent] = Unpacker(IntervalContent)
GATE = {"name": "gate", "from": [0, 0.5], "to": [1, 0.5], "directions": {"forward": "in", "backward": "out"}}
ISLAND = {"name": "island", "points": [[0, 0], [1, 0], [1, 1]]}
YARD = CameraSettings.model_validate({"name": "yard", "source": "rtsp://127.0.0.1/", "lines": [GATE], "zones": [ISLAND]})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with_path = Ledger(tmp_path / "ledger.sqlite", "run1")
    yield with_path
    with_path.close()


def minute(number: float) -> int:
    """So many minutes after noon, nanoseconds."""
    return NOON_NS + round(number * NS_PER_MINUTE)


def closed(ledger: Ledger, line: str = "gate") -> list[tuple[float, float, IntervalContent]]:
    """The intervals of a line: beginning and end in minutes after noon, and what is in them."""
    rows = intervals_of(ledger)
    return [
        ((row.start_ns - NOON_NS) / NS_PER_MINUTE, (row.end_ns - NOON_NS) / NS_PER_MINUTE, row.content)
        for row in rows
        if row.line == line
    ]


def intervals_of(ledger: Ledger) -> list[IntervalRecord]:
    reader = LedgerReader(ledger.path)
    rows = reader.intervals(0, 10_000)
    reader.close()
    return rows


def commit(ledger: Ledger, diary: Diary, *moments: tuple[str, str, float], seen: Seen | None = None) -> None:
    """Crossings: direction, class, minutes after noon."""
    records = [
        CrossingRecord(
            event_id=f"{direction}{name}{at}",
            camera="yard",
            line="gate",
            direction=direction,
            class_name=name,
            frame=1,
            pts_ns=0,
            capture_ns=minute(at),
            track_id=1,
            confidence=0.9,
            x=0.0,
            y=0.0,
            reason="crossed",
            minute_ns=diary.minute_ns("yard", "gate", minute(at)),
        )
        for direction, name, at in moments
    ]
    ledger.commit("yard", Checkpoint(1), records, seen=seen)


def seen_whole(*minutes: int, until: float) -> Seen:
    return Seen(minute(until), {minute(number): Minute(NS_PER_MINUTE, 1500, 2) for number in minutes})


def test_an_interval_is_closed_some_seconds_after_its_end_and_only_once(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    commit(ledger, diary, ("in", "car", 0.2), ("in", "bus", 0.3), ("in", "car", 0.9), seen=seen_whole(0, 1, until=1.2))
    diary.close(minute(1) + GRACE_NS - 1)
    assert closed(ledger) == []
    diary.close(minute(1) + GRACE_NS)
    diary.close(minute(1) + GRACE_NS + 1)
    content = IntervalContent({"in": {"car": 2, "bus": 1}, "out": {}}, NS_PER_MINUTE, 1500, 2, ())
    assert closed(ledger) == [(0.0, 1.0, content)]


def test_a_quarter_of_an_hour_adds_up_its_minutes(ledger: Ledger) -> None:
    diary = Diary(ledger, (1, 15))
    diary.begin(YARD, minute(0))
    commit(ledger, diary, ("in", "car", 0.2), ("out", "car", 14.9), seen=seen_whole(*range(14), until=15))
    diary.close(minute(16))
    lengths = [end - start for start, end, _ in closed(ledger)]
    assert lengths.count(1.0) == 15
    [(_, _, quarter)] = [one for one in closed(ledger) if one[1] - one[0] == 15]
    assert (quarter.counts, quarter.covered_ns) == ({"in": {"car": 1}, "out": {"car": 1}}, 14 * NS_PER_MINUTE)


def test_a_crossing_that_is_decided_late_is_in_the_next_interval(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    diary.close(minute(1) + GRACE_NS)
    commit(ledger, diary, ("in", "car", 0.99))
    diary.close(minute(2) + GRACE_NS)
    assert [content.counts["in"] for _, _, content in closed(ledger)] == [{}, {"car": 1}]


def test_without_camera_is_not_without_vehicles(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    ledger.see("yard", seen_whole(0, until=1))
    diary.close(minute(1) + GRACE_NS)
    diary.hear(health("down", "the connection is refused", minute(2)))
    diary.close(minute(2) + GRACE_NS)
    quiet, blind = (content for _, _, content in closed(ledger))
    assert (quiet.covered_ns, quiet.gaps) == (NS_PER_MINUTE, ())
    assert (blind.covered_ns, blind.gaps) == (0, (Gap(minute(1), minute(2), "the connection is refused"),))
    assert quiet.counts == blind.counts == {"in": {}, "out": {}}


def health(state: str, reason: str, time_ns: int) -> Health:
    return Health(time_ns, (), (CameraHealth("yard", Condition(state, reason), 0, None, 0, 0, 0, 0, 0),))


def test_a_gap_counts_in_every_interval_that_it_touches(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    ledger.see("yard", Seen(minute(3), {minute(0): Minute(30 * NS_PER_S, 1, 0)}, [Gap(minute(0.5), minute(2.5), "cut")]))
    diary.close(minute(3) + GRACE_NS)
    gaps = [content.gaps for _, _, content in closed(ledger)]
    assert gaps == [
        (Gap(minute(0.5), minute(1), "cut"),),
        (Gap(minute(1), minute(2), "cut"),),
        (Gap(minute(2), minute(2.5), "cut"),),
    ]


def test_a_new_line_has_not_been_there_before(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0.75))
    ledger.see("yard", seen_whole(0, until=1))
    diary.close(minute(1) + GRACE_NS)
    [(_, _, content)] = closed(ledger)
    assert content.covered_ns == NS_PER_MINUTE / 4
    assert content.gaps == (Gap(minute(0), minute(0.75), "the line was not there yet"),)


def test_the_time_between_two_runs_has_intervals_with_the_reason(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    ledger.see("yard", seen_whole(0, until=1))
    diary.close(minute(1) + GRACE_NS)
    again = Ledger(ledger.path, "run2")
    diary = Diary(again, (1,))
    diary.begin(YARD, minute(4.5))
    diary.close(minute(4) + GRACE_NS)
    diary.close(minute(5) + GRACE_NS)
    gaps = [content.gaps for _, _, content in closed(again)][1:]
    assert [[gap.reason for gap in one] for one in gaps] == [[NOT_RUNNING]] * 3 + [[NOT_RUNNING, NO_PICTURES]]
    assert all(content.covered_ns == 0 for _, _, content in closed(again)[1:])
    again.close()


def test_after_a_week_only_the_last_day_has_intervals_and_not_all_are_closed_at_once(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    ledger.see("yard", seen_whole(0, until=1))
    diary.close(minute(1) + GRACE_NS)
    week = 7 * 24 * 60
    diary.begin(YARD, minute(week))
    diary.close(minute(week))
    assert len(intervals_of(ledger)) <= MOST_CLOSED + 2
    for _ in count():
        before = len(intervals_of(ledger))
        diary.close(minute(week))
        if len(intervals_of(ledger)) == before:
            break
    starts = [start for start, _, _ in closed(ledger)]
    assert len(starts) == len(set(starts)) == 2 + 24 * 60 - 1
    assert starts[-1] == week - 2


def test_a_line_that_is_taken_away_has_its_last_interval(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    commit(ledger, diary, ("in", "car", 0.2), seen=seen_whole(0, until=0.5))
    diary.leave("yard", minute(0.5))
    diary.close(minute(5))
    [(start, end, content)] = closed(ledger)
    assert (start, end, content.counts["in"]) == (0.0, 1.0, {"car": 1})
    assert content.gaps == (Gap(minute(0.5), minute(1), TAKEN_OUT),)


def test_a_zone_has_its_occupancy(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    ledger.see("yard", Seen(minute(1), presences={("island", minute(0)): Presence(90 * NS_PER_S, 3)}))
    diary.close(minute(1) + GRACE_NS)
    [(_, _, content)] = closed(ledger, "island")
    assert (content.presence_ns, content.most_present) == (90 * NS_PER_S, 3)
    [(_, _, content)] = closed(ledger)
    assert content.presence_ns is None


STEPS = st.lists(st.tuples(st.sampled_from(["count", "close", "restart"]), st.floats(0, 1.5), st.floats(0, 4)), max_size=25)


@settings(max_examples=30)
@given(STEPS)
def test_intervals_of_each_length_add_up_to_the_totals(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float, float]]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    ledger = Ledger(path, "run0")
    diary, now = Diary(ledger, (1, 5)), 0.0
    diary.begin(YARD, minute(now))
    counted = 0
    for number, (kind, step, late) in enumerate(steps):
        now += step
        if kind == "count":
            # A clock may be wrong, a decision late: what matters is that none is lost or there twice.
            commit(ledger, diary, ("in", f"class{number}", now - late))
            counted += 1
        elif kind == "close":
            diary.close(minute(now))
        else:
            ledger.close()
            ledger = Ledger(path, f"run{number}")
            diary = Diary(ledger, (1, 5))
            diary.begin(YARD, minute(now))
    diary.close(minute(now + 20))
    for length in (1.0, 5.0):
        ends = [content.counts["in"] for start, end, content in closed(ledger) if end - start == length]
        assert sum(sum(classes.values()) for classes in ends) == counted
    ledger.close()


def test_a_line_stands_where_its_ledger_says() -> None:
    lengths = (NS_PER_MINUTE, 15 * NS_PER_MINUTE)
    begun = LineIntervals.begin("yard", "gate", ("in", "out"), lengths, {NS_PER_MINUTE: minute(7)}, minute(30))
    assert begun.next_ns == {NS_PER_MINUTE: minute(7), 15 * NS_PER_MINUTE: minute(0)}
    assert begun.minute_ns(minute(3)) == minute(7)


def told(ledger: Ledger, length: float = 1.0) -> int:
    """How many crossings the closed intervals of a length hold."""
    return sum(sum(content.counts["in"].values()) for start, end, content in closed(ledger) if end - start == length)


def test_a_clock_that_is_set_back_has_intervals_again_at_once_and_none_twice(ledger: Ledger) -> None:
    diary = Diary(ledger, (1, 15))
    diary.begin(YARD, minute(100))
    commit(ledger, diary, ("in", "car", 100.5), ("in", "bus", 103.5))
    diary.close(minute(104.5))
    # It was too early by an hour and a half.
    for moment in (10.5, 11.5, 12.5):
        diary.close(minute(moment))
        commit(ledger, diary, ("in", f"class{moment}", moment))
    diary.close(minute(14))
    assert told(ledger) == 2 + 3
    starts = [start for start, end, _ in closed(ledger) if end - start == 1]
    assert len(starts) == len(set(starts))
    # The time that was counted already comes again.
    for moment in (101.5, 102.5, 103.2):
        commit(ledger, diary, ("in", f"class{moment}", moment))
    diary.close(minute(200))
    assert told(ledger) == told(ledger, 15.0) == 2 + 3 + 3


def test_after_a_week_what_was_counted_before_is_still_in_an_interval(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    commit(ledger, diary, ("in", "car", 0.2), ("in", "bus", 1.2), ("in", "truck", 3.2))
    week = 7 * 24 * 60
    again = Ledger(ledger.path, "run2")
    diary = Diary(again, (1,))
    diary.begin(YARD, minute(week))
    for _ in range(20):
        diary.close(minute(week))
    assert told(again) == 3
    again.close()


def test_a_line_that_is_gone_after_a_restart_has_its_last_interval(ledger: Ledger) -> None:
    diary = Diary(ledger, (1, 15))
    diary.begin(YARD, minute(0))
    commit(ledger, diary, ("in", "car", 0.2))
    again = Ledger(ledger.path, "run2")
    diary = Diary(again, (1, 15))
    diary.begin(YARD.model_copy(update={"lines": ()}), minute(5))
    for moment in (5, 7, 9, 20):
        diary.close(minute(moment))
    assert told(again) == told(again, 15.0) == 1
    again.close()


def test_what_touches_is_one_gap_and_there_are_never_too_many(ledger: Ledger) -> None:
    diary = Diary(ledger, (1,))
    diary.begin(YARD, minute(0))
    gaps = [Gap(minute(n / 400), minute((n + 1) / 400), "slow" if n < 100 else f"reason {n}") for n in range(400)]
    ledger.see("yard", Seen(minute(1), gaps=gaps))
    diary.close(minute(1) + GRACE_NS)
    [(_, _, content)] = closed(ledger)
    assert content.gaps[0] == Gap(minute(0), minute(0.25), "slow")
    assert len(content.gaps) == MOST_GAPS
    assert content.gaps[-1].reason.startswith("202 gaps of 30.3 s together, the first of them: reason ")
    assert content.gaps[-1].end_ns == minute(1)


def test_before_its_first_picture_a_camera_has_not_been_seen(ledger: Ledger) -> None:
    Diary(ledger, (1,)).begin(YARD, minute(0))
    assert ledger.seen_until("yard") == (minute(0), "run1")
