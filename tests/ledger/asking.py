"""A ledger with what was counted and seen at times that people have read from their clocks, and answers of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, tzinfo
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.ledger.buckets import BucketLength
from appliance.ledger.ledger import Ledger
from appliance.ledger.queries import Bucket, Queries, Span
from appliance.ledger.records import CrossingRecord, Minute, Seen
from appliance.messages.orders import Checkpoint

BERLIN, KATHMANDU, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")
LATER_NS = 4_000_000_000 * NS_PER_S
NUMBERS = count()


def at(moment: str, zone: tzinfo = BERLIN) -> int:
    """Nanoseconds since 1970; a moment that tells how far it is from UTC is taken at its word."""
    time = datetime.fromisoformat(moment)
    return round((time if time.tzinfo else time.replace(tzinfo=zone)).timestamp() * 1000) * 1_000_000


def a_crossing(
    time_ns: int,
    camera: str = "yard",
    line: str = "gate",
    direction: str = "in",
    class_name: str = "car",
    *,
    minute_ns: int | None = None,
) -> CrossingRecord:
    """``minute_ns``: 0 for a source that keeps no time; None for the minute of the time."""
    minute_ns = time_ns - time_ns % NS_PER_MINUTE if minute_ns is None else minute_ns
    name, place = f"run1.{next(NUMBERS)}", (camera, line, direction, class_name)
    return CrossingRecord(name, *place, 0, 0, time_ns, 1, 0.5, 1, 2, "crossed", minute_ns=minute_ns)


def keep(ledger: Ledger, *records: CrossingRecord) -> None:
    ledger.commit("yard", Checkpoint(), records)


def begin(ledger: Ledger, time_ns: int, line: str = "gate", camera: str = "yard") -> None:
    """From then on the line is counted at."""
    ledger.line_since_ns(camera, line, ("in", "out"), time_ns)


def see(ledger: Ledger, start_ns: int, minutes: int, camera: str = "yard") -> None:
    """Full minutes, 25 frames a second, of which one was skipped in each."""
    each = range(start_ns, start_ns + minutes * NS_PER_MINUTE, NS_PER_MINUTE)
    ledger.see(camera, Seen(each.stop, {minute_ns: Minute(NS_PER_MINUTE, 1499, 1) for minute_ns in each}))


@contextmanager
def asking(path: Path) -> Iterator[Queries]:
    with closing(Queries(path)) as queries:
        yield queries


def totals(path: Path, start: str, end: str, length: BucketLength, zone: tzinfo = BERLIN) -> list[int]:
    """What was counted in each bucket."""
    with asking(path) as queries:
        found = queries.counts(Span(at(start, zone), at(end, zone), length, zone), now_ns=LATER_NS)
    return [bucket.total for bucket in found]


def hours(buckets: Sequence[Bucket]) -> list[float]:
    return [(bucket.end_ns - bucket.start_ns) / (60 * NS_PER_MINUTE) for bucket in buckets]
