"""Two models on the same frames: how alike their boxes are, and what each would have counted; pure."""

from __future__ import annotations

from collections import Counter as Counts
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from appliance.boxes import Detections
from appliance.clock import NS_PER_MS
from appliance.config import CameraSettings, CounterSettings, GateSettings, TrackerSettings
from appliance.count.camera import counted_lines, counter_settings
from appliance.count.counter import Counter
from appliance.messages.frames import FrameTicket
from appliance.swap.agreement import Agreement
from appliance.swap.journal import AGREEMENT
from appliance.track.botsort import BotSort, BotSortSettings

# Fewer boxes, crossings, or objects of a class, tell nothing: a hundred boxes of one van are one van that is called a lorry.
LEAST_BOXES, LEAST_CROSSINGS, LEAST_OBJECTS = 50, 10, 10
# Of the agreement that is wanted, for one class: good models call many a van differently; who is blind to a class agrees in none.
CLASS_SHARE = 0.2
# Of the newest pictures.
MOST_TIMES = 4096


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What both are measured with."""

    gates: GateSettings
    tracker: TrackerSettings
    counter: CounterSettings
    confidence: float
    names: tuple[str, ...]
    """Of the machine; class ids are places in it."""
    common: frozenset[int]
    """The classes that both models know."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of it, as a sentence."""

    is_good: bool
    sentence: str


class Trial:
    """One model on one camera: its boxes, followed and counted."""

    def __init__(self, camera: CameraSettings, frame_size: tuple[int, int], yardstick: Yardstick) -> None:
        tracker = yardstick.tracker
        self._tracker = BotSort(
            BotSortSettings(high_score=yardstick.confidence, low_score=tracker.low_score, lost_s=tracker.lost_s)
        )
        lines = counted_lines(camera, yardstick.names, frame_size)
        self._counter = Counter(lines, counter_settings(yardstick.counter, yardstick.names))
        self.objects: set[tuple[int, int]] = set()
        """Class and number of every track."""

    def count(self, detections: Detections, ticket: FrameTicket) -> int:
        """How many more have crossed a line."""
        tracks = self._tracker.update(detections, ticket.pts_ns, None)
        sure = tracks.confirmed
        self.objects.update(zip(tracks.classes[sure].tolist(), tracks.ids[sure].tolist()))
        return sum(decision.counted for decision in self._counter.update(tracks, ticket.frame, ticket.pts_ns))


class Shadow:
    """A new model beside the one that counts, on all cameras."""

    def __init__(self, cameras: Mapping[str, CameraSettings], yardstick: Yardstick) -> None:
        self._cameras, self._yardstick = cameras, yardstick
        self._trials: dict[str, tuple[tuple[int, int], Trial, Trial]] = {}
        self.agreement = Agreement()
        self._took_ns: deque[int] = deque(maxlen=MOST_TIMES)
        self.frames = self.live_count = self.new_count = 0

    def add(self, ticket: FrameTicket, live: Detections, new: Detections, took_ns: int) -> None:
        """A frame that both have seen, boxes in pixels of the source; and what it took the new model."""
        self._took_ns.append(took_ns)
        camera = self._cameras.get(ticket.camera)
        if camera is None:
            return
        live, new = self._common(live), self._common(new)
        self.frames += 1
        self.agreement.add(self._sure(live), self._sure(new))
        live_trial, new_trial = self._trials_of(camera, (ticket.source_width, ticket.source_height))
        self.live_count += live_trial.count(live, ticket)
        self.new_count += new_trial.count(new, ticket)

    def figures(self) -> dict[str, float]:
        """What was measured so far."""
        return {
            "frames": self.frames,
            "boxes": self.agreement.boxes,
            AGREEMENT: round(self.agreement.f1, 4),
            "live_count": self.live_count,
            "new_count": self.new_count,
            # Beside the other one, which goes first: what acceptance and probation measure is nearer to what it will take.
            **{
                f"latency_p{percent}_ms": round(float(np.percentile(self._took_ns, percent)) / NS_PER_MS, 1)
                for percent in (50, 99)
                if self._took_ns
            },
        }

    def judgement(self, elapsed_s: float) -> Judgement | None:
        """Whether it may count; None while that cannot be said."""
        gates, boxes = self._yardstick.gates, self.agreement.boxes
        if elapsed_s < gates.shadow_s:
            return None
        if boxes < LEAST_BOXES:
            if elapsed_s < gates.shadow_longest_s:
                return None
            return Judgement(False, f"{LEAST_BOXES} boxes are wanted to compare the two, found {boxes} in {elapsed_s:.0f} s")
        f1, most = self.agreement.f1, max(self.live_count, self.new_count)
        seen = f"on {self.frames} live frames its boxes agree with an F1 of {f1:.2f}"
        if f1 < gates.agreement:
            return Judgement(False, f"{seen}, at least {gates.agreement:g} is wanted")
        # Many cars would hide that it sees no bus.
        least = CLASS_SHARE * gates.agreement
        if (worst := self.agreement.worst(self._well_known())) is not None and worst[1] < least:
            what = f"{seen}, but those of the class '{self._yardstick.names[worst[0]]}' with one of {worst[1]:.2f}"
            return Judgement(False, f"{what}, at least {least:g} is wanted")
        counts = f"it counts {self.new_count} where the other counts {self.live_count}"
        if most >= LEAST_CROSSINGS and abs(self.live_count - self.new_count) > gates.counts * most:
            return Judgement(False, f"{counts}; they may differ by {gates.counts:.0%}")
        return Judgement(True, f"{seen}, {counts}")

    def _well_known(self) -> set[int]:
        """The classes of which one of the two has seen enough objects to be judged by."""
        trials = [trials for _, *trials in self._trials.values()]
        of_each = [Counts(kind for trial in side for kind, _ in trial.objects) for side in zip(*trials)]
        return {kind for counts in of_each for kind, objects in counts.items() if objects >= LEAST_OBJECTS}

    def _trials_of(self, camera: CameraSettings, frame_size: tuple[int, int]) -> tuple[Trial, Trial]:
        size, *trials = self._trials.get(camera.name, ((0, 0),))
        if size != frame_size:
            trials = [Trial(camera, frame_size, self._yardstick) for _ in range(2)]
            self._trials[camera.name] = (frame_size, trials[0], trials[1])
        return trials[0], trials[1]

    def _common(self, detections: Detections) -> Detections:
        return detections.take(np.flatnonzero(np.isin(detections.classes, list(self._yardstick.common))))

    def _sure(self, detections: Detections) -> Detections:
        return detections.take(np.flatnonzero(detections.scores >= self._yardstick.confidence))


def extended(names: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """The machine's classes with those of another model behind them; known ones keep their numbers."""
    return (*names, *(name for name in more if name not in names))
