"""Counts by bucket: empty and blind ones are there and differ, none counts twice, and what is not over says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.count.intervals import GRACE_NS
from appliance.errors import Refusal
from appliance.ledger import queries as asked
from appliance.ledger import tallies
from appliance.ledger.buckets import BucketLength
from appliance.ledger.choice import Attribute, Choice
from appliance.ledger.cleaning import Limits
from appliance.ledger.ledger import Ledger
from appliance.ledger.queries import SETTLED_NS, Queries, Span
from appliance.ledger.records import Minute, Presence, Seen
from appliance.ledger.rollups import DAY_NS, QUARTER_NS
from appliance.ledger.seen import Covered
from tests.ledger.asking import BERLIN, KATHMANDU, LATER_NS, UTC, a_crossing, asking, at, begin, hours, keep, see, totals
from tests.ledger.keeping import ROOM, rows

NOON_NS = at("2026-05-04 12:00")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with closing(Ledger(path, "run1")) as ledger:
        yield ledger


@pytest.fixture
def queries(ledger: Ledger, path: Path) -> Iterator[Queries]:
    with asking(path) as queries:
        yield queries


Border = tuple[str, str, Literal["quarter", "hour", "day", "week", "month", "year"]]
BORDERS: tuple[Border, ...] = (
    ("2026-05-04 12:15", "2026-05-04 12:14:59.999", "quarter"),
    ("2026-05-04 13:00", "2026-05-04 12:59:59.999", "hour"),
    ("2026-05-05 00:00", "2026-05-04 23:59:59.999", "day"),
    ("2026-05-04 00:00", "2026-05-03 23:59:59.999", "week"),
    ("2026-03-01 00:00", "2026-02-28 23:59:59.999", "month"),
    ("2027-01-01 00:00", "2026-12-31 23:59:59.999", "year"),
)


@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU, UTC], ids=str)
@pytest.mark.parametrize("border", BORDERS, ids=lambda border: border[2])
def test_a_moment_before_the_border_is_in_the_bucket_before(ledger: Ledger, path: Path, border: Border, zone: ZoneInfo) -> None:
    after, before, length = border
    keep(ledger, *(a_crossing(at(moment, zone)) for moment in (before, after, after)))
    assert totals(path, before, f"{after}:00.001", length, zone) == [1, 2]


def test_the_day_in_march_has_23_hours_and_the_one_in_october_25(ledger: Ledger, queries: Queries) -> None:
    for day, number in (("2026-03-29", 23), ("2026-10-25", 25)):
        start_ns = at(f"{day} 00:00")
        keep(ledger, *(a_crossing(start_ns + hour * 60 * NS_PER_MINUTE) for hour in range(number)))
        [whole] = queries.counts(Span(start_ns, at(f"{day} 23:59"), "day", BERLIN), now_ns=LATER_NS)
        assert (hours([whole]), whole.total) == ([number], number)
        by_hour = queries.counts(Span(start_ns, at(f"{day} 23:59"), "hour", BERLIN), now_ns=LATER_NS)
        assert (hours(by_hour), [bucket.total for bucket in by_hour]) == ([1.0] * number, [1] * number)


@pytest.mark.parametrize("length", ["minute", "hour"])
def test_more_numbers_than_fit_into_memory_are_refused(
    ledger: Ledger, queries: Queries, monkeypatch: pytest.MonkeyPatch, length: BucketLength
) -> None:
    begin(ledger, NOON_NS)
    keep(ledger, *(a_crossing(NOON_NS, class_name=name) for name in ("car", "bus", "tram")))
    span = Span(NOON_NS, at("2026-05-04 15:00"), length, BERLIN)
    buckets = {"minute": 180, "hour": 3}[length]
    # Three classes, and a camera.
    monkeypatch.setattr(asked, "MOST_NUMBERS", 4 * buckets)
    assert len(queries.counts(span, group_by=("class",), now_ns=LATER_NS)) == buckets
    monkeypatch.setattr(asked, "MOST_NUMBERS", 4 * buckets - 1)
    with pytest.raises(Refusal, match=f"found 4 in each of {buckets} buckets; ask for a shorter time") as refused:
        queries.counts(span, group_by=("class",), now_ns=LATER_NS)
    assert refused.value.usage
    assert len(queries.counts(span, now_ns=LATER_NS)) == buckets


def test_sums_are_the_same_in_steps_of_a_day(ledger: Ledger, queries: Queries, monkeypatch: pytest.MonkeyPatch) -> None:
    start_ns = at("2026-05-01 00:00")
    keep(ledger, *(a_crossing(start_ns + day * DAY_NS, class_name=name) for day in range(5) for name in ("car", "bus")))
    span = Span(start_ns, start_ns + 5 * DAY_NS, "hour", BERLIN)
    whole = queries.counts(span, group_by=("class",), now_ns=LATER_NS)
    monkeypatch.setattr(tallies, "MOST_QUARTERS", 1)
    assert queries.counts(span, group_by=("class",), now_ns=LATER_NS) == whole


@pytest.mark.parametrize("length", ["minute", "quarter", "hour", "day"])
def test_a_camera_that_is_no_more_is_missed_up_to_its_last_frame(ledger: Ledger, path: Path, length: BucketLength) -> None:
    for camera in ("yard", "roof"):
        begin(ledger, NOON_NS, camera=camera)
    see(ledger, NOON_NS, 120, "yard")
    see(ledger, NOON_NS, 50, "roof")
    span = Span(NOON_NS, NOON_NS + 2 * 60 * NS_PER_MINUTE, length, UTC)

    def possible(in_force: frozenset[str] | None) -> dict[str, float]:
        """Minutes."""
        with closing(Queries(path, in_force)) as queries:
            buckets = queries.counts(span, now_ns=NOON_NS + 120 * NS_PER_MINUTE)
        kept = {camera for bucket in buckets for camera in bucket.coverage}
        ns = {camera: sum(one.coverage[camera].possible_ns for one in buckets if camera in one.coverage) for camera in kept}
        assert all(0 <= seen.covered_ns <= seen.possible_ns for one in buckets for seen in one.coverage.values())
        return {camera: time_ns / NS_PER_MINUTE for camera, time_ns in ns.items()}

    # A day began before they did.
    before = (NOON_NS - NOON_NS % DAY_NS - NOON_NS) / -NS_PER_MINUTE if length == "day" else 0
    assert possible(None) == possible(frozenset({"yard", "roof"})) == {"yard": 120 + before, "roof": 120 + before}
    assert possible(frozenset({"yard"})) == {"yard": 120 + before, "roof": 50 + before}


def test_in_kathmandu_an_hour_begins_at_a_quarter_past_one_of_utc(ledger: Ledger, queries: Queries) -> None:
    start_ns = at("2026-05-04T06:15+00:00")
    keep(ledger, a_crossing(start_ns - 1), a_crossing(start_ns), a_crossing(start_ns + 60 * NS_PER_MINUTE - 1))
    [bucket] = queries.counts(Span(start_ns, start_ns + 1, "hour", KATHMANDU), now_ns=LATER_NS)
    assert (bucket.start_ns, bucket.total) == (start_ns, 2)


def test_a_bucket_without_vehicles_and_one_without_camera_are_there_and_differ(ledger: Ledger, queries: Queries) -> None:
    begin(ledger, NOON_NS)
    see(ledger, NOON_NS, 15)
    keep(ledger, a_crossing(NOON_NS + 31 * NS_PER_MINUTE))
    see(ledger, NOON_NS + 30 * NS_PER_MINUTE, 5)
    quiet, blind, busy = queries.counts(Span(NOON_NS, NOON_NS + 3 * QUARTER_NS, "quarter", BERLIN), now_ns=LATER_NS)
    assert quiet.counts == blind.counts == {}
    assert quiet.coverage == {"yard": Covered(QUARTER_NS, QUARTER_NS, 15 * 1499, 15)}
    assert blind.coverage == {"yard": Covered(0, QUARTER_NS, 0, 0)}
    assert (busy.counts, busy.seen) == ({(): 1}, Covered(QUARTER_NS // 3, QUARTER_NS, 5 * 1499, 5))


@pytest.mark.parametrize(("length", "number"), [("minute", 60), ("quarter", 4), ("hour", 1)])
def test_coverage_begins_with_the_line_and_ends_now(
    ledger: Ledger, queries: Queries, length: Literal["minute", "quarter", "hour"], number: int
) -> None:
    begin(ledger, NOON_NS + 16 * NS_PER_MINUTE)
    see(ledger, NOON_NS, 40)
    span = Span(NOON_NS, NOON_NS + 60 * NS_PER_MINUTE, length, BERLIN)
    buckets = queries.counts(span, now_ns=NOON_NS + 40 * NS_PER_MINUTE)
    assert len(buckets) == number
    assert sum(bucket.seen.covered_ns for bucket in buckets) == 24 * NS_PER_MINUTE
    assert [bucket.seen.possible_ns for bucket in buckets if not bucket.is_complete][0] <= 40 * NS_PER_MINUTE
    assert all(bucket.seen.covered_ns <= bucket.seen.possible_ns for bucket in buckets)
    assert bool(buckets[0].coverage) == (buckets[0].end_ns > NOON_NS + 16 * NS_PER_MINUTE), "nothing is possible before it began"


def test_a_minute_that_was_seen_twice_covers_no_more_than_itself(ledger: Ledger, queries: Queries) -> None:
    begin(ledger, NOON_NS)
    for _ in range(2):
        see(ledger, NOON_NS, 15)
    for length in ("minute", "quarter", "hour"):
        buckets = queries.counts(Span(NOON_NS, NOON_NS + QUARTER_NS, length, BERLIN), now_ns=LATER_NS)
        assert sum(bucket.seen.covered_ns for bucket in buckets) == QUARTER_NS


def test_what_is_not_over_is_not_complete(queries: Queries) -> None:
    assert SETTLED_NS == GRACE_NS, "a bucket is over when its intervals are closed"
    span = Span(NOON_NS, NOON_NS + 2 * QUARTER_NS, "quarter", BERLIN)
    for now_ns, complete in (
        (NOON_NS + QUARTER_NS + SETTLED_NS - 1, [False, False]),
        (NOON_NS + QUARTER_NS + SETTLED_NS, [True, False]),
        (NOON_NS + 2 * QUARTER_NS + SETTLED_NS, [True, True]),
    ):
        assert [bucket.is_complete for bucket in queries.counts(span, now_ns=now_ns)] == complete


PLACES = [(camera, line, way, name) for camera in ("yard", "road") for line in "ab" for way in ("in", "out") for name in "xyz"]
FILTERS: tuple[tuple[Choice, tuple[Attribute, ...], int, int], ...] = (
    (Choice(), (), 1, 24),
    (Choice(("yard",)), (), 1, 12),
    (Choice(("yard",), ("a", "b")), ("line",), 2, 12),
    (Choice(lines=("a",)), ("camera",), 2, 12),
    (Choice(directions=("in",), classes=("x", "z")), ("class", "camera"), 4, 8),
    (Choice(), ("class", "direction", "line", "camera"), 24, 24),
    (Choice(classes=("nobody",)), ("class",), 0, 0),
)


@pytest.mark.parametrize("length", ["minute", "hour", "month"])
@pytest.mark.parametrize(("choice", "group_by", "groups", "number"), FILTERS)
def test_filters_and_groups(
    ledger: Ledger,
    queries: Queries,
    length: Literal["minute", "hour", "month"],
    choice: Choice,
    group_by: tuple[Attribute, ...],
    groups: int,
    number: int,
) -> None:
    keep(ledger, *(a_crossing(NOON_NS, *place) for place in PLACES))
    [bucket] = queries.counts(Span(NOON_NS, NOON_NS + 1, length, BERLIN), choice, group_by, now_ns=LATER_NS)
    assert (len(bucket.counts), bucket.total) == (groups, number)
    wanted = (choice.cameras, choice.lines, choice.directions, choice.classes)
    for group in bucket.counts:
        for name, value in zip(group_by, group):
            position = ("camera", "line", "direction", "class").index(name)
            assert value in {place[position] for place in PLACES}
            assert not wanted[position] or value in wanted[position]


def test_a_crossing_is_in_the_bucket_of_its_interval_whatever_the_length(ledger: Ledger, path: Path) -> None:
    end_ns = NOON_NS + QUARTER_NS
    keep(ledger, a_crossing(end_ns - NS_PER_S, minute_ns=end_ns), a_crossing(end_ns - NS_PER_S, minute_ns=0))
    assert totals(path, "2026-05-04 12:00", "2026-05-04 12:30", "quarter") == [1, 1]
    minutes = totals(path, "2026-05-04 12:00", "2026-05-04 12:30", "minute")
    assert (minutes[14], minutes[15], sum(minutes)) == (1, 1, 2)


def test_minutes_that_were_deleted_say_so_and_the_sums_stay(ledger: Ledger, queries: Queries, path: Path) -> None:
    begin(ledger, NOON_NS)
    see(ledger, NOON_NS, 30)
    later_ns = NOON_NS + QUARTER_NS
    keep(ledger, *(a_crossing(time_ns) for time_ns in (NOON_NS, NOON_NS + 1, later_ns, later_ns + NS_PER_MINUTE)))
    while not ledger.clean(Limits(later_ns, LATER_NS, ROOM), later_ns).is_done:
        pass
    span = Span(NOON_NS, NOON_NS + 2 * QUARTER_NS, "quarter", BERLIN)
    assert [bucket.total for bucket in queries.counts(span, now_ns=LATER_NS)] == [2, 2]
    assert [bucket.seen.frames for bucket in queries.counts(span, now_ns=LATER_NS)] == [15 * 1499] * 2
    minutes = queries.counts(Span(span.from_ns, span.to_ns, "minute", BERLIN), now_ns=LATER_NS)
    assert [bucket.is_kept for bucket in minutes] == [False] * 15 + [True] * 15
    assert sum(bucket.total for bucket in minutes) == 2
    assert rows(path, "SELECT total FROM totals") == [(4,)]


def test_sums_are_kept_for_ten_years(ledger: Ledger, path: Path) -> None:
    begin(ledger, NOON_NS)
    for days in (0, 1, 365):
        keep(ledger, a_crossing(NOON_NS + days * DAY_NS))
        ledger.see("yard", Seen(1, {NOON_NS + days * DAY_NS: Minute(1, 1, 1)}, presences={("gate", NOON_NS): Presence(1, 1)}))
    now_ns = NOON_NS + 3653 * DAY_NS
    tables = ("quarters", "sequences", "covered_quarters")
    left = []
    for later in range(3):
        ledger.clean(Limits(now_ns, LATER_NS, 0), now_ns + later * DAY_NS)
        left.append([rows(path, f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables])
    assert left == [[3] * 3, [2] * 3, [1] * 3]
    assert rows(path, "SELECT COUNT(*) FROM present_quarters") == [(0,)]


def test_a_replayed_crossing_is_in_the_sums_once(ledger: Ledger, path: Path) -> None:
    record = a_crossing(NOON_NS)
    for _ in range(3):
        keep(ledger, record)
    assert totals(path, "2026-05-04 12:00", "2026-05-04 12:15", "quarter") == [1]


def test_how_full_a_zone_was(ledger: Ledger, queries: Queries) -> None:
    begin(ledger, NOON_NS, "island")
    begin(ledger, NOON_NS)
    seen = {NOON_NS: Minute(NS_PER_MINUTE, 1, 0), NOON_NS + QUARTER_NS: Minute(NS_PER_MINUTE // 2, 1, 0)}
    there = {("island", NOON_NS): Presence(90 * NS_PER_S, 3), ("island", NOON_NS + QUARTER_NS): Presence(60 * NS_PER_S, 2)}
    ledger.see("yard", Seen(1, seen, presences=there))
    for length, wanted in (
        ("quarter", [(1.5, 3), (2.0, 2), (None, 0), (None, 0)]),
        ("hour", [(150 / 90, 3)]),
    ):
        span = Span(NOON_NS, NOON_NS + 4 * QUARTER_NS, length, BERLIN)  # type: ignore[arg-type]  # of a tuple of both
        assert [bucket.zones for bucket in queries.occupancy(span, now_ns=LATER_NS)] == [
            {("yard", "island"): each} for each in wanted
        ]
    minutes = queries.occupancy(Span(NOON_NS, NOON_NS + QUARTER_NS, "minute", BERLIN), now_ns=LATER_NS)
    assert [bucket.zones["yard", "island"] for bucket in minutes] == [(1.5, 3)] + [(None, 0)] * 14


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        (Span(NOON_NS, NOON_NS, "hour"), "ends after it begins is wanted, found"),
        (Span(-1, NOON_NS, "hour"), "from 1970 to 2200"),
        (Span(NOON_NS, 2**63, "hour"), "from 1970 to 2200"),
        (Span(0, NOON_NS, "minute"), "at most 45000 buckets are told at once, found"),
        (Span(NOON_NS, NOON_NS + 1, "decade"), "must be one of minute, .*, year, found 'decade'"),  # type: ignore[arg-type]  # wrong
    ],
    ids=["nothing", "before 1970", "after 2200", "too many", "no length"],
)
def test_what_cannot_be_answered_is_refused(queries: Queries, span: Span, problem: str) -> None:
    with pytest.raises(Refusal, match=problem):
        queries.counts(span, now_ns=LATER_NS)
