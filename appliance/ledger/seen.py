"""How much of a bucket each camera was seen: what tells a time without vehicles from one that nobody looked at."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from appliance.clock import NS_PER_MINUTE
from appliance.ledger.choice import Choice, condition
from appliance.ledger.rollups import HOUR_NS, QUARTER_NS


class Covered(msgspec.Struct, frozen=True):
    """Of one camera in one bucket; ``possible_ns`` is what is over of the bucket, ``covered_ns`` how much of it was seen."""

    covered_ns: int
    possible_ns: int
    frames: int
    skipped: int


# When a camera began, and when it ended.
Life = tuple[int, int]
EVER_NS = 2**62
# What there was in one bucket, not yet cut to what is possible: time, frames, frames skipped.
Sums = list[int]
# Table, column and length of what coverage is read from.
Source = tuple[str, str, int]
MINUTES: Source = ("minutes", "minute_ns", NS_PER_MINUTE)
QUARTERS: Source = ("covered_quarters", "quarter_ns", QUARTER_NS)


def begun_ns(connection: sqlite3.Connection, choice: Choice) -> dict[str, int]:
    """Since when each camera counts at the first of the chosen lines; those without one are not in it."""
    where, values = condition(choice, ("camera", "line"))
    return dict(connection.execute(f"SELECT camera, MIN(since_ns) FROM lines WHERE {where} GROUP BY camera", values).fetchall())


def lives_ns(connection: sqlite3.Connection, choice: Choice, in_force: frozenset[str] | None) -> dict[str, Life]:
    """Of each camera with one of the chosen lines; one that is not in force has ended with the last frame that it has sent.

    ``in_force``: None where nobody knows; then none has ended.
    """
    begun = begun_ns(connection, choice)
    gone = {} if in_force is None else begun.keys() - in_force
    ended = {
        camera: until_ns for camera, until_ns in connection.execute("SELECT camera, until_ns FROM seen_until") if camera in gone
    }
    return {camera: (since_ns, ended.get(camera, EVER_NS)) for camera, since_ns in begun.items()}


def covered(
    connection: sqlite3.Connection, bounds: Sequence[int], lives: dict[str, Life], source: Source, now_ns: int
) -> list[dict[str, Covered]]:
    """For each bucket what was seen of each camera, from the bucket on in which it began, up to the one in which it ended."""
    buckets: list[dict[str, Covered]] = [{} for _ in bounds[1:]]
    for camera, (since_ns, until_ns) in lives.items():
        sums = _sums(connection, bounds, camera, source)
        for number, (start_ns, end_ns) in enumerate(zip(bounds, bounds[1:])):
            if since_ns < end_ns and start_ns < until_ns:
                over_ns = max(start_ns, min(end_ns, until_ns, now_ns))
                covered_ns, frames, skipped = sums.get(number, (0, 0, 0))
                seen_ns = max(0, min(covered_ns, over_ns - max(start_ns, since_ns)))
                buckets[number][camera] = Covered(seen_ns, over_ns - start_ns, frames, skipped)
    return buckets


def _sums(connection: sqlite3.Connection, bounds: Sequence[int], camera: str, source: Source) -> dict[int, Sums]:
    """By the number of the bucket, where there is anything."""
    table, column, length_ns = source
    # The fewer rows leave the database, the better.
    step_ns = HOUR_NS if all(bound % HOUR_NS == 0 for bound in bounds) else length_ns
    rows = connection.execute(
        f"SELECT {column} / {step_ns}, SUM(MIN(covered_ns, {length_ns})), SUM(frames), SUM(skipped) FROM {table}"
        f" WHERE camera = ? AND {column} >= ? AND {column} < ? GROUP BY 1",
        (camera, bounds[0], bounds[-1]),
    )
    sums: dict[int, Sums] = {}
    for step, *values in rows:
        number = bisect_right(bounds, step * step_ns) - 1
        if known := sums.get(number):
            known[:] = [one + other for one, other in zip(known, values)]
        else:
            sums[number] = values
    return sums
