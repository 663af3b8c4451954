"""How many were in a zone, bucket by bucket."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Sequence

from appliance.clock import NS_PER_MINUTE
from appliance.ledger.choice import Choice, condition
from appliance.ledger.rollups import HOUR_NS, QUARTER_NS
from appliance.ledger.seen import Source

# By camera and zone: the sum of their times there, nanoseconds, and the most at once.
Presences = dict[tuple[str, str], tuple[int, int]]
PRESENT_MINUTES: Source = ("presences", "minute_ns", NS_PER_MINUTE)
PRESENT_QUARTERS: Source = ("present_quarters", "quarter_ns", QUARTER_NS)


def presences(
    connection: sqlite3.Connection, bounds: Sequence[int], zones: Sequence[tuple[str, str]], source: Source
) -> list[Presences]:
    """For each bucket, of every one of these zones; with nobody in it where nobody was."""
    table, column, length_ns = source
    buckets: list[Presences] = [dict.fromkeys(zones, (0, 0)) for _ in bounds[1:]]
    # The fewer rows leave the database, the better.
    step_ns = HOUR_NS if all(bound % HOUR_NS == 0 for bound in bounds) else length_ns
    for place in zones:
        rows = connection.execute(
            f"SELECT {column} / {step_ns} * {step_ns}, SUM(time_ns), MAX(most) FROM {table}"
            f" WHERE camera = ? AND zone = ? AND {column} >= ? AND {column} < ? GROUP BY 1",
            (*place, bounds[0], bounds[-1]),
        )
        for start_ns, time_ns, most in rows:
            bucket = buckets[bisect_right(bounds, start_ns) - 1]
            known_ns, known_most = bucket[place]
            bucket[place] = (known_ns + time_ns, max(known_most, most))
    return buckets


def zones_of(connection: sqlite3.Connection, choice: Choice) -> list[tuple[str, str]]:
    """Camera and name of every chosen zone in which ever somebody was."""
    where, values = condition(choice, ("camera", "line"))
    places = connection.execute(f"SELECT camera, line FROM lines WHERE {where} ORDER BY camera, line", values).fetchall()
    query = "SELECT EXISTS (SELECT 1 FROM present_quarters WHERE camera = ? AND zone = ?)"
    return [place for place in places if connection.execute(query, place).fetchone()[0]]
