"""The heads of YOLO models, told apart by shape, and non-maximum suppression.

Three layouts are in use (C classes, A anchors, M boxes):

    (N, 4 + C, A)   YOLOv8, YOLO11: rows centre x, centre y, width, height, then one score per class
    (N, A, 4 + C)   the same, transposed by some exporters
    (N, M, 6)       end to end (YOLOv10, YOLO26, RT-DETR-like): x_min, y_min, x_max, y_max, score, class

Coordinates are pixels of the network's input; scores are probabilities, there is no objectness.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from appliance.boxes import Boxes, Detections, Floats, Integers, cxcywh_to_xyxy, iou_matrix
from appliance.errors import Refusal

STRIDES_PX = (8, 16, 32)
MOST_END_TO_END_BOXES = 1000
# Before suppression; the best of them by score.
MOST_CANDIDATES = 1000


class Head(Enum):
    """The layout of a model's output."""

    CHANNELS_FIRST = "(N, 4 + C, A)"
    ANCHORS_FIRST = "(N, A, 4 + C)"
    END_TO_END = "(N, M, 6)"


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """What to keep of a head's output.

    ``confidence`` is the lowest score kept; ``wanted`` the class ids kept, before suppression, ``None`` for all; of two boxes
    that overlap by more than ``overlap`` (IoU) the better one stays, whatever their classes, because a van seen as car and
    as truck is one van.
    """

    confidence: float
    overlap: float
    wanted: tuple[int, ...] | None


def anchor_count(height: int, width: int) -> int:
    """How many anchors a three-level YOLO head has for an input of this size in pixels."""
    return sum((height // stride) * (width // stride) for stride in STRIDES_PX)


def tell_head(
    shape: tuple[int, ...], input_shape: tuple[int, int], class_count: int | None, best_anchors: int | None = None
) -> Head:
    """The layout of an output of ``shape`` for an input of ``input_shape`` (height, width).

    ``class_count`` is what the model's names say, if it has any; ``best_anchors`` is how many anchors come out, where it is not
    all of them. Raises ``Refusal`` where no layout fits.
    """
    if len(shape) == 3:
        _, rows, columns = shape
        anchors = best_anchors or anchor_count(*input_shape)
        channels = None if class_count is None else 4 + class_count
        if columns == anchors and rows >= 5 and channels in (None, rows):
            return Head.CHANNELS_FIRST
        if rows == anchors and columns >= 5 and channels in (None, columns):
            return Head.ANCHORS_FIRST
        if columns == 6 and rows <= MOST_END_TO_END_BOXES:
            return Head.END_TO_END
    classes = "any number of" if class_count is None else str(class_count)
    wanted = " or ".join(head.value for head in Head)
    raise Refusal(f"the model's output must be {wanted} with {classes} classes for an input of {input_shape}, found {shape}")


def read_head(output: Floats, head: Head, settings: HeadSettings) -> Detections:
    """One picture's output (without the batch axis) as detections in input pixels, best first."""
    if head is Head.END_TO_END:
        return _read_end_to_end(output, settings)
    rows = output if head is Head.CHANNELS_FIRST else output.T
    scores = rows[4:]
    wanted = np.arange(len(scores)) if settings.wanted is None else np.array(settings.wanted, np.int64)
    best_wanted = scores[wanted].max(axis=0)
    candidates = np.flatnonzero(best_wanted > settings.confidence)
    # A wanted class counts only where it is the best of all classes: a person is not also a weak car.
    candidates = candidates[scores[:, candidates].max(axis=0) <= best_wanted[candidates]]
    if len(candidates) > MOST_CANDIDATES:
        candidates = candidates[np.argpartition(-best_wanted[candidates], MOST_CANDIDATES)[:MOST_CANDIDATES]]
    classes = wanted[scores[wanted][:, candidates].argmax(axis=0)]
    boxes = cxcywh_to_xyxy(np.ascontiguousarray(rows[:4, candidates].T))
    return suppress(Detections(boxes, best_wanted[candidates], classes), settings.overlap)


def _read_end_to_end(output: Floats, settings: HeadSettings) -> Detections:
    keep = output[:, 4] > settings.confidence
    classes = np.rint(output[:, 5]).astype(np.int64)
    if settings.wanted is not None:
        keep &= np.isin(classes, settings.wanted)
    rows = np.flatnonzero(keep)
    rows = rows[np.argsort(-output[rows, 4], kind="stable")]
    return Detections(np.ascontiguousarray(output[rows, :4]), output[rows, 4].copy(), classes[rows])


def suppress(detections: Detections, overlap: float) -> Detections:
    """Greedy non-maximum suppression: best first, each removes what overlaps it by more than ``overlap`` (IoU)."""
    ordered = detections.take(np.argsort(-detections.scores, kind="stable"))
    return ordered.take(suppressed_rows(ordered.boxes, overlap))


def suppressed_rows(boxes: Boxes, overlap: float) -> Integers:
    """The rows of ``boxes`` (N, 4), sorted best first, that survive suppression."""
    clashes = iou_matrix(boxes, boxes) > overlap
    alive = np.ones(len(boxes), np.bool_)
    for row in np.flatnonzero(np.triu(clashes, 1).any(axis=1)):
        if alive[row]:
            alive[row + 1 :] &= ~clashes[row, row + 1 :]
    return np.flatnonzero(alive)
