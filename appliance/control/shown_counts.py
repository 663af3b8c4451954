"""Counts and crossings as HTTP shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from appliance.control.shown import Time
from appliance.ledger.choice import Attribute
from appliance.ledger.queries import Bucket
from appliance.ledger.reader import KeptCrossing
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
    coverage: dict[str, CoverageShown] = Field(description="By camera.")
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


def bucket_of(bucket: Bucket, group_by: tuple[Attribute, ...]) -> BucketShown:
    """As it is shown."""
    return BucketShown(
        start=rfc_3339(bucket.start_ns),
        end=rfc_3339(bucket.end_ns),
        total=bucket.total,
        groups=[GroupShown(group=dict(zip(group_by, group)), number=number) for group, number in sorted(bucket.counts.items())],
        coverage={
            camera: CoverageShown(
                covered_s=round(seen.covered_ns / 1e9, 3),
                possible_s=round(seen.possible_ns / 1e9, 3),
                frames_seen=seen.frames,
                frames_skipped=seen.skipped,
            )
            for camera, seen in bucket.coverage.items()
        },
        complete=bucket.is_complete,
        kept=bucket.is_kept,
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
