"""What may go from a ledger, and in which order; one small step in one transaction, so that nobody waits for it.

What is too old goes if it has been acknowledged. Where the ledger is too large, recorded tracks go first, then the oldest
crossings and intervals that have been acknowledged, and only then others; lost crossings are written down. Totals stay, and
what crossings, coverage and presence add up to by the quarter of an hour stays for ten years, whatever room that needs.

Some rows stay as well, however old they are: the newest crossing, which says how far the ledger has come, and the newest
intervals of every line, which say where its next one begins.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.ledger.rollups import DAY_NS

# For how long sums are kept where crossings are not.
SUMS_NS = 3653 * DAY_NS
# Rows of one kind that go in one step; with a million crossings a step takes some tens of milliseconds.
MOST_ROWS = 1000
# Of rows that may be large.
MOST_TRACKS = 500
MOST_CHECKPOINTS = 20
EVERYTHING = 2**63 - 1

OLDEST = """
SELECT kind, sequence, time_ns FROM (
    SELECT 'crossings' AS kind, sequence, time_ns FROM (
        SELECT sequence, capture_ns AS time_ns FROM crossings
        WHERE sequence <= :crossings AND sequence < (SELECT MAX(sequence) FROM crossings) ORDER BY sequence LIMIT :most
    )
    UNION ALL
    SELECT 'intervals' AS kind, sequence, time_ns FROM (
        SELECT sequence, end_ns AS time_ns FROM intervals AS this
        WHERE sequence <= :intervals AND EXISTS (
            SELECT 1 FROM intervals AS later
            WHERE later.camera = this.camera AND later.line = this.line AND later.end_ns > this.end_ns
        ) ORDER BY sequence LIMIT :most
    )
) WHERE time_ns < :before_ns ORDER BY time_ns LIMIT :most
"""
# What intervals are made of, and the reasons. The tables in front name all cameras and lines, so that nothing is searched for.
BEFORE = (
    "DELETE FROM minutes WHERE (camera, minute_ns) IN (SELECT old.camera, old.minute_ns FROM seen_until CROSS JOIN minutes AS old"
    " ON old.camera = seen_until.camera AND old.minute_ns < :before_ns LIMIT :most)",
    "DELETE FROM presences WHERE (camera, zone, minute_ns) IN (SELECT old.camera, old.zone, old.minute_ns FROM lines CROSS JOIN"
    " presences AS old ON old.camera = lines.camera AND old.zone = lines.line AND old.minute_ns < :before_ns LIMIT :most)",
    "DELETE FROM gaps WHERE (camera, start_ns) IN (SELECT old.camera, old.start_ns FROM seen_until CROSS JOIN gaps AS old"
    " ON old.camera = seen_until.camera AND old.start_ns < :before_ns AND old.end_ns < :before_ns LIMIT :most)",
    # 0: from a ledger that did not write it down.
    "DELETE FROM not_counted WHERE sequence IN"
    " (SELECT sequence FROM not_counted WHERE capture_ns BETWEEN 1 AND :before_ns - 1 LIMIT :most)",
)
SUMS = (
    "DELETE FROM quarters WHERE (day_ns, camera, line, direction, class) IN"
    " (SELECT day_ns, camera, line, direction, class FROM quarters WHERE day_ns < :before_ns LIMIT :most)",
    "DELETE FROM sequences WHERE quarter_ns IN (SELECT quarter_ns FROM sequences WHERE quarter_ns < :before_ns LIMIT :most)",
    "DELETE FROM covered_quarters WHERE (camera, quarter_ns) IN (SELECT old.camera, old.quarter_ns FROM seen_until CROSS JOIN"
    " covered_quarters AS old ON old.camera = seen_until.camera AND old.quarter_ns < :before_ns LIMIT :most)",
    "DELETE FROM present_quarters WHERE (camera, zone, quarter_ns) IN (SELECT old.camera, old.zone, old.quarter_ns FROM lines"
    " CROSS JOIN present_quarters AS old ON old.camera = lines.camera AND old.zone = lines.line AND old.quarter_ns < :before_ns"
    " LIMIT :most)",
)
# A camera's newest run stays.
CHECKPOINTS = (
    "DELETE FROM checkpoints WHERE (run, camera) IN (SELECT run, camera FROM checkpoints WHERE run <> ?"
    " AND run NOT IN (SELECT run FROM seen_until) LIMIT ?)"
)
OTHER_TRACKS = (
    "DELETE FROM tracks WHERE (run, camera, frame) IN (SELECT run, camera, frame FROM tracks WHERE run {} ?"
    " ORDER BY run, camera, frame LIMIT ?)"
)
OWN_TRACKS = (
    "DELETE FROM tracks WHERE run = :run AND camera = :camera AND frame IN (SELECT frame FROM tracks"
    " WHERE run = :run AND camera = :camera ORDER BY frame LIMIT :most)"
)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Up to which sequence numbers crossings and intervals have been acknowledged."""

    crossings: int = EVERYTHING
    intervals: int = EVERYTHING


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be kept; wall clock."""

    before_ns: int
    """What is older goes,"""
    open_ns: int
    """but not what intervals are made of that began then or later: they are still open."""
    most_bytes: int
    acknowledged: Acknowledged = Acknowledged()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What one step has done."""

    lost: int
    """Crossings that went without having been acknowledged."""
    is_done: bool
    """Whether there is nothing more to do for now."""


