"""What the ledger knows of an interval, at the moment when it is closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.ledger.records import Gap, IntervalContent

MOST_GAPS = 100


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
    gaps = bounded(merged(_gaps(connection, span)))
    return IntervalContent(counts, covered_ns, frames, skipped, gaps, presence_ns, most)


def merged(gaps: Iterable[Gap]) -> list[Gap]:
    """One gap instead of several that touch, for one reason."""
    found: list[Gap] = []
    for gap in gaps:
        if found and found[-1].reason == gap.reason and found[-1].end_ns >= gap.start_ns:
            found[-1] = Gap(found[-1].start_ns, max(found[-1].end_ns, gap.end_ns), gap.reason)
        else:
            found.append(gap)
    return found


def bounded(gaps: list[Gap]) -> tuple[Gap, ...]:
    """Few enough for a message; the rest of them as one."""
    if len(gaps) <= MOST_GAPS:
        return tuple(gaps)
    rest = gaps[MOST_GAPS - 1 :]
    blind_s = sum(gap.end_ns - gap.start_ns for gap in rest) / NS_PER_S
    summary = f"{len(rest)} gaps of {blind_s:.1f} s together, the first of them: {rest[0].reason}"
    return (*gaps[: MOST_GAPS - 1], Gap(rest[0].start_ns, rest[-1].end_ns, summary))


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
