"""Intervals: what was counted at a line from one full minute to another, and how much of that time its camera was seen.

An interval is closed once, some seconds after its end, when no crossing of that time can still be undecided, and it never
changes after that. A crossing that is decided later all the same belongs to the next interval, so that the intervals of a line
always add up to its total. Time in which the machine did not run, or the camera was not there, has intervals, too: without
coverage, and with the reason.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from appliance.clock import NS_PER_S
from appliance.count.coverage import NS_PER_MINUTE, Gap, minute_of
from appliance.messages import Unpacker

# After its end: longer than the counter ever takes for a decision, and the detector for a frame.
GRACE_NS = 10 * NS_PER_S
# Of the time in which the machine did not run; what was before has no intervals.
MOST_MISSED_NS = 24 * 60 * NS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class IntervalSpan:
    """An interval to be closed: wall clock, and what is known only while it is: whether nothing is seen now, and why."""

    camera: str
    line: str
    start_ns: int
    end_ns: int
    directions: tuple[str, str]
    since_ns: int
    """When the line began to be counted at."""
    why: str


class IntervalContent(msgspec.Struct, frozen=True):
    """What a closed interval holds: counts by direction and class; times in nanoseconds; presence of zones only."""

    counts: dict[str, dict[str, int]]
    covered_ns: int
    frames: int
    skipped: int
    gaps: tuple[Gap, ...]
    presence_ns: int | None = None
    most_present: int | None = None


CONTENTS: Unpacker[IntervalContent] = Unpacker(IntervalContent)


class IntervalRecord(msgspec.Struct, frozen=True):
    """A closed interval as it is kept; wall clock."""

    sequence: int
    camera: str
    line: str
    start_ns: int
    end_ns: int
    content: IntervalContent


@dataclass(slots=True)
class LineIntervals:
    """Where the intervals of one line have got to; pure."""

    camera: str
    line: str
    directions: tuple[str, str]
    since_ns: int
    next_ns: dict[int, int]
    """Of each length, nanoseconds, the beginning of the oldest one that is not closed."""
    leaves_ns: int = 0
    """When the line was taken away; 0 where it was not."""

    @classmethod
    def begin(
        cls,
        camera: str,
        line: str,
        directions: tuple[str, str],
        lengths_ns: tuple[int, ...],
        ends_ns: dict[int, int],
        since_ns: int,
    ) -> LineIntervals:
        """``ends_ns``: the newest closed end of each length, as the ledger has it."""
        open_ns = max(ends_ns.values(), default=since_ns)
        next_ns = {length_ns: ends_ns.get(length_ns, open_ns - open_ns % length_ns) for length_ns in lengths_ns}
        return cls(camera, line, directions, since_ns, next_ns)

    def minute_ns(self, time_ns: int) -> int:
        """The minute that a crossing of this time belongs to."""
        return max(minute_of(time_ns), *self.next_ns.values()) if self.next_ns else 0

    def due(self, now_ns: int, why: str) -> Iterator[IntervalSpan]:
        """The intervals that are over, each of them once."""
        for length_ns, start_ns in self.next_ns.items():
            while start_ns + length_ns + GRACE_NS <= now_ns and not 0 < self.leaves_ns <= start_ns:
                span = IntervalSpan(self.camera, self.line, start_ns, start_ns + length_ns, self.directions, self.since_ns, why)
                oldest_ns = now_ns - MOST_MISSED_NS
                start_ns = self.next_ns[length_ns] = max(start_ns + length_ns, oldest_ns - oldest_ns % length_ns)
                yield span

    @property
    def is_over(self) -> bool:
        """Whether the line was taken away, and all its intervals are closed."""
        return 0 < self.leaves_ns <= min(self.next_ns.values(), default=self.leaves_ns)


def content_of(connection: sqlite3.Connection, span: IntervalSpan) -> IntervalContent:
    """What the ledger knows of the interval."""
    camera, minutes = span.camera, (span.start_ns, span.end_ns)
    counts: dict[str, dict[str, int]] = {direction: {} for direction in span.directions}
    rows = connection.execute(
        "SELECT direction, class, COUNT(*) FROM crossings WHERE camera = ? AND line = ? AND minute_ns >= ? AND minute_ns < ?"
        " GROUP BY direction, class",
        (camera, span.line, *minutes),
    )
    for direction, name, number in rows:
        counts.setdefault(direction, {})[name] = number
    covered_ns, frames, skipped = connection.execute(
        "SELECT COALESCE(SUM(MIN(covered_ns, ?)), 0), COALESCE(SUM(frames), 0), COALESCE(SUM(skipped), 0) FROM minutes"
        " WHERE camera = ? AND minute_ns >= ? AND minute_ns < ?",
        (NS_PER_MINUTE, camera, *minutes),
    ).fetchone()
    presence_ns, most = connection.execute(
        "SELECT SUM(time_ns), MAX(most) FROM presences WHERE camera = ? AND zone = ? AND minute_ns >= ? AND minute_ns < ?",
        (camera, span.line, *minutes),
    ).fetchone()
    covered_ns = max(0, min(covered_ns, span.end_ns - max(span.start_ns, span.since_ns)))
    return IntervalContent(counts, covered_ns, frames, skipped, tuple(_gaps(connection, span)), presence_ns, most)


def _gaps(connection: sqlite3.Connection, span: IntervalSpan) -> Iterator[Gap]:
    """The gaps as far as they lie in the interval, those included that have not ended yet."""
    if span.since_ns > span.start_ns:
        yield Gap(span.start_ns, min(span.since_ns, span.end_ns), "the line was not there yet")
    start_ns = max(span.start_ns, span.since_ns)
    rows = connection.execute(
        "SELECT start_ns, end_ns, reason FROM gaps WHERE camera = ? AND end_ns > ? AND start_ns < ? ORDER BY start_ns",
        (span.camera, start_ns, span.end_ns),
    )
    for gap_start_ns, gap_end_ns, reason in rows:
        yield Gap(max(gap_start_ns, start_ns), min(gap_end_ns, span.end_ns), reason)
    (until_ns,) = connection.execute(
        "SELECT COALESCE(MAX(until_ns), 0) FROM seen_until WHERE camera = ?", (span.camera,)
    ).fetchone()
    if until_ns < span.end_ns:
        yield Gap(max(until_ns, start_ns), span.end_ns, span.why)
