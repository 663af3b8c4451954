"""Sums that are kept beside what they are the sums of, in the same transaction, so that a year can be looked at in an instant.

By quarters of an hour, because there are time zones that are quarters of an hour away from UTC. Those of one day (UTC), camera,
line, direction and class are one row: 96 numbers of 4 bytes each, little endian, because a year of single rows takes seconds.

A crossing belongs to the minute in whose intervals it is; where a source keeps no time, to that of its capture.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from struct import Struct

from appliance.clock import NS_PER_MINUTE
from appliance.ledger.records import CrossingRecord, Seen

QUARTER_NS = 15 * NS_PER_MINUTE
HOUR_NS = 60 * NS_PER_MINUTE
DAY_NS = 24 * HOUR_NS
QUARTERS_PER_DAY = 96
NUMBER = Struct("<I")


NONE_OF_A_DAY = bytes(QUARTERS_PER_DAY * NUMBER.size)


def one_more(numbers: bytes, time_ns: int) -> bytes:
    """The numbers of a day with another crossing at this time; a function for SQL."""
    changed = bytearray(numbers)
    place = time_ns % DAY_NS // QUARTER_NS * NUMBER.size
    NUMBER.pack_into(changed, place, NUMBER.unpack_from(changed, place)[0] + 1)
    return bytes(changed)


class QuartersOf:
    """An aggregate for SQL: of the times of crossings of one day, its numbers."""

    def __init__(self) -> None:
        self._numbers = NONE_OF_A_DAY

    def step(self, time_ns: int) -> None:
        """One more."""
        self._numbers = one_more(self._numbers, time_ns)

    def finalize(self) -> bytes:
        """What is kept."""
        return self._numbers


def roll_up_crossings(connection: sqlite3.Connection, added: Sequence[tuple[int, CrossingRecord]]) -> None:
    """Add crossings that are new, with their sequence numbers, to the sums; within a transaction."""
    rows = []
    sequences: dict[int, tuple[int, int]] = {}
    for sequence, record in added:
        counted_ns = record.minute_ns or record.capture_ns
        kind = (record.camera, record.line, record.direction, record.class_name)
        rows.append((counted_ns - counted_ns % DAY_NS, *kind, one_more(NONE_OF_A_DAY, counted_ns), counted_ns))
        # By capture, which people ask for; a minute that was closed already has sent some crossings to a later one.
        quarter_ns = record.capture_ns - record.capture_ns % QUARTER_NS
        sequences[quarter_ns] = (sequences.get(quarter_ns, (sequence,))[0], sequence)
    connection.executemany(
        "INSERT INTO quarters VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET numbers = one_more(numbers, ?)", rows
    )
    connection.executemany(
        "INSERT INTO sequences VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = excluded.last",
        ((quarter_ns, *first_and_last) for quarter_ns, first_and_last in sequences.items()),
    )


def roll_up_seen(connection: sqlite3.Connection, camera: str, seen: Seen) -> None:
    """Add what was seen of a camera, and who was in its zones; within a transaction."""
    connection.executemany(
        "INSERT INTO covered_quarters VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET covered_ns = covered_ns"
        " + excluded.covered_ns, frames = frames + excluded.frames, skipped = skipped + excluded.skipped",
        (
            (camera, start_ns - start_ns % QUARTER_NS, minute.covered_ns, minute.frames, minute.skipped)
            for start_ns, minute in seen.minutes.items()
        ),
    )
    connection.executemany(
        "INSERT INTO present_quarters VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET time_ns = time_ns + excluded.time_ns,"
        " most = MAX(most, excluded.most)",
        (
            (camera, zone, start_ns - start_ns % QUARTER_NS, presence.time_ns, presence.most)
            for (zone, start_ns), presence in seen.presences.items()
        ),
    )
