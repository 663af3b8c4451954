"""A model over a video, as the machine would have it: what it sees, followed and counted, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from appliance.boxes import Detections
from appliance.clock import NS_PER_MS, monotonic_ns
from appliance.config import CameraSettings, SiteSettings
from appliance.count.camera import counted_lines, counter_settings
from appliance.count.counter import Counter, Decision
from appliance.counted import LineSettings, ZoneSettings
from appliance.detect.network import Network
from appliance.precision.footage import Drawn
from appliance.track.botsort import BotSort, BotSortSettings
from appliance.track.camera_motion import CameraMotion

# Line, direction.
Way = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Crossed:
    """Somebody has crossed a line."""

    line: str
    direction: str
    class_name: str
    frame: float
    time_ns: int


class Following:
    """One model's boxes in one video, followed and counted."""

    def __init__(self, site: SiteSettings, camera: CameraSettings, names: tuple[str, ...], size: tuple[int, int]) -> None:
        """``size`` is (width, height) of the video."""
        self._camera, self._names, self._size = camera, names, size
        self._low_score = min(site.tracker.low_score, site.detector.confidence)
        settings = BotSortSettings(site.detector.confidence, site.tracker.low_score, lost_s=site.tracker.lost_s)
        self._tracker = BotSort(settings)
        self._motion = CameraMotion() if site.tracker.camera_motion == "auto" else None
        self._counter = Counter(counted_lines(camera, names, size), counter_settings(site.counter, names))
        self.crossings: list[Crossed] = []

    def add(self, seen: Detections, frame: Drawn) -> None:
        """One more frame; boxes in its pixels."""
        seen = seen.take(np.flatnonzero(seen.scores > self._low_score))
        motion = None if self._motion is None else self._motion.measure(frame.grey, seen.boxes, self._size[0])
        tracks = self._tracker.update(seen, frame.pts_ns, motion)
        self._note(self._counter.update(tracks, frame.frame, frame.pts_ns))

    def end(self) -> None:
        """No more frames come."""
        self._note(self._counter.finish())

    def _note(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            if decision.counted:
                line = self._camera.counted[decision.line]
                direction = line.directions.forward if decision.net > 0 else line.directions.backward
                name = self._names[decision.class_id]
                self.crossings.append(Crossed(line.name, direction, name, decision.frame, decision.time_ns))

    def counts(self) -> dict[Way, int]:
        """How many went each way, those that nobody went among them."""
        counts = {(line.name, way): 0 for line in self._camera.counted for way in ways_of(line)}
        for each in self.crossings:
            counts[each.line, each.direction] += 1
        return counts


def ways_of(line: LineSettings | ZoneSettings) -> tuple[str, str]:
    """What the two directions of a line are called."""
    return line.directions.forward, line.directions.backward


@dataclass(slots=True)
class Paces:
    """How long pictures took, nanoseconds."""

    times_ns: list[int] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        """The time that this share (0..100) of the pictures did not exceed."""
        return float(np.percentile(self.times_ns, share)) / NS_PER_MS if self.times_ns else 0.0


def look(network: Network, frame: Drawn, paces: Paces) -> Detections:
    """What a network sees in a frame, in the pixels of the source; the time is from the pixels to its output."""
    began_ns = monotonic_ns()
    network.submit([frame.pixels])
    output = network.collect()
    paces.times_ns.append(monotonic_ns() - began_ns)
    seen = network.read(output[0], (frame.pixels.shape[0], frame.pixels.shape[1]))
    return Detections(frame.place.to_source(seen.boxes, frame.width, frame.height), seen.scores, seen.classes)
