"""Counts as rows of a table: a column for each of what is compared, totals, and words for what was not seen; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import partial

import msgspec

from appliance.clock import NS_PER_S
from appliance.control.panel.count_view import Compared, groups_of
from appliance.control.panel.coverage_words import Seeing, seeing
from appliance.ledger.buckets import BucketLength
from appliance.ledger.queries import Bucket, Occupancy
from appliance.ledger.seen import Covered

Group = tuple[str, ...]
NOBODY: Mapping[Group, frozenset[str]] = {}
# More colours than this are not told apart; the rest is one column, and the sheet has them all.
MOST_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, or why there is none."""

    number: int | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One bucket."""

    start_ns: int
    end_ns: int
    label: str
    short: str
    """For the axis of a chart."""
    cells: tuple[Cell, ...]
    total: Cell
    seeing: Seeing
    is_complete: bool
    is_kept: bool


@dataclass(frozen=True, slots=True)
class CountTable:
    """The whole of it, without what begins later than now."""

    names: tuple[str, ...]
    """Of the columns; empty where nothing is compared."""
    rows: tuple[Row, ...]
    totals: tuple[int, ...]
    total: int
    seeing: Seeing
    hidden: int
    """How many groups the last column holds together; 0 where each has its own."""
    later: tuple[tuple[str, str], ...]
    """The labels of the buckets that begin later than now."""

    @property
    def busiest(self) -> Row | None:
        """The row with most; the first of several."""
        row = max(self.rows, key=lambda row: row.total.number or 0, default=None)
        return row if row is not None and row.total.number else None

    @property
    def is_all_kept(self) -> bool:
        """Whether the ledger still has every minute that is shown."""
        return all(row.is_kept for row in self.rows)


def table_of(
    buckets: Sequence[Bucket],
    compare: Compared,
    length: BucketLength,
    now_ns: int,
    zone: tzinfo | None,
    whose: Mapping[Group, frozenset[str]] = NOBODY,
) -> CountTable:
    """What the ledger has answered, as people read it; ``whose`` names the cameras that can count a group, where not all do."""
    begun = [bucket for bucket in buckets if bucket.start_ns < now_ns]
    label = partial(labels_of, length=length, zone=zone, is_one_day=is_one_day(buckets, zone))
    later = [label(bucket.start_ns, bucket.end_ns) for bucket in buckets[len(begun) :]]
    sums: dict[Group, int] = {}
    for bucket in begun:
        for group, number in bucket.counts.items():
            sums[group] = sums.get(group, 0) + number
    columns = columns_of(sums, compare)
    rows = tuple(_row(bucket, columns, whose, label(bucket.start_ns, bucket.end_ns)) for bucket in begun)
    total = sum(sums.values())
    return CountTable(
        tuple(_names(columns, len(sums), compare)),
        rows,
        tuple(sum(sums.get(group, 0) for group in column) for column in columns),
        total,
        seeing(_together(begun), total),
        len(columns[-1]) if len(sums) > MOST_COLUMNS else 0,
        tuple(later),
    )


def without_gone(buckets: Sequence[Bucket], present: Sequence[str]) -> list[Bucket]:
    """Cameras that are no more are not missed in the buckets behind the last one that they have seen."""
    gone = {camera for bucket in buckets for camera in bucket.coverage} - set(present)
    last = {camera: number for number, bucket in enumerate(buckets) for camera in gone if _has_seen(bucket, camera)}
    kept = []
    for number, bucket in enumerate(buckets):
        missed = {camera for camera in gone if number > last.get(camera, -1)}
        coverage = {camera: seen for camera, seen in bucket.coverage.items() if camera not in missed}
        kept.append(msgspec.structs.replace(bucket, coverage=coverage))
    return kept


def _has_seen(bucket: Bucket, camera: str) -> bool:
    return camera in bucket.coverage and bucket.coverage[camera].covered_ns > 0


def cameras_of(totals: Iterable[tuple[str, str, str, str, int]], compare: Compared) -> dict[Group, frozenset[str]]:
    """Which cameras have ever counted each group; of lines and cameras, which are theirs alone, these."""
    positions = [("camera", "line", "direction", "class").index(name) for name in groups_of(compare)]
    whose: dict[Group, frozenset[str]] = {}
    for row in totals:
        group = tuple(str(row[position]) for position in positions)
        whose[group] = whose.get(group, frozenset()) | {row[0]}
    return whose


def columns_of(sums: dict[Group, int], compare: Compared) -> list[tuple[Group, ...]]:
    """The groups of each column: one, but in the last one all that are too many; those with the most are first."""
    if compare == "nothing":
        return []
    # Directions have an order of their own, which does not change with the day.
    ranked = sorted(sums) if compare == "direction" else sorted(sums, key=lambda group: (-sums[group], group))
    if len(ranked) <= MOST_COLUMNS:
        return [(group,) for group in ranked]
    ranked = sorted(ranked, key=lambda group: (-sums[group], group))
    return [*((group,) for group in ranked[: MOST_COLUMNS - 1]), tuple(ranked[MOST_COLUMNS - 1 :])]


def _names(columns: list[tuple[Group, ...]], groups: int, compare: Compared) -> list[str]:
    names = [column[0][-1] for column in columns]
    if compare == "line" and len({column[0][0] for column in columns}) > 1:
        names = [" / ".join(column[0]) for column in columns]
    if groups > MOST_COLUMNS:
        names[-1] = f"{len(columns[-1])} others"
    return names


def _row(
    bucket: Bucket,
    columns: list[tuple[Group, ...]],
    whose: Mapping[Group, frozenset[str]],
    labels: tuple[str, str],
) -> Row:
    total = bucket.total
    whole = seeing(bucket.coverage, total)
    cells = []
    for column in columns:
        number = sum(bucket.counts.get(group, 0) for group in column)
        cameras = frozenset[str]().union(*(whose.get(group, frozenset(bucket.coverage)) for group in column))
        own = {name: seen for name, seen in bucket.coverage.items() if name in cameras}
        cells.append(_cell(number, seeing(own, number)))
    label, short = labels
    return Row(
        bucket.start_ns,
        bucket.end_ns,
        label,
        short,
        tuple(cells),
        _cell(total, whole),
        whole,
        bucket.is_complete,
        bucket.is_kept,
    )


def _cell(number: int, seen: Seeing) -> Cell:
    """Where nobody looked there is no 0."""
    if not number and seen.sight in ("none", "new"):
        return Cell(None, "not seen" if seen.sight == "none" else "…")
    return Cell(number)


def _together(buckets: Sequence[Bucket]) -> dict[str, Covered]:
    """The coverage of the whole time, by camera."""
    sums: dict[str, Covered] = {}
    for bucket in buckets:
        for camera, seen in bucket.coverage.items():
            known = sums.get(camera, Covered(0, 0, 0, 0))
            sums[camera] = Covered(
                known.covered_ns + seen.covered_ns,
                known.possible_ns + seen.possible_ns,
                known.frames + seen.frames,
                known.skipped + seen.skipped,
            )
    return sums


def labels_of(
    start_ns: int, end_ns: int, length: BucketLength, zone: tzinfo | None, *, is_one_day: bool = True
) -> tuple[str, str]:
    """What a bucket is called in a table, and beside a chart."""
    start, end = (datetime.fromtimestamp(time_ns // NS_PER_S, timezone.utc).astimezone(zone) for time_ns in (start_ns, end_ns))
    if length == "year":
        return f"{start:%Y}", f"{start:%Y}"
    if length == "month":
        return f"{start:%B %Y}", f"{start:%b %Y}"
    if length == "week":
        last = end - timedelta(days=1)
        return f"{start:%a} {start.day} {start:%b} – {last:%a} {last.day} {last:%b %Y}", f"{start.day} {start:%b}"
    if length == "day":
        return f"{start:%a} {start.day} {start:%b %Y}", f"{start:%a} {start.day} {start:%b}"
    # The hour that is there twice in autumn is told apart by its distance to UTC.
    offset = f" ({start:%Z})" if start.utcoffset() != end.utcoffset() or start.fold else ""
    day, times = f"{start.day} {start:%b}", f"{start:%H:%M}–{end:%H:%M}{offset}"
    return (times, f"{start:%H:%M}") if is_one_day else (f"{start:%a} {day}, {times}", f"{day}\n{start:%H:%M}")


def is_one_day(buckets: Sequence[Bucket] | Sequence[Occupancy], zone: tzinfo | None) -> bool:
    """Whether the time of day tells them apart."""
    ends_ns = (buckets[0].start_ns, buckets[-1].end_ns - 1) if buckets else ()
    return len({datetime.fromtimestamp(end_ns // NS_PER_S, timezone.utc).astimezone(zone).date() for end_ns in ends_ns}) < 2
