"""Boxes and the two tables of them that travel between stages.

Boxes are ``xyxy``, float32, pixels of the source frame, everywhere between stages. The x axis points right, the y axis down.
Another form appears only inside a function, and in its name.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Boxes: TypeAlias = NDArray[np.float32]  # (N, 4) x_min, y_min, x_max, y_max, pixels
Floats: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Detections:
    """What the detector saw in one frame: ``boxes`` (N, 4) px, ``scores`` (N,) in 0..1, ``classes`` (N,) class ids."""

    boxes: Boxes
    scores: Floats
    classes: Integers

    def __post_init__(self) -> None:
        rows = len(self.boxes)
        if self.boxes.shape != (rows, 4) or not (rows,) == self.scores.shape == self.classes.shape:
            raise ValueError(f"detections: wanted boxes (N, 4) and N scores and classes, found {shapes(self)}")

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: Integers | Mask) -> Detections:
        """The named rows, in that order."""
        return Detections(self.boxes[rows], self.scores[rows], self.classes[rows])

    @classmethod
    def empty(cls) -> Detections:
        """No detections at all."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Tracks:
    """The tracks seen in one frame.

    ``ids`` (N,) are positive and never used twice by one camera; ``boxes`` (N, 4) px, ``scores`` and ``classes`` are those of the
    matched detection; ``confirmed`` (N,) is false while a track has been seen only once.
    """

    ids: Integers
    boxes: Boxes
    scores: Floats
    classes: Integers
    confirmed: Mask

    def __post_init__(self) -> None:
        rows = len(self.boxes)
        same = (rows,) == self.ids.shape == self.scores.shape == self.classes.shape == self.confirmed.shape
        if self.boxes.shape != (rows, 4) or not same:
            raise ValueError(f"tracks: wanted boxes (N, 4) and N of everything else, found {shapes(self)}")

    def __len__(self) -> int:
        return len(self.ids)


def shapes(table: Detections | Tracks) -> str:
    """The shape of every array of a table, for people."""
    return ", ".join(f"{field.name} {getattr(table, field.name).shape}" for field in fields(table))


def xyxy_to_cxcywh(boxes: Boxes) -> Floats:
    """(N, 4) corners to (N, 4) centre x, centre y, width, height; pixels."""
    out = np.empty_like(boxes)
    np.add(boxes[:, :2], boxes[:, 2:], out=out[:, :2])
    out[:, :2] *= 0.5
    np.subtract(boxes[:, 2:], boxes[:, :2], out=out[:, 2:])
    return out


def cxcywh_to_xyxy(boxes: Floats) -> Boxes:
    """(N, 4) centre x, centre y, width, height to (N, 4) corners; pixels."""
    out = np.empty_like(boxes)
    half = boxes[:, 2:] * 0.5
    np.subtract(boxes[:, :2], half, out=out[:, :2])
    np.add(boxes[:, :2], half, out=out[:, 2:])
    return out


def areas(boxes: Boxes) -> Floats:
    """(N,) areas in square pixels."""
    sides = boxes[:, 2:] - boxes[:, :2]
    out: Floats = sides[:, 0] * sides[:, 1]
    return out


def intersections(first: Boxes, second: Boxes) -> Floats:
    """(N, M) areas in square pixels that every box of ``first`` (N, 4) shares with every box of ``second`` (M, 4)."""
    width = np.minimum(first[:, None, 2], second[None, :, 2])
    width -= np.maximum(first[:, None, 0], second[None, :, 0])
    np.maximum(width, 0, out=width)
    height = np.minimum(first[:, None, 3], second[None, :, 3])
    height -= np.maximum(first[:, None, 1], second[None, :, 1])
    np.maximum(height, 0, out=height)
    width *= height
    return width


def iou_matrix(first: Boxes, second: Boxes) -> Floats:
    """(N, M) intersection over union of every box of ``first`` (N, 4) with every box of ``second`` (M, 4)."""
    shared = intersections(first, second)
    union = areas(first)[:, None] + areas(second)[None, :]
    union -= shared
    np.maximum(union, np.float32(1e-9), out=union)
    shared /= union
    return shared


def overlapping_pairs(first: Boxes, second: Boxes) -> tuple[Integers, Integers]:
    """The rows of ``first`` (N, 4) and of ``second`` (M, 4) of every pair of boxes that share some area, K pairs in row order."""
    apart = first[:, None, 2] <= second[None, :, 0]
    apart |= second[None, :, 2] <= first[:, None, 0]
    apart |= first[:, None, 3] <= second[None, :, 1]
    apart |= second[None, :, 3] <= first[:, None, 1]
    rows, columns = (~apart).nonzero()
    return rows, columns


def paired_diou(first: Boxes, second: Boxes) -> Floats:
    """(K,) distance-IoU of each box of ``first`` (K, 4) with the box of ``second`` (K, 4) in the same row.

    Intersection over union, less the squared distance of the centres as a share of the squared diagonal around both (Zheng et
    al., AAAI 2020, equation 7): -1..1; of two boxes that overlap alike the nearer one wins.
    """
    low, high = np.minimum(first, second), np.maximum(first, second)
    sides = np.maximum(low[:, 2:] - high[:, :2], 0)
    shared: Floats = sides[:, 0] * sides[:, 1]
    around = high[:, 2:] - low[:, :2]
    away = (first[:, :2] + first[:, 2:]) - (second[:, :2] + second[:, 2:])
    away *= away
    around *= around
    union = areas(first)
    union += areas(second)
    union -= shared
    shared /= union
    shared -= (away[:, 0] + away[:, 1]) / (4 * (around[:, 0] + around[:, 1]))
    return shared
