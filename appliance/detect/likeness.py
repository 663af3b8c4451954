"""Whether a network that calculates in other numbers, or on another device, still sees the same: box by box.

Two boxes are the same where they are of one class, overlap by enough, and their scores differ by little. Boxes near the least
score that is looked at may be missing on either side, because a small difference of the score decides about them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.boxes import Detections, iou_matrix


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much two answers to one picture may differ: the least IoU of a pair, the largest difference of its scores, and the
    least F1 over all boxes.
    """

    overlap: float
    score: float
    share: float


# Measured between ONNX Runtime and OpenVINO, YOLOv8n on real and painted streets, 260 boxes: in f32 scores differ by less than
# 0.0001 and boxes overlap by more than 0.999; in bf16 it is 0.028 and 0.93. INT8 models are rounded differently by each backend.
SAME_NUMBERS = Tolerance(overlap=0.95, score=0.02, share=1.0)
FEWER_BITS = Tolerance(overlap=0.85, score=0.06, share=0.9)
FEWEST_BITS = Tolerance(overlap=0.7, score=0.15, share=0.8)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What came of a comparison."""

    same: int
    """Pairs."""
    missing: int
    """Boxes that only the reference has,"""
    extra: int
    """and those that only the other one has."""

    @property
    def f1(self) -> float:
        """0..1; 1 where neither saw anything."""
        total = 2 * self.same + self.missing + self.extra
        return 2 * self.same / total if total else 1.0


def tolerance_for(calculates_in: str, precision: str) -> Tolerance:
    """For a backend that calculates in ``calculates_in``, and a model whose weights are in ``precision``."""
    if precision == "int8":
        return FEWEST_BITS
    return SAME_NUMBERS if calculates_in == "f32" and precision in ("f32", "") else FEWER_BITS


def compare(reference: Detections, other: Detections, tolerance: Tolerance, low_score: float) -> Likeness:
    """How alike two answers to one picture are; ``low_score`` is the least score of any box in them."""
    overlaps = iou_matrix(reference.boxes, other.boxes)
    overlaps[reference.classes[:, None] != other.classes[None, :]] = 0
    overlaps[np.abs(reference.scores[:, None] - other.scores[None, :]) > tolerance.score] = 0
    is_paired = np.zeros(len(reference), np.bool_)
    is_taken = np.zeros(len(other), np.bool_)
    for row in np.argsort(-reference.scores, kind="stable").tolist():
        column = int(np.where(is_taken, 0, overlaps[row]).argmax()) if len(other) else -1
        if column >= 0 and not is_taken[column] and overlaps[row, column] >= tolerance.overlap:
            is_paired[row] = is_taken[column] = True
    least = low_score + tolerance.score
    missing = int((~is_paired & (reference.scores > least)).sum())
    extra = int((~is_taken & (other.scores > least)).sum())
    return Likeness(int(is_paired.sum()), missing, extra)
