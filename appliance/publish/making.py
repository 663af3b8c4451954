"""Payloads from what the machine knows: times in nanoseconds, names, numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from appliance.clock import NS_PER_MS, NS_PER_S
from appliance.ledger.reader import KeptCrossing, Tally
from appliance.messages.health import CameraHealth
from appliance.messages.reports import DriftHealth
from appliance.publish.payloads import (
    TOTAL,
    AnnouncementPayload,
    CameraPayload,
    CountPayload,
    CrossingPayload,
    DriftPayload,
    GapPayload,
    IntervalPayload,
    OccupancyPayload,
    SitePayload,
)
from appliance.times import rfc_3339


class Place(msgspec.Struct, frozen=True):
    """Where something was counted; ``directions`` are the names of both."""

    site: str
    camera: str
    line: str
    directions: tuple[str, str]


class Watch(msgspec.Struct, frozen=True):
    """How well a camera was seen in an interval.

    ``gaps`` are beginning, end and reason; ``presence_ns`` is the sum of the times that objects were in a zone, ``most_present``
    the most of them at once, both None of a line.
    """

    covered_ns: int
    frames_seen: int
    frames_skipped: int
    gaps: tuple[tuple[int, int, str], ...] = ()
    presence_ns: int | None = None
    most_present: int | None = None


def online(run: str, since_ns: int, version: str) -> SitePayload:
    """The site from when it is connected on."""
    return SitePayload(state="online", since=rfc_3339(since_ns), run=run, version=version)


def offline(version: str, since_ns: int | None = None) -> SitePayload:
    """The site when it leaves; without a time, its last will."""
    return SitePayload(state="offline", since=None if since_ns is None else rfc_3339(since_ns), run=None, version=version)


def camera_of(health: CameraHealth) -> CameraPayload:
    """A camera as the supervisor tells of it."""
    source, condition = health.source, health.condition
    return CameraPayload(
        state=msgspec.convert(condition.state, Literal["starting", "ok", "degraded", "down"]),
        reason=condition.reason,
        since=rfc_3339(health.since_ns),
        frames_per_second=None if source is None or not source.frames_per_second else round(source.frames_per_second, 3),
        width=None if source is None else source.width,
        height=None if source is None else source.height,
        decoder=None if source is None else source.decoder,
        drift=None if health.drift is None else drift_of(health.drift),
    )


def drift_of(drift: DriftHealth) -> DriftPayload:
    """As the detector tells of it."""
    state = msgspec.convert(drift.state, Literal["learning", "steady", "drifting"])
    return DriftPayload(state=state, reason=drift.sentence, since=rfc_3339(drift.since_ns))


def crossing(counted: KeptCrossing, site: str, *, replayed: bool = False) -> CrossingPayload:
    """A crossing; its figures are rounded to what is true of them."""
    return CrossingPayload(
        event_id=counted.event_id,
        sequence=counted.sequence,
        site=site,
        camera=counted.camera,
        line=counted.line,
        direction=counted.direction,
        class_name=counted.class_name,
        time=rfc_3339(counted.capture_ns),
        capture_clock="camera" if counted.clock == "camera" else "arrival",
        track_id=counted.track_id,
        confidence=round(counted.confidence, 4),
        x=round(counted.x, 2),
        y=round(counted.y, 2),
        run=counted.run,
        replayed=replayed,
    )


def count(place: Place, tallies: Iterable[Tally], *, sequence: int, time_ns: int, since_ns: int | None) -> CountPayload:
    """The totals of a place that hold everything up to the crossing ``sequence``."""
    counts = counts_of(place, tallies)
    return CountPayload(
        site=place.site,
        camera=place.camera,
        line=place.line,
        since=None if since_ns is None else rfc_3339(since_ns),
        time=rfc_3339(time_ns),
        sequence=sequence,
        total=total_of(counts),
        counts=counts,
    )


def interval(place: Place, start_ns: int, end_ns: int, tallies: Iterable[Tally], watch: Watch) -> IntervalPayload:
    """A closed interval; its ends are whole seconds."""
    counts = counts_of(place, tallies)
    start, length_s = rfc_3339(start_ns), (end_ns - start_ns) // NS_PER_S
    return IntervalPayload(
        interval_id=f"{place.camera}.{place.line}.{start}.{length_s}",
        site=place.site,
        camera=place.camera,
        line=place.line,
        start=start,
        end=rfc_3339(end_ns),
        length_s=length_s,
        total=total_of(counts),
        counts=counts,
        # Cut off, so that a gap of less than a millisecond still is one.
        coverage_s=min(watch.covered_ns, end_ns - start_ns) // NS_PER_MS / 1000,
        frames_seen=watch.frames_seen,
        frames_skipped=watch.frames_skipped,
        gaps=tuple(GapPayload(start=rfc_3339(first), end=rfc_3339(last), reason=why) for first, last, why in watch.gaps),
        occupancy=_occupancy(watch),
    )


def _occupancy(watch: Watch) -> OccupancyPayload | None:
    if watch.presence_ns is None or watch.covered_ns == 0:
        return None
    return OccupancyPayload(mean=round(watch.presence_ns / watch.covered_ns, 3), max=watch.most_present or 0)


def crossings_lost(number: int, time_ns: int) -> AnnouncementPayload:
    """What was counted and will never be sent."""
    noun = "crossing that was" if number == 1 else "crossings that were"
    sentence = f"the disk limit made us delete {number} {noun} never acknowledged by the broker"
    return AnnouncementPayload(time=rfc_3339(time_ns), kind="crossings_lost", count=number, sentence=sentence)


def counts_of(place: Place, tallies: Iterable[Tally]) -> dict[str, dict[str, int]]:
    """By direction and class, with the total of each direction, in the order of the configuration and of the alphabet."""
    by_direction: dict[str, dict[str, int]] = {direction: {} for direction in place.directions}
    for direction, class_name, number in tallies:
        classes = by_direction.setdefault(direction, {})
        classes[class_name] = classes.get(class_name, 0) + number
    return {
        direction: {TOTAL: sum(classes.values()), **{name: classes[name] for name in sorted(classes) if name != TOTAL}}
        for direction, classes in by_direction.items()
    }


def total_of(counts: Mapping[str, Mapping[str, int]]) -> int:
    """Of all directions."""
    return sum(classes[TOTAL] for classes in counts.values())
