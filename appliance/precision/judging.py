"""The judging: the original and the reduced model look at the same frames in turns, so that whatever hinders hinders all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from appliance.boxes import Detections
from appliance.config import DetectorSettings, Precision, SiteSettings, named_classes, wanted_classes
from appliance.detect.network import Network
from appliance.precision.average_precision import AveragePrecision
from appliance.precision.footage import Drawn, Survey, drawn
from appliance.precision.proof import Contestant, Pace, Proof
from appliance.precision.reduction import ReductionRequest
from appliance.precision.replay import Following, Paces, look
from appliance.process_settings import DetectProcess
from appliance.swap.agreement import Agreement

# Of any box: average precision looks at weak ones, too.
LOW_SCORE = 0.05
# Of a class, for an average precision that one of them does not decide over.
LEAST_OBJECTS = 20


@dataclass(slots=True)
class Rival:
    """One of those that are judged."""

    precision: str
    network: Network
    paces: Paces = field(default_factory=Paces)
    average: AveragePrecision = field(default_factory=lambda: AveragePrecision(LEAST_OBJECTS))
    agreement: Agreement = field(default_factory=Agreement)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, following: Following) -> None:
        """A video is over."""
        following.end()
        for (line, direction), count in following.counts().items():
            way = f"{line} {direction}"
            self.counts[way] = self.counts.get(way, 0) + count

    def as_contestant(self, names: tuple[str, ...]) -> Contestant:
        """What came of it."""
        ap50 = {names[class_id]: each.at_50 for class_id, each in self.average.counting().items()}
        pace = Pace(round(self.paces.percentile_ms(50), 3), round(self.paces.percentile_ms(99), 3))
        average = self.average
        return Contestant(self.precision, pace, self.counts, average.map50, average.map50_95, self.agreement.f1, ap50)


def judge(request: ReductionRequest, surveys: Iterable[Survey], tell: Callable[[str], None]) -> Proof:
    """Let them look at the frames that are held back."""
    site, camera = request.site, request.site.cameras[0]
    rivals = rivals_of(request)
    frames, objects = 0, dict[str, int]()
    for each in surveys:
        tell(f"judging by {each.video.name}, from frame {each.held_back} on")
        shape = rivals[0].network.info.rule.shape_for(each.width, each.height)
        for rival in rivals:
            rival.network.warm_up([shape])
        followings = [Following(site, camera, request.classes, (each.width, each.height)) for _ in rivals]
        last = min(each.frames, each.held_back + request.proof_frames)
        for frame in drawn(each.video, shape, range(each.held_back, last)):
            frames += 1
            for class_id in _judge_frame(rivals, followings, frame, site).classes.tolist():
                objects[request.classes[class_id]] = objects.get(request.classes[class_id], 0) + 1
        for rival, following in zip(rivals, followings):
            rival.count(following)
    return Proof(rivals[-1].network.info.backend, frames, objects, tuple(each.as_contestant(request.classes) for each in rivals))


def rivals_of(request: ReductionRequest) -> list[Rival]:
    """The original in f32 and, where that is another, as this device runs it; then the new one."""
    site = request.site
    original = site.detector.model_copy(update={"model": str(request.model)})
    new = site.detector.model_copy(update={"model": str(request.out)})
    exact = _open(site, original.model_copy(update={"precision": Precision.F32}))
    usual = _open(site, original)
    rivals = [Rival("f32", exact)]
    calculates_in = usual.info.backend.rpartition(" ")[2]
    if calculates_in != "f32":
        rivals.append(Rival(calculates_in, usual))
    return [*rivals, Rival("f16" if request.to.value == "fp16" else request.to.value, _open(site, new))]


def _open(site: SiteSettings, detector: DetectorSettings) -> Network:
    return Network(
        DetectProcess(
            detector=detector,
            low_score=min(LOW_SCORE, site.tracker.low_score, detector.confidence),
            classes=wanted_classes(site.cameras),
            named=named_classes(site.cameras),
            stores=(),
            is_live=True,
            takes_guests=False,
            burst=1,
        )
    )


def most_alike(request: ReductionRequest, candidates: Mapping[str, Path], frames: Sequence[Drawn]) -> str:
    """The candidate whose boxes agree best with the original's in f32; none of these frames is among those to judge by."""
    site, paces = request.site, Paces()
    original = site.detector.model_copy(update={"model": str(request.model), "precision": Precision.F32})
    exact = _open(site, original)
    seen = [_sure(exact, site, frame, paces) for frame in frames]
    exact.close()
    f1 = {}
    for name, path in candidates.items():
        network, agreement = _open(site, site.detector.model_copy(update={"model": str(path)})), Agreement()
        for frame, one in zip(frames, seen):
            agreement.add(one, _sure(network, site, frame, paces))
        network.close()
        f1[name] = agreement.f1
    return max(f1, key=lambda name: f1[name])


def _sure(network: Network, site: SiteSettings, frame: Drawn, paces: Paces) -> Detections:
    return divided(look(network, frame, paces), site.detector.confidence)[0]


def _judge_frame(rivals: list[Rival], followings: list[Following], frame: Drawn, site: SiteSettings) -> Detections:
    """What the original is sure of."""
    first = frame.frame % len(rivals)
    seen: dict[int, Detections] = {}
    for turn in range(len(rivals)):
        place = (first + turn) % len(rivals)
        seen[place] = look(rivals[place].network, frame, rivals[place].paces)
    sure, doubtful = divided(seen[0], site.detector.confidence)
    for place, (rival, following) in enumerate(zip(rivals, followings)):
        rival.average.add(seen[place], sure, doubtful)
        rival.agreement.add(sure, divided(seen[place], site.detector.confidence)[0])
        following.add(seen[place], frame)
    return sure


def divided(seen: Detections, confidence: float) -> tuple[Detections, Detections]:
    """What a model is sure of, as the detector's settings have it, and the rest."""
    is_sure = seen.scores >= confidence
    return seen.take(np.flatnonzero(is_sure)), seen.take(np.flatnonzero(~is_sure))
