"""How alike two detectors see: F1 at an IoU of 0.5, class by class."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from appliance.boxes import Detections, iou_matrix

LEAST_IOU = 0.5


@dataclass(slots=True)
class Agreement:
    """Of one detector with another one, over any number of frames; who is right is not asked."""

    both: int = 0
    """Boxes that have a partner of the same class in the other's."""
    only_one: int = 0
    only_other: int = 0
    classes: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """The same by class id: both, only one, only other."""

    def add(self, one: Detections, other: Detections) -> None:
        """One more frame that both have seen; boxes in the same pixels, class ids of the same names."""
        for class_id in np.union1d(one.classes, other.classes).tolist():
            mine, theirs = one.boxes[one.classes == class_id], other.boxes[other.classes == class_id]
            pairs = matches(iou_matrix(mine, theirs))
            both, only_one, only_other = self.classes.get(class_id, (0, 0, 0))
            found = (both + pairs, only_one + len(mine) - pairs, only_other + len(theirs) - pairs)
            self.classes[class_id] = found
            self.both += pairs
            self.only_one += len(mine) - pairs
            self.only_other += len(theirs) - pairs

    @property
    def boxes(self) -> int:
        """How many boxes it rests on, of both."""
        return 2 * self.both + self.only_one + self.only_other

    @property
    def f1(self) -> float:
        """2 · both / (boxes of one + boxes of the other), 0..1; 1 where neither saw anything."""
        return 2 * self.both / self.boxes if self.boxes else 1.0

    def worst(self, classes: Collection[int]) -> tuple[int, float] | None:
        """The class that they agree least on, and its F1, of these; None where neither saw one of them."""
        found = {class_id: counts for class_id, counts in self.classes.items() if class_id in classes}
        if not found:
            return None
        f1, class_id = min((2 * both / (2 * both + one + other), key) for key, (both, one, other) in found.items())
        return class_id, f1


def matches(overlaps: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> int:
    """How many pairs of rows and columns overlap (N, M), each used once, the largest overlaps first."""
    overlaps = overlaps.copy()
    pairs = 0
    while overlaps.size and overlaps.max() >= LEAST_IOU:
        row, column = np.unravel_index(overlaps.argmax(), overlaps.shape)
        overlaps[row, :] = overlaps[:, column] = -1
        pairs += 1
    return pairs
