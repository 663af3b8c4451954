"""What the ledger holds, row by row; times in nanoseconds, wall clock (UTC) unless they say otherwise."""

from __future__ import annotations

import msgspec

from appliance.messages.message import Unpacker


class CrossingRecord(msgspec.Struct, frozen=True):
    """A decision as it is kept: ``frame`` is the frame nearest to the crossing, ``pts_ns`` and ``capture_ns`` are
    interpolated.
    """

    event_id: str
    camera: str
    line: str
    direction: str
    class_name: str
    frame: int
    pts_ns: int
    capture_ns: int
    track_id: int
    confidence: float
    x: float
    y: float
    reason: str
    clock: str = "arrival"
    """Whose clock ``capture_ns`` is by: ``camera`` or ``arrival``."""
    minute_ns: int = 0
    """The minute whose intervals this belongs to; 0 where there are none, because the source keeps no time."""
    counted: bool = True


class TracksRecord(msgspec.Struct, frozen=True):
    """A frame's tracks, packed, for an annotated video."""

    frame: int
    content: bytes


class Minute(msgspec.Struct):
    """What there was in one minute; nanoseconds."""

    covered_ns: int = 0
    frames: int = 0
    skipped: int = 0


class Gap(msgspec.Struct, frozen=True):
    """A time without frames; wall clock (UTC)."""

    start_ns: int
    end_ns: int
    reason: str


class Presence(msgspec.Struct):
    """How many were in a zone in one minute: the sum of their times there, nanoseconds, and the most at once."""

    time_ns: int = 0
    most: int = 0


class Seen(msgspec.Struct):
    """What is to be added to what is known of a camera; ``until_ns``: the newest frame, 0 for none."""

    until_ns: int = 0
    minutes: dict[int, Minute] = {}
    """By their beginning."""
    gaps: list[Gap] = []
    presences: dict[tuple[str, int], Presence] = {}
    """By zone and minute."""


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