def clean(connection: sqlite3.Connection, run: str, limits: Limits, now_ns: int) -> Cleaned:
    """Take the next step; within a transaction. ``run`` is the one that is under way."""
    rows = max(_clean_old(connection, limits, now_ns))
    connection.execute(CHECKPOINTS, (run, MOST_CHECKPOINTS))
    if used_bytes(connection) <= limits.most_bytes:
        return Cleaned(0, is_done=rows < MOST_ROWS)
    if _clean_tracks(connection, run):
        return Cleaned(0, is_done=False)
    rows, lost = _clean_large(connection, limits, now_ns)
    return Cleaned(lost, is_done=rows == 0)


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the ledger needs; its file does not shrink, but takes in what is written next where something was deleted."""
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_bytes)


def _clean_old(connection: sqlite3.Connection, limits: Limits, now_ns: int) -> Iterator[int]:
    """How many of each kind went."""
    before_ns = min(limits.before_ns, limits.open_ns)
    yield len(_delete_oldest(connection, limits.acknowledged, before_ns))
    yield from _delete_before(connection, before_ns)
    # Whole days, so that all of them know the same.
    sums_ns = min(before_ns, now_ns - SUMS_NS)
    yield from _delete_before(connection, sums_ns - sums_ns % DAY_NS, SUMS)


def _clean_tracks(connection: sqlite3.Connection, run: str) -> int:
    """Those of other runs first, then the oldest of every camera."""
    for sign in "<>":
        if rows := connection.execute(OTHER_TRACKS.format(sign), (run, MOST_TRACKS)).rowcount:
            return rows
    cameras = [camera for (camera,) in connection.execute("SELECT camera FROM checkpoints WHERE run = ?", (run,))]
    each = MOST_TRACKS // max(1, len(cameras)) + 1
    return sum(connection.execute(OWN_TRACKS, {"run": run, "camera": camera, "most": each}).rowcount for camera in cameras)


def _clean_large(connection: sqlite3.Connection, limits: Limits, now_ns: int) -> tuple[int, int]:
    """How many rows went, and how many of them are crossings that are lost."""
    lost = 0
    oldest = _delete_oldest(connection, limits.acknowledged)
    if not oldest:
        oldest = _delete_oldest(connection, Acknowledged())
        lost = sum(kind == "crossings" for kind, _, _ in oldest)
    if lost:
        connection.execute("INSERT INTO losses (time_ns, number) VALUES (?, ?)", (now_ns, lost))
    before_ns = min(limits.open_ns, max((time_ns for _, _, time_ns in oldest), default=EVERYTHING))
    return len(oldest) + sum(_delete_before(connection, before_ns)), lost


def _delete_oldest(
    connection: sqlite3.Connection, acknowledged: Acknowledged, before_ns: int = EVERYTHING
) -> list[tuple[str, int, int]]:
    """The oldest crossings and intervals go; kind, sequence number and time of each."""
    wanted = {
        "crossings": acknowledged.crossings,
        "intervals": acknowledged.intervals,
        "before_ns": before_ns,
        "most": MOST_ROWS,
    }
    oldest = connection.execute(OLDEST, wanted).fetchall()
    for table in ("crossings", "intervals"):
        sequences = [(sequence,) for kind, sequence, _ in oldest if kind == table]
        connection.executemany(f"DELETE FROM {table} WHERE sequence = ?", sequences)
    return oldest


def _delete_before(connection: sqlite3.Connection, before_ns: int, queries: tuple[str, ...] = BEFORE) -> Iterator[int]:
    """How many rows of each other kind went."""
    for query in queries:
        yield connection.execute(query, {"before_ns": before_ns, "most": MOST_ROWS}).rowcount
