"""One site's messages, as examples for those who read them: made as the real ones are."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.clock import NS_PER_S
from appliance.ledger.reader import KeptCrossing
from appliance.messages.health import CameraHealth
from appliance.messages.orders import SourceInfo
from appliance.messages.reports import Condition, DriftHealth
from appliance.publish import making
from appliance.publish.payloads import Payload

# 2026-11-20T07:30:00Z
START_NS = 1_795_159_800 * NS_PER_S
END_NS = START_NS + 60 * NS_PER_S
RUN = "1a9c4f2e"
PLACE = making.Place("junction", "north", "stop-line", ("inbound", "outbound"))
ZONE = making.Place("junction", "north", "square", ("enter", "exit"))
TALLIES = (("inbound", "car", 11), ("inbound", "truck", 1), ("outbound", "bicycle", 2))


@dataclass(frozen=True, slots=True)
class Example:
    """A payload and what it shows."""

    name: str
    payload: Payload


CROSSING = KeptCrossing(
    sequence=4711,
    event_id=f"{RUN}.north.stop-line.8250.0",
    run=RUN,
    camera=PLACE.camera,
    line=PLACE.line,
    direction="inbound",
    class_name="car",
    capture_ns=START_NS + 17_480_000_000,
    clock="camera",
    track_id=318,
    confidence=0.8731,
    x=812.5,
    y=403.25,
)
SEEN = CameraHealth(
    name=PLACE.camera,
    condition=Condition("ok"),
    since_ns=START_NS - 3600 * NS_PER_S,
    source=SourceInfo(1280, 720, 25.0, 0, "pyav"),
    connections=1,
    frames=90_000,
    skipped_busy=12,
    skipped_stale=0,
    damaged=0,
    drift=DriftHealth("drifting", START_NS, "the picture is blurred: its sharpness fell from 0.41 to 0.19", "day", 1.0),
)
AWAY = CameraHealth(
    name=PLACE.camera,
    condition=Condition("down", "the camera sends no pictures"),
    since_ns=END_NS - 20 * NS_PER_S,
    source=None,
    connections=1,
    frames=91_000,
    skipped_busy=12,
    skipped_stale=0,
    damaged=0,
)
WHOLE = making.Watch(covered_ns=60 * NS_PER_S, frames_seen=1500, frames_skipped=0)
BLIND = making.Watch(0, 0, 0, ((START_NS, END_NS, "the camera sends no pictures"),))
SQUARE = making.Watch(
    covered_ns=58 * NS_PER_S,
    frames_seen=1450,
    frames_skipped=3,
    gaps=((START_NS + 30 * NS_PER_S, START_NS + 32 * NS_PER_S, "the camera sends no pictures"),),
    presence_ns=87 * NS_PER_S,
    most_present=4,
)

EXAMPLES = (
    Example("connected", making.online(RUN, START_NS - 3600 * NS_PER_S, "0.1.0")),
    Example("lost", making.offline("0.1.0")),
    Example("seen", making.camera_of(SEEN)),
    Example("away", making.camera_of(AWAY)),
    Example("crossing", making.crossing(CROSSING, PLACE.site)),
    Example("again", making.crossing(CROSSING, PLACE.site, replayed=True)),
    Example("totals", making.count(PLACE, TALLIES, sequence=4711, time_ns=START_NS + 17_520_000_000, since_ns=None)),
    Example("busy", making.interval(PLACE, START_NS, END_NS, TALLIES, WHOLE)),
    Example("empty", making.interval(PLACE, START_NS, END_NS, (), WHOLE)),
    Example("blind", making.interval(PLACE, START_NS, END_NS, (), BLIND)),
    Example("zone", making.interval(ZONE, START_NS, END_NS, (("enter", "person", 5), ("exit", "person", 3)), SQUARE)),
    Example("lost_crossings", making.crossings_lost(1200, END_NS)),
)
