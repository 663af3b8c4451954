"""CSV that Excel opens as it is: UTF-8 with a mark that says so, lines that end with CRLF, times with their zone.

What begins as a formula would be one for a spreadsheet: such a name gets an apostrophe in front. Numbers are numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone, tzinfo
from io import StringIO

from appliance.clock import NS_PER_MS, NS_PER_S
from appliance.ledger.choice import Attribute
from appliance.ledger.queries import Bucket, Occupancy
from appliance.ledger.reader import KeptCrossing

Field = str | int | float | None
MARK = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SEEN = ("covered_s", "possible_s", "frames_seen", "frames_skipped")


def counts_csv(buckets: Sequence[Bucket], group_by: Sequence[Attribute], zone: tzinfo | None) -> Iterator[bytes]:
    """A row for every bucket and every group that is in any of them, with 0 where it is not."""
    groups = sorted({group for bucket in buckets for group in bucket.counts}) or [("",) * len(group_by)]
    header = ("start", "end", *group_by, "number", *SEEN, "complete", "kept")
    rows: Iterator[Iterable[Field]] = (
        (
            *_span(bucket, zone),
            *group,
            bucket.counts.get(group, 0),
            *_seen(bucket, group, group_by),
            _word(bucket.is_complete),
            _word(bucket.is_kept),
        )
        for bucket in buckets
        for group in groups
    )
    return _lines(header, rows)


def occupancy_csv(buckets: Iterable[Occupancy], zone: tzinfo | None) -> Iterator[bytes]:
    """A row for every bucket and zone; without a mean where nothing was seen."""
    rows: Iterator[Iterable[Field]] = (
        (*_span(bucket, zone), *place, None if mean is None else round(mean, 3), most, _word(bucket.is_complete))
        for bucket in buckets
        for place, (mean, most) in bucket.zones.items()
    )
    return _lines(("start", "end", "camera", "zone", "mean", "most", "complete"), rows)


def crossings_csv(crossings: Iterable[KeptCrossing], zone: tzinfo | None) -> Iterator[bytes]:
    """A row for every crossing."""
    header = ("sequence", "time", "camera", "line", "direction", "class", "confidence", "clock", "event_id")
    rows: Iterator[Iterable[Field]] = (
        (
            crossing.sequence,
            iso_time(crossing.capture_ns, zone),
            crossing.camera,
            crossing.line,
            crossing.direction,
            crossing.class_name,
            round(crossing.confidence, 3),
            crossing.clock,
            crossing.event_id,
        )
        for crossing in crossings
    )
    return _lines(header, rows)


def iso_time(time_ns: int, zone: tzinfo | None) -> str:
    """With milliseconds where there are any, cut off, and how far it is from UTC."""
    seconds, rest_ns = divmod(time_ns, NS_PER_S)
    moment = datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest_ns // NS_PER_MS * 1000)
    return moment.astimezone(zone).isoformat(timespec="milliseconds" if rest_ns else "seconds")


def _lines(header: Sequence[str], rows: Iterable[Iterable[Field]]) -> Iterator[bytes]:
    yield (MARK + _line(header)).encode()
    for row in rows:
        yield _line(row).encode()


def _line(fields: Iterable[Field]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_harmless(field) for field in fields])
    return text.getvalue()


def _harmless(field: Field) -> Field:
    return f"'{field}" if isinstance(field, str) and field.startswith(FORMULA) else field


def _span(bucket: Bucket | Occupancy, zone: tzinfo | None) -> tuple[str, str]:
    return iso_time(bucket.start_ns, zone), iso_time(bucket.end_ns, zone)


def _seen(bucket: Bucket, group: tuple[str, ...], group_by: Sequence[Attribute]) -> tuple[Field, ...]:
    """Of the camera that the row is about, or of all."""
    seen = bucket.coverage.get(group[group_by.index("camera")]) if "camera" in group_by else bucket.seen
    if seen is None or not bucket.coverage:
        return (None,) * len(SEEN)
    return round(seen.covered_ns / NS_PER_S, 3), round(seen.possible_ns / NS_PER_S, 3), seen.frames, seen.skipped


def _word(is_true: bool) -> str:
    return "yes" if is_true else "no"
