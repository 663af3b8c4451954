"""How many crossings there were in each bucket: from the sums where those are fine enough, from the crossings for minutes."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from appliance.clock import NS_PER_MINUTE
from appliance.ledger.choice import ATTRIBUTES, Attribute, Choice, Kind, condition, kinds_of
from appliance.ledger.rollups import DAY_NS, QUARTER_NS, QUARTERS_PER_DAY

# The values of what is grouped by.
Group = tuple[str, ...]
Tallies = dict[Group, int]
Numbers = NDArray[np.int64]
# Of the sums, in memory at once; a year of a hundred kinds is four times as many.
MOST_QUARTERS = 1_000_000

# Crossings have the minute whose intervals they belong to or, where a source keeps no time, only their capture.
OF_MINUTE = ("crossings_by_minute", "minute_ns", "minute_ns >= MAX(?, 1) AND minute_ns < ?")
WITHOUT_MINUTE = (
    "crossings_without_minute",
    f"capture_ns / {NS_PER_MINUTE} * {NS_PER_MINUTE}",
    "minute_ns = 0 AND capture_ns >= ? AND capture_ns < ?",
)


def groups_among(kinds: Iterable[Kind], group_by: tuple[Attribute, ...]) -> list[Group]:
    """The groups that there are of these kinds."""
    places = [ATTRIBUTES.index(name) for name in group_by]
    return sorted({tuple(kind[place] for place in places) for kind in kinds})


def tallies_of_sums(
    connection: sqlite3.Connection, bounds: Sequence[int], choice: Choice, group_by: tuple[Attribute, ...]
) -> list[Tallies]:
    """For each bucket, all of which begin with a quarter of an hour."""
    kinds = kinds_of(connection, choice)
    groups = groups_among(kinds, group_by)
    most_days = max(1, MOST_QUARTERS // (QUARTERS_PER_DAY * max(1, len(kinds))))
    numbers = np.zeros((len(groups), len(bounds) - 1), np.int64)
    limits = np.array(bounds, np.int64)
    for day_ns in range(bounds[0] - bounds[0] % DAY_NS, bounds[-1], most_days * DAY_NS):
        days = min(most_days, -((day_ns - bounds[-1]) // DAY_NS))
        quarters = _quarters(connection, range(day_ns, day_ns + days * DAY_NS, DAY_NS), choice, group_by, groups)
        # How many there were before each quarter of these days, and so before each bucket.
        before = np.pad(np.cumsum(quarters, axis=1), ((0, 0), (1, 0)))
        numbers += np.diff(before[:, np.clip((limits - day_ns) // QUARTER_NS, 0, quarters.shape[1])], axis=1)
    return [{group: number for group, number in zip(groups, column) if number} for column in numbers.T.tolist()]


def tallies_of_crossings(
    connection: sqlite3.Connection, bounds: Sequence[int], choice: Choice, group_by: tuple[Attribute, ...]
) -> list[Tallies]:
    """For each bucket, all of which begin with a minute, as far as crossings are kept."""
    buckets: list[Tallies] = [{} for _ in bounds[1:]]
    for time_ns, group, number in _by_minute(connection, (bounds[0], bounds[-1]), choice, group_by):
        bucket = buckets[bisect_right(bounds, time_ns) - 1]
        bucket[group] = bucket.get(group, 0) + number
    return buckets


def _quarters(
    connection: sqlite3.Connection, days: range, choice: Choice, group_by: tuple[Attribute, ...], groups: Sequence[Group]
) -> Numbers:
    """How many of each group there were in each quarter of an hour of these days: (groups, quarters)."""
    where, values = condition(choice)
    rows = connection.execute(
        f"SELECT {', '.join(('day_ns', 'numbers', *group_by))} FROM quarters WHERE day_ns >= ? AND day_ns < ? AND {where}",
        (days.start, days.stop, *values),
    ).fetchall()
    sums = np.zeros((len(groups) * len(days), QUARTERS_PER_DAY), np.int64)
    if rows:
        first = {group: number * len(days) for number, group in enumerate(groups)}
        places = np.array([first[row[2:]] + (row[0] - days.start) // DAY_NS for row in rows])
        numbers = np.frombuffer(b"".join(row[1] for row in rows), "<u4").reshape(-1, QUARTERS_PER_DAY)
        order = np.argsort(places, kind="stable")
        there, starts = np.unique(places[order], return_index=True)
        sums[there] = np.add.reduceat(numbers[order], starts, axis=0, dtype=np.int64)
    return sums.reshape(len(groups), len(days) * QUARTERS_PER_DAY)


def _by_minute(
    connection: sqlite3.Connection, times: tuple[int, int], choice: Choice, group_by: tuple[Attribute, ...]
) -> Iterator[tuple[int, Group, int]]:
    """When, of which group, how many; place by place, as the indexes are."""
    where, values = condition(choice, ("direction", "class"))
    names = ", ".join(("time_ns", *group_by))
    for camera, line in sorted({kind[:2] for kind in kinds_of(connection, choice)}):
        for index, time, within in (OF_MINUTE, WITHOUT_MINUTE):
            found = connection.execute(
                f"SELECT COUNT(*), {time} AS {names} FROM crossings INDEXED BY {index}"
                f" WHERE camera = ? AND line = ? AND {within} AND {where} GROUP BY {names}",
                (camera, line, *times, *values),
            )
            yield from ((time_ns, tuple(group), number) for number, time_ns, *group in found)
