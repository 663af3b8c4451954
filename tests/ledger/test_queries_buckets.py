"""Where buckets begin: clocks that are put forward and back, days that were left out, zones beside the full hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest

from appliance.clock import NS_PER_S
from appliance.ledger.buckets import BucketLength, bounds_ns, offset_of
from appliance.ledger.rollups import HOUR_NS, QUARTER_NS
from tests.ledger.asking import at


@dataclass(frozen=True)
class Scene:
    """A time of a place in buckets, whose beginnings and last end are, by the clocks there:"""

    name: str
    zone: str
    start: str
    end: str
    length: BucketLength
    bounds: tuple[str, ...]


SCENES = (
    Scene("put forward", "Europe/Berlin", "2026-03-29 01:30", "2026-03-29 03:30", "hour", ("01:00+01", "03:00+02", "04:00+02")),
    Scene(
        "put back",
        "Europe/Berlin",
        "2026-10-25 01:30",
        "2026-10-25 03:30",
        "hour",
        ("01:00+02", "02:00+02", "02:00+01", "03:00+01", "04:00+01"),
    ),
    Scene(
        "put back by half an hour",
        "Australia/Lord_Howe",
        "2026-04-05 01:10",
        "2026-04-05 02:10",
        "hour",
        ("01:00+11", "01:30+10:30", "02:00+10:30", "03:00+10:30"),
    ),
    Scene(
        "put forward by half an hour",
        "Australia/Lord_Howe",
        "2026-10-04 01:10",
        "2026-10-04 03:10",
        "hour",
        ("01:00+10:30", "02:30+11", "03:00+11", "04:00+11"),
    ),
    Scene("three quarters", "Asia/Kathmandu", "2026-05-04 12:59", "2026-05-04 13:01", "hour", ("12:00", "13:00", "14:00")),
    Scene("half an hour", "Asia/Kolkata", "2026-05-04 12:01", "2026-05-04 12:02", "hour", ("12:00", "13:00")),
    Scene("a quarter", "Asia/Kathmandu", "2026-05-04 12:59", "2026-05-04 13:01", "quarter", ("12:45", "13:00", "13:15")),
    Scene("a minute", "Asia/Kathmandu", "2026-05-04 12:59:30", "2026-05-04 13:00", "minute", ("12:59", "13:00")),
    Scene("no midnight", "Africa/Cairo", "2026-04-24 12:00", "2026-04-24 13:00", "day", ("04-24 01:00", "04-25 00:00")),
    Scene("a day left out", "Pacific/Apia", "2011-12-29 12:00", "2011-12-31 12:00", "day", ("12-29", "12-31", "2012-01-01")),
    Scene("after the second midnight", "America/St_Johns", "2010-11-07 12:00", "2010-11-07 13:00", "day", ("11-07", "11-08")),
    Scene(
        "a week over the year",
        "Europe/Berlin",
        "2026-01-01 12:00",
        "2026-01-05 00:00:01",
        "week",
        ("2025-12-29", "01-05", "01-12"),
    ),
    Scene("a leap year", "Europe/Berlin", "2028-02-29", "2028-03-01 12:00", "month", ("02-01", "03-01", "04-01")),
    Scene("December", "Europe/Berlin", "2026-12-31", "2027-01-01", "month", ("12-01", "2027-01-01")),
    Scene("years", "Pacific/Auckland", "2026-12-31 23:59", "2027-01-01 00:01", "year", ("01-01", "2027-01-01", "2028-01-01")),
)


def written(scene: Scene, bound: str) -> int:
    """A bound has as much as it has of year, day, time and distance from UTC; the rest is of the start."""
    day, time = bound.split(" ") if " " in bound else ("", bound) if ":" in bound else (bound, "00:00")
    day = scene.start[: 10 - len(day)] + day
    zone = ZoneInfo(scene.zone)
    if "+" in time:
        time, offset = time.split("+")
        return at(f"{day} {time}+{offset}" + (":00" if ":" not in offset else ""), zone)
    return at(f"{day} {time}", zone)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_where_buckets_begin_and_end(scene: Scene) -> None:
    zone = ZoneInfo(scene.zone)
    found = bounds_ns(at(scene.start, zone), at(scene.end, zone), scene.length, zone)
    assert found == [written(scene, bound) for bound in scene.bounds]


def test_where_the_clocks_go_back_across_midnight_time_goes_on() -> None:
    zone = ZoneInfo("America/St_Johns")
    for minute in range(0, 180, 15):
        start_ns = at("2010-11-07T01:00+00:00") + minute * 60 * NS_PER_S
        for length in ("hour", "day"):
            found = bounds_ns(start_ns, start_ns + 1, length, zone)
            assert found[0] <= start_ns < found[-1]
            assert found == sorted(set(found))


def test_in_every_zone_of_today_all_hours_and_days_begin_with_a_quarter() -> None:
    moments = [round(datetime(year, month, 1, tzinfo=timezone.utc).timestamp()) for year in (2000, 2026) for month in (1, 7)]
    for name in available_timezones():
        zone = ZoneInfo(name)
        for second in moments:
            exact = datetime.fromtimestamp(second, zone).utcoffset()
            assert exact is not None
            assert offset_of(second * NS_PER_S, zone) == exact.total_seconds() * NS_PER_S, name


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca"]
)
def test_hours_of_a_year_are_what_each_quarter_of_it_says(name: str) -> None:
    """The short way over days without a change of the clocks, against the long one."""
    zone = ZoneInfo(name)
    start_ns, end_ns = at("2026-01-01", zone), at("2027-01-01", zone)
    each = range(start_ns, end_ns, QUARTER_NS)
    offsets = [offset_of(time_ns, zone) for time_ns in each]
    begun = [
        time_ns
        for time_ns, offset_ns, before_ns in zip(each, offsets, [offsets[0], *offsets])
        if (time_ns + offset_ns) % HOUR_NS == 0 or offset_ns != before_ns
    ]
    assert bounds_ns(start_ns, end_ns, "hour", zone) == [*begun, end_ns]


def test_the_zone_of_the_computer() -> None:
    start_ns = at("2026-05-04T12:30+00:00")
    for length in ("hour", "day", "year"):
        found = bounds_ns(start_ns, start_ns + 1, length, None)
        assert found[0] <= start_ns < found[1] == found[-1]
