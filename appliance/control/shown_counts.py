"""Counts and crossings as HTTP shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec
from pydantic import BaseModel, Field

from appliance.clock import NS_PER_S
from appliance.control.shown import Time
from appliance.ledger.choice import Attribute
from appliance.ledger.queries import Bucket, Occupancy
from appliance.ledger.reader import KeptCrossing
from appliance.ledger.seen import Covered
from appliance.times import rfc_3339


class GroupShown(BaseModel):
    """How many of one group."""

    group: dict[str, str] = Field(
        description="By what was asked to group by.", examples=[{"direction": "inbound", "class": "car"}]
    )
    number: int


class CoverageShown(BaseModel):
    """How much of the time a camera was seen."""

    covered_s: float
    possible_s: float = Field(description="What there was of this time until now.")
    frames_seen: int
    frames_skipped: int


class BucketShown(BaseModel):
    """One hour, one day: whatever was asked for."""

    start: Time
    end: Time
    total: int
    groups: list[GroupShown]
    coverage: dict[str, CoverageShown] = Field(
        description="By camera, from when it began to count; one that is no more is missed only up to its last frame."
    )
    complete: bool = Field(description="Whether it is over, and can change no more.")
    kept: bool = Field(description="False for minutes of which only sums are left: then this is too small.")


class CrossingShown(BaseModel):
    """One crossing."""

    sequence: int
    event_id: str
    time: Time
    camera: str
    line: str
    direction: str
    class_name: str = Field(serialization_alias="class")
    track_id: int
    confidence: float
    capture_clock: Literal["camera", "arrival"]


class CrossingPage(BaseModel):
    """Some of them."""

    crossings: list[CrossingShown]
    cursor: int | None = Field(description="For the next page; null where there was nothing more.")


class ZoneOccupancyShown(BaseModel):
    """Who was in one zone."""

    camera: str
    zone: str
    mean: float | None = Field(description="How many on average while it was seen; null where it was not.", examples=[2.4])
    most: int = Field(description="The most at once.", examples=[7])


class OccupancyShown(BaseModel):
    """Who was in the zones in one hour, one day: whatever was asked for."""

    start: Time
    end: Time
    zones: list[ZoneOccupancyShown]
    complete: bool = Field(description="Whether it is over, and can change no more.")


def buckets_json(buckets: Sequence[Bucket], group_by: tuple[Attribute, ...]) -> Iterator[bytes]:
    """A list of ``BucketShown``; written directly, because a year of hours is ten thousand of them."""
    return _list_of(
        {
            "start": rfc_3339(bucket.start_ns),
            "end": rfc_3339(bucket.end_ns),
            "total": bucket.total,
            "groups": [
                {"group": dict(zip(group_by, group)), "number": number} for group, number in sorted(bucket.counts.items())
            ],
            "coverage": {camera: _coverage(seen) for camera, seen in bucket.coverage.items()},
            "complete": bucket.is_complete,
            "kept": bucket.is_kept,
        }
        for bucket in buckets
    )


def _list_of(items: Iterable[object]) -> Iterator[bytes]:
    """As JSON, one after the other, so that they are not in memory as JSON all at once."""
    before = b"["
    for item in items:
        yield before + msgspec.json.encode(item)
        before = b","
    yield b"[]" if before == b"[" else b"]"


def _coverage(seen: Covered) -> dict[str, float]:
    return {
        "covered_s": round(seen.covered_ns / NS_PER_S, 3),
        "possible_s": round(seen.possible_ns / NS_PER_S, 3),
        "frames_seen": seen.frames,
        "frames_skipped": seen.skipped,
    }


def occupancy_json(buckets: Sequence[Occupancy]) -> Iterator[bytes]:
    """A list of ``OccupancyShown``."""
    return _list_of(
        {
            "start": rfc_3339(bucket.start_ns),
            "end": rfc_3339(bucket.end_ns),
            "zones": [
                {"camera": camera, "zone": zone, "mean": None if mean is None else round(mean, 3), "most": most}
                for (camera, zone), (mean, most) in bucket.zones.items()
            ],
            "complete": bucket.is_complete,
        }
        for bucket in buckets
    )


def crossing_of(crossing: KeptCrossing) -> CrossingShown:
    """As it is shown."""
    return CrossingShown(
        sequence=crossing.sequence,
        event_id=crossing.event_id,
        time=rfc_3339(crossing.capture_ns),
        camera=crossing.camera,
        line=crossing.line,
        direction=crossing.direction,
        class_name=crossing.class_name,
        track_id=crossing.track_id,
        confidence=round(crossing.confidence, 4),
        capture_clock="camera" if crossing.clock == "camera" else "arrival",
    )
