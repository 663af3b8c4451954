"""Today hour by hour at one line, and the latest crossings of a camera, asked of the ledger: for a thread."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo

from appliance.clock import NS_PER_S
from appliance.control.house import House
from appliance.control.panel.charts import Bar
from appliance.control.panel.coverage_words import Seeing, seeing
from appliance.errors import Refusal
from appliance.ledger.choice import Choice
from appliance.ledger.pages import Page
from appliance.ledger.queries import Bucket, Queries, Span
from appliance.ledger.reader import KeptCrossing
from appliance.ledger.rollups import DAY_NS, HOUR_NS
from appliance.publish.days import midnight_ns

MOST_LATEST = 50


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest crossings of a camera, newest first."""

    crossings: tuple[KeptCrossing, ...] = ()

    @property
    def sequence(self) -> int:
        """Of the newest one; 0 where there is none."""
        return self.crossings[0].sequence if self.crossings else 0


def latest(house: House, camera: str) -> Latest:
    """Nothing where there is no ledger yet."""
    try:
        book = Queries(house.ledger)
        try:
            return Latest(tuple(book.page(Page(MOST_LATEST), Choice(cameras=(camera,)))))
        finally:
            book.close()
    except (Refusal, sqlite3.Error):
        return Latest()


def bars_of_today(house: House, camera: str, line: str, directions: tuple[str, str], now_ns: int) -> list[Bar]:
    """From midnight to midnight in the site's time zone."""
    start_ns = midnight_ns(now_ns, house.zone)
    # Days have 23 to 25 hours.
    span = Span(start_ns, midnight_ns(start_ns + DAY_NS + 2 * HOUR_NS, house.zone), "hour", house.zone)
    try:
        book = Queries(house.ledger)
        try:
            buckets = book.counts(span, Choice(cameras=(camera,), lines=(line,)), ("direction",), now_ns=now_ns)
        finally:
            book.close()
    except (Refusal, sqlite3.Error):
        return []
    return [bar_of(bucket, directions, house.zone, now_ns) for bucket in buckets]


def bar_of(bucket: Bucket, directions: tuple[str, str], zone: tzinfo | None, now_ns: int) -> Bar:
    """An hour as it is shown; what was counted under names of before is in no bar."""
    numbers = tuple(bucket.counts.get((direction,), 0) for direction in directions)
    sight = seeing(bucket.coverage, bucket.total) if bucket.start_ns < now_ns else Seeing("future", 0.0, "later")
    start, end = (_time_text(time_ns, zone) for time_ns in (bucket.start_ns, bucket.end_ns))
    return Bar(start.removesuffix(":00"), f"{start} to {end}", numbers, sight)


def _time_text(time_ns: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(time_ns // NS_PER_S, timezone.utc).astimezone(zone):%H:%M}"
