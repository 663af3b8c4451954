"""Two models on one video, in turns: what each counts and how long it takes, and how alike they see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from appliance.boxes import Detections, Integers
from appliance.config import CameraSettings, DetectorSettings, SiteSettings, named_classes, wanted_classes
from appliance.decode.reader import Numbered
from appliance.detect.network import Network, class_ids
from appliance.ipc.frame_ring import Pixels
from appliance.models.store import find_model
from appliance.precision.footage import draw, read
from appliance.precision.replay import Crossed, Following, Paces, look, ways_of
from appliance.process_settings import DetectProcess
from appliance.swap.agreement import Agreement
from appliance.swap.shadow import extended


@dataclass(slots=True)
class Side:
    """One of the two."""

    label: str
    network: Network
    paces: Paces = field(default_factory=Paces)
    following: Following | None = None
    """None before the first frame."""

    @property
    def crossings(self) -> list[Crossed]:
        """All that it has counted."""
        return [] if self.following is None else self.following.crossings


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame, and what both were sure of in it."""

    frame: int
    image: Pixels
    """(H, W, 3) BGR."""
    seen: tuple[Detections, Detections]
    apart: int
    """Boxes without a partner."""


class Contest:
    """The two on their way through the video, and what has come of it."""

    def __init__(self, labels: tuple[str, str], site: SiteSettings, stores: tuple[Path, ...], *, keeps_picture: bool) -> None:
        """``site`` has one camera, the file. Raises ``Refusal`` where a model cannot be had, or no line could count anything."""
        self._site, self._keeps_picture = site, keeps_picture
        self.sides = _open(labels[0], site, stores), _open(labels[1], site, stores)
        first, second = (side.network.info.names for side in self.sides)
        self.names = extended(first, second)
        """Class ids are places in it."""
        class_ids(named_classes(site.cameras), self.names)
        self._common: Integers = np.array([self.names.index(name) for name in first if name in second], np.int64)
        for side in self.sides:
            side.network.speak(self.names)
        self.frames = 0
        self.agreement = Agreement()
        self.worst: Moment | None = None
        """Where they disagree most, the first of several; None where they never do, or nobody wants to see it."""

    @property
    def camera(self) -> CameraSettings:
        """The file and its lines."""
        return self._site.cameras[0]

    def run(self, tell: Callable[[int], None]) -> None:
        """Through all frames; ``tell`` hears how many are done."""
        for numbered in read(self.camera):
            self._add(numbered)
            tell(self.frames)
        for side in self.sides:
            if side.following is not None:
                side.following.end()

    def _add(self, numbered: Numbered) -> None:
        first = self.frames % 2
        seen: dict[int, Detections] = {}
        for place in (first, 1 - first):
            seen[place] = self._look(self.sides[place], numbered)
        self.frames += 1
        before = self.agreement.only_one + self.agreement.only_other
        sure = self._sure(seen[0]), self._sure(seen[1])
        self.agreement.add(*(each.take(np.flatnonzero(np.isin(each.classes, self._common))) for each in sure))
        apart = self.agreement.only_one + self.agreement.only_other - before
        if self._keeps_picture and apart > (0 if self.worst is None else self.worst.apart):
            self.worst = Moment(numbered.frame, numbered.picture.to_bgr(), sure, apart)

    def _look(self, side: Side, numbered: Numbered) -> Detections:
        size = (numbered.picture.width, numbered.picture.height)
        shape = side.network.info.rule.shape_for(*size)
        if side.following is None:
            side.following = Following(self._site, self.camera, self.names, size)
            side.network.warm_up([shape])
        frame = draw(numbered, shape, self.camera.preview_px)
        seen = look(side.network, frame, side.paces)
        side.following.add(seen, frame)
        return seen

    def _sure(self, seen: Detections) -> Detections:
        return seen.take(np.flatnonzero(seen.scores >= self._site.detector.confidence))

    def counts(self, side: Side) -> dict[str, dict[str, dict[str, int]]]:
        """By line, direction and class, with the total of each direction."""
        totals = {line.name: {way: {"total": 0} for way in ways_of(line)} for line in self.camera.counted}
        for each in side.crossings:
            found = totals[each.line][each.direction]
            found["total"] += 1
            found[each.class_name] = found.get(each.class_name, 0) + 1
        return totals


def _open(label: str, site: SiteSettings, stores: tuple[Path, ...]) -> Side:
    detector: DetectorSettings = site.detector.model_copy(update={"model": str(find_model(label, *stores).path)})
    settings = DetectProcess(
        detector=detector,
        low_score=min(site.tracker.low_score, detector.confidence),
        classes=wanted_classes(site.cameras),
        named=(),
        stores=(),
        is_live=True,
        takes_guests=False,
        burst=1,
    )
    return Side(label, Network(settings))
