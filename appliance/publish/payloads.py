"""What the MQTT messages hold: JSON objects, one type for each kind of topic.

Fields may be added within a schema, and never change their meaning: who reads them ignores what he does not know, and refuses a
schema that is newer than his own. Times are RFC 3339, UTC, with milliseconds.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

SCHEMA: Final = 1
# Beside the classes in the counts of a direction.
TOTAL = "total"

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"}, examples=["2026-11-20T07:30:00.000Z"])]
Number = Annotated[int, Meta(ge=0)]
Site = Annotated[str, Meta(description="The site's name.")]
Camera = Annotated[str, Meta(description="The camera's name.")]
Line = Annotated[str, Meta(description="The name of the line or zone.")]
Run = Annotated[str, Meta(description="Which start of the machine this is of.")]
Total = Annotated[int, Meta(ge=0, description="All directions and classes together.")]
Counts = Annotated[
    dict[str, dict[str, Number]],
    Meta(
        description="By direction: the number of each class that occurred, and under 'total' that of all. Both directions are"
        " always there. A class that is itself called 'total' is in the total alone."
    ),
]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What all messages begin with."""

    schema: Annotated[Literal[1], Meta(description="The version of this format.")] = SCHEMA


class SitePayload(Payload, frozen=True, kw_only=True):
    """Whether the appliance is connected; retained, and the last will of its connection."""

    state: Annotated[
        Literal["online", "offline"], Meta(description="'offline' is told by the broker when the connection is lost.")
    ]
    since: Annotated[Time | None, Meta(description="Since when; null in the last will, which does not know.")]
    run: Annotated[str | None, Meta(description="The present start of the machine; null where it is offline.")]
    version: Annotated[str, Meta(description="Of the appliance's software.")]


class DriftPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a camera shows, and the model finds, what they used to."""

    state: Annotated[
        Literal["learning", "steady", "drifting"],
        Meta(description="'learning' what is usual takes a day; 'drifting' still counts, but perhaps not truly."),
    ]
    reason: Annotated[str, Meta(description="What has changed, as a sentence for people; empty where nothing has.")]
    since: Annotated[Time, Meta(description="When it came into this state.")]


class CameraPayload(Payload, frozen=True, kw_only=True):
    """How a camera is; retained."""

    state: Annotated[
        Literal["starting", "ok", "degraded", "down"],
        Meta(description="'degraded' still counts, but not as it should; 'down' does not see anything."),
    ]
    reason: Annotated[str, Meta(description="Why, as a sentence for people; empty where all is well.")]
    since: Annotated[Time, Meta(description="When it came into this state.")]
    frames_per_second: Annotated[
        float | None, Meta(description="As the source says; null where it does not, or is not connected.")
    ]
    width: Annotated[int | None, Meta(description="Of the source's frames, pixels.")]
    height: Annotated[int | None, Meta(description="Of the source's frames, pixels.")]
    decoder: Annotated[str | None, Meta(description="What decodes its pictures.")]
    drift: Annotated[DriftPayload | None, Meta(description="Null where nobody watches for it.")] = None


class CrossingPayload(Payload, frozen=True, kw_only=True):
    """One crossing of a line, or of the boundary of a zone, as it was written down before it was sent.

    It is delivered at least once, and those of one line in their order. Whoever ignores an ``event_id`` that he knows has each
    exactly once.
    """

    event_id: Annotated[str, Meta(description="What makes this crossing this one; the same whenever it is sent again.")]
    sequence: Annotated[int, Meta(ge=1, description="Its number in the ledger: grows from one crossing of the site to the next.")]
    site: Site
    camera: Camera
    line: Line
    direction: Annotated[str, Meta(description="What the direction is called in the configuration.")]
    class_name: Annotated[str, Meta(description="What crossed.", examples=["car"])] = msgspec.field(name="class")
    time: Annotated[Time, Meta(description="Of the crossing itself, by the clock that 'capture_clock' names.")]
    capture_clock: Annotated[
        Literal["camera", "arrival"], Meta(description="The camera's own clock, or ours when its frames arrived.")
    ]
    track_id: Annotated[int, Meta(description="The object's number within its camera and run.")]
    confidence: Annotated[float, Meta(ge=0, le=1, description="Of the class.")]
    x: Annotated[float, Meta(description="Where the anchor of the object crossed, pixels of the source frame from its left.")]
    y: Annotated[float, Meta(description="Where the anchor of the object crossed, pixels of the source frame from its top.")]
    run: Run
    replayed: Annotated[bool, Meta(description="Sent again because somebody asked for the past.")] = False


class CountPayload(Payload, frozen=True, kw_only=True):
    """The totals of a line up to a crossing; retained, so that who comes later knows them at once."""

    site: Site
    camera: Camera
    line: Line
    since: Annotated[Time | None, Meta(description="When it was last set to zero; null where it never is.")]
    time: Annotated[Time, Meta(description="When this was told.")]
    sequence: Annotated[int, Meta(ge=0, description="Of the newest crossing that is in it; 0 where there was none yet.")]
    total: Total
    counts: Counts


class GapPayload(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which nothing was seen."""

    start: Time
    end: Time
    reason: Annotated[str, Meta(description="As a sentence for people.")]


class OccupancyPayload(msgspec.Struct, frozen=True, kw_only=True):
    """How many were in a zone."""

    mean: Annotated[float, Meta(ge=0, description="Over the time that was covered.")]
    max: Annotated[int, Meta(ge=0, description="The most at once.")]


class IntervalPayload(Payload, frozen=True, kw_only=True):
    """What was counted at a line in an interval, and how much of that time the camera was seen; told once it is closed.

    Nothing counted with full coverage is an empty road; nothing counted without coverage is a blind camera. The intervals of one
    length add up to the line's total.
    """

    interval_id: Annotated[
        str, Meta(description="Unique within the site: camera, line, start, and length in seconds, with dots between.")
    ]
    site: Site
    camera: Camera
    line: Line
    start: Time
    end: Annotated[Time, Meta(description="Not itself in the interval.")]
    length_s: Annotated[int, Meta(ge=1, description="From start to end, seconds.")]
    total: Total
    counts: Counts
    coverage_s: Annotated[float, Meta(ge=0, description="For how much of it the camera was seen, seconds; at most its length.")]
    frames_seen: Annotated[int, Meta(ge=0, description="Frames that were looked at.")]
    frames_skipped: Annotated[int, Meta(ge=0, description="Frames that came, and were not looked at.")]
    gaps: Annotated[tuple[GapPayload, ...], Meta(description="The times that are not covered, and why.")]
    occupancy: Annotated[OccupancyPayload | None, Meta(description="Of a zone; null of a line, and where nothing was covered.")]


class AnnouncementPayload(Payload, frozen=True, kw_only=True):
    """Something that whoever relies on the counts has to know."""

    time: Time
    kind: Annotated[
        Literal["crossings_lost"],
        Meta(description="'crossings_lost': the limit of the disk made us delete what no broker had acknowledged."),
    ]
    count: Annotated[int, Meta(ge=0, description="How many are concerned.")]
    sentence: Annotated[str, Meta(description="For people.")]


def encoded(payload: Payload) -> bytes:
    """As it is sent."""
    return msgspec.json.encode(payload)
