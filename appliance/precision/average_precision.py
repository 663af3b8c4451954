"""Mean average precision, as COCO calculates it: how well boxes with scores find what there is.

Class by class, the boxes of all frames are gone through from the best score to the worst. Each one finds the object that it
overlaps most, if by enough, and if no better one has found that before. Precision is the share of boxes so far that have found
something, recall the share of objects that have been found; the average precision is the mean, over 101 recalls from 0 to 1, of
the best precision that is reached at that recall or a higher one. "map50" asks for an overlap (IoU) of 0.5, "map50_95" is the
mean over ten overlaps from 0.5 to 0.95.

Objects may be doubtful: to find one is neither right nor wrong, and to miss one does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Detections, Floats, iou_matrix

OVERLAPS: Floats = np.linspace(0.5, 0.95, 10).astype(np.float32)
RECALLS = np.linspace(0, 1, 101)
# An overlap of exactly one half is enough; boxes are rounded.
SLACK = 1e-6
MISS, HIT, DOUBTFUL = 0, 1, 2

Outcomes = NDArray[np.int8]  # (N, 10): of each box at each overlap


@dataclass(slots=True)
class _Tally:
    """Of one class."""

    objects: int = 0
    scores: list[Floats] = field(default_factory=list)
    outcomes: list[Outcomes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClassPrecision:
    """Of one class, 0..1."""

    objects: int
    """How many there are, without the doubtful ones."""
    at_50: float
    at_50_95: float


class AveragePrecision:
    """Over any number of frames."""

    def __init__(self, least_objects: int = 1) -> None:
        """Classes with fewer objects are left out of the mean: of a handful, one decides over too much."""
        self._least_objects = least_objects
        self._tallies: dict[int, _Tally] = {}

    def add(self, found: Detections, objects: Detections, doubtful: Detections | None = None) -> None:
        """One more frame: what was found, and what there is; boxes in the same pixels."""
        doubtful = Detections.empty() if doubtful is None else doubtful
        for class_id in np.unique(np.concatenate((found.classes, objects.classes))).tolist():
            mine, sure, unsure = (_of_class(each, class_id) for each in (found, objects, doubtful))
            tally = self._tallies.setdefault(class_id, _Tally())
            tally.objects += len(sure)
            tally.scores.append(mine.scores)
            tally.outcomes.append(outcomes(mine, sure, unsure))

    def classes(self) -> dict[int, ClassPrecision]:
        """By class id; those of which there is nothing are not in it."""
        return {class_id: _precision_of(tally) for class_id, tally in sorted(self._tallies.items()) if tally.objects}

    def counting(self) -> dict[int, ClassPrecision]:
        """Those that are in the mean, by class id."""
        return {class_id: each for class_id, each in self.classes().items() if each.objects >= self._least_objects}

    @property
    def map50(self) -> float | None:
        """None where there was too little of every class."""
        counting = self.counting().values()
        return float(np.mean([each.at_50 for each in counting])) if counting else None

    @property
    def map50_95(self) -> float | None:
        """None where there was too little of every class."""
        counting = self.counting().values()
        return float(np.mean([each.at_50_95 for each in counting])) if counting else None


def outcomes(found: Detections, objects: Detections, doubtful: Detections) -> Outcomes:
    """What becomes of each box (N,) of one class in one frame, at each of the overlaps."""
    overlaps = iou_matrix(found.boxes, np.concatenate((objects.boxes, doubtful.boxes)))
    out = np.zeros((len(found), len(OVERLAPS)), np.int8)
    order = np.argsort(-found.scores, kind="stable").tolist()
    for column, least in enumerate(OVERLAPS.tolist()):
        is_free = np.ones(overlaps.shape[1], np.bool_)
        for row in order:
            place = _partner(overlaps[row], is_free, len(objects), least - SLACK)
            if place is not None:
                # Two may find one doubtful object: nobody knows how many there are.
                is_free[place] = place >= len(objects)
                out[row, column] = HIT if place < len(objects) else DOUBTFUL
    return out


def _partner(overlaps: Floats, is_free: NDArray[np.bool_], objects: int, least: float) -> int | None:
    """The free object that is overlapped most, by enough; a doubtful one only where there is no other."""
    for first, last in ((0, objects), (objects, len(overlaps))):
        possible = np.where(is_free[first:last], overlaps[first:last], -1)
        if len(possible) and possible.max() >= least:
            return first + int(possible.argmax())
    return None


def _of_class(detections: Detections, class_id: int) -> Detections:
    return detections.take(np.flatnonzero(detections.classes == class_id))


def _precision_of(tally: _Tally) -> ClassPrecision:
    scores, results = np.concatenate(tally.scores), np.concatenate(tally.outcomes)
    ordered = results[np.argsort(-scores, kind="stable")]
    values = [average_precision(column[column != DOUBTFUL] == HIT, tally.objects) for column in ordered.T]
    return ClassPrecision(tally.objects, values[0], float(np.mean(values)))


def average_precision(is_hit: NDArray[np.bool_], objects: int) -> float:
    """Of boxes (N,), best score first, that have found one of so many objects or nothing."""
    if not len(is_hit):
        return 0.0
    hits = np.cumsum(is_hit)
    recall = hits / objects
    precision = hits / np.arange(1, len(hits) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALLS, side="left")
    return float(np.where(places < len(recall), best_from_here[np.minimum(places, len(recall) - 1)], 0).mean())
