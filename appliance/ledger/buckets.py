"""Where buckets of time begin and end for people in a time zone; pure.

    minute, quarter    of UTC, which are those of every time zone
    hour               of the clock on the wall; where that is put forward or back within one, its parts are buckets of their own
    day, week, month   from midnight to midnight, so that there are days of 23 and 25 hours; weeks begin on Mondays
    year               from the first midnight to the next first one

Every bucket but minutes begins with a quarter of an hour of UTC, in all time zones of today.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal, get_args

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.errors import Refusal
from appliance.ledger.rollups import DAY_NS, HOUR_NS, QUARTER_NS

BucketLength = Literal["minute", "quarter", "hour", "day", "week", "month", "year"]
SHORTEST_NS = {
    "minute": NS_PER_MINUTE,
    "quarter": QUARTER_NS,
    "hour": HOUR_NS,
    "day": 23 * HOUR_NS,
    "week": 7 * 24 * HOUR_NS,
    "month": 28 * 24 * HOUR_NS,
    "year": 365 * 24 * HOUR_NS,
}
# A month of minutes, five years of hours.
MOST_BUCKETS = 45_000
# 1970 to 2200.
EARLIEST_NS, LATEST_NS = 0, 7_258_118_400 * NS_PER_S


def bounds_ns(from_ns: int, to_ns: int, length: BucketLength, zone: tzinfo | None) -> list[int]:
    """Where the buckets begin that together hold all of this time, and where the last of them ends.

    ``zone``: None is that of the computer. Refuses what is no time, no length, or too much.
    """
    _check(from_ns, to_ns, length)
    if length in ("minute", "quarter"):
        step_ns = SHORTEST_NS[length]
        end_ns = to_ns + -to_ns % step_ns
        return list(range(from_ns - from_ns % step_ns, end_ns + 1, step_ns))
    if length == "hour":
        return _hours(from_ns, to_ns, zone)
    return _days(from_ns, to_ns, length, zone)


def _check(from_ns: int, to_ns: int, length: str) -> None:
    if length not in get_args(BucketLength):
        raise Refusal(f"a bucket must be one of {', '.join(get_args(BucketLength))}, found '{length}'", usage=True)
    if not EARLIEST_NS <= from_ns < to_ns <= LATEST_NS:
        raise Refusal(
            f"a time from 1970 to 2200 that ends after it begins is wanted, found {from_ns} to {to_ns} nanoseconds", usage=True
        )
    if (number := (to_ns - from_ns) // SHORTEST_NS[length]) > MOST_BUCKETS:
        raise Refusal(f"at most {MOST_BUCKETS} buckets are told at once, found {number} of one {length} each", usage=True)


def _hours(from_ns: int, to_ns: int, zone: tzinfo | None) -> list[int]:
    start_ns = from_ns - from_ns % QUARTER_NS
    while not _begins_hour(start_ns, zone):
        start_ns -= QUARTER_NS
    bounds = [start_ns]
    while start_ns < to_ns:
        offset_ns = offset_of(start_ns, zone)
        if (start_ns + offset_ns) % HOUR_NS == 0 and offset_of(start_ns + DAY_NS, zone) == offset_ns:
            # No clock is put forward and back within a day; a year is asked for hours 400 times, not 9000 times.
            bounds += range(start_ns + HOUR_NS, start_ns + DAY_NS + 1, HOUR_NS)
            start_ns = bounds[-1]
            continue
        next_ns = start_ns + HOUR_NS - (start_ns + offset_ns) % HOUR_NS
        if offset_of(next_ns, zone) != offset_ns:
            later = range(start_ns + QUARTER_NS, next_ns, QUARTER_NS)
            next_ns = next((time_ns for time_ns in later if offset_of(time_ns, zone) != offset_ns), next_ns)
        bounds.append(start_ns := next_ns)
    return bounds[: bisect_left(bounds, to_ns) + 1]


def _begins_hour(time_ns: int, zone: tzinfo | None) -> bool:
    offset_ns = offset_of(time_ns, zone)
    return (time_ns + offset_ns) % HOUR_NS == 0 or offset_of(time_ns - QUARTER_NS, zone) != offset_ns


def offset_of(time_ns: int, zone: tzinfo | None) -> int:
    """How far the clocks there are ahead of UTC, full quarters of an hour."""
    offset = datetime.fromtimestamp(time_ns // NS_PER_S, timezone.utc).astimezone(zone).utcoffset()
    offset_ns = round((offset or timedelta()).total_seconds()) * NS_PER_S
    return offset_ns - offset_ns % QUARTER_NS


def _days(from_ns: int, to_ns: int, length: str, zone: tzinfo | None) -> list[int]:
    day = datetime.fromtimestamp(from_ns // NS_PER_S, timezone.utc).astimezone(zone).date()
    first = {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }[length]
    bounds = [_midnight_ns(first, zone)]
    while bounds[-1] < to_ns:
        first = _next(first, length)
        midnight_ns = _midnight_ns(first, zone)
        # There are days that were left out, where people went to the other side of the date line.
        if midnight_ns > bounds[-1]:
            bounds.append(midnight_ns)
    # Where clocks went back across midnight, the day before is over already.
    return bounds[1:] if bounds[1] <= from_ns else bounds


def _next(first: date, length: str) -> date:
    if length == "month":
        return (first + timedelta(days=31)).replace(day=1)
    if length == "year":
        return first.replace(year=first.year + 1)
    return first + timedelta(days=7 if length == "week" else 1)


def _midnight_ns(day: date, zone: tzinfo | None) -> int:
    """The first one, where there are two; where there is none, the first moment after it."""
    time_ns = round(datetime.combine(day, time(), zone).timestamp()) * NS_PER_S
    return time_ns - time_ns % QUARTER_NS
