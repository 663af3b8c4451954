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

    def take(self, rows: Integers) -> Detections:
        """The numbered rows, in that order."""
        return Detections(self.boxes.take(rows, axis=0), self.scores.take(rows), self.classes.take(rows))

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


# One small product is ten times as fast as sums and differences of strided columns, and as exact: halves, ones and zeros.
_TO_CENTRES: Floats = np.array([[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]], np.float32)
_TO_CORNERS: Floats = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]], np.float32)


def xyxy_to_cxcywh(boxes: Boxes) -> Floats:
    """(N, 4) corners to (N, 4) centre x, centre y, width, height; pixels."""
    out: Floats = boxes.dot(_TO_CENTRES)
    return out


def cxcywh_to_xyxy(boxes: Floats) -> Boxes:
    """(N, 4) centre x, centre y, width, height to (N, 4) corners; pixels."""
    out: Boxes = boxes.dot(_TO_CORNERS)
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
    left, top, right, bottom = np.ascontiguousarray(second.T)
    first_left, first_top, first_right, first_bottom = first.T[:, :, None]
    touching = first_right > left
    touching &= first_left < right
    touching &= first_bottom > top
    touching &= first_top < bottom
    rows, columns = np.divmod(touching.ravel().nonzero()[0], max(len(second), 1))
    return rows, columns


def paired_diou(first: Boxes, second: Boxes) -> Floats:
    """(K,) distance-IoU of each box of ``first`` (K, 4) with the box of ``second`` (K, 4) in the same row.

    Intersection over union, less the squared distance of the centres as a share of the squared diagonal around both (Zheng et
    al., AAAI 2020, equation 7): -1..1; of two boxes that overlap alike the nearer one wins.
    """
    one, other = np.ascontiguousarray(first.T), np.ascontiguousarray(second.T)  # (4, K): corners side by side in memory
    low, high = np.minimum(one, other), np.maximum(one, other)
    shared: Floats = np.multiply(*np.maximum(low[2:] - high[:2], 0))
    union = np.multiply(*(one[2:] - one[:2]))
    union += np.multiply(*(other[2:] - other[:2]))
    union -= shared
    around = high[2:] - low[:2]
    away = one[:2] + one[2:]
    away -= other[:2]
    away -= other[2:]
    around *= around
    away *= away
    shared /= union
    shared -= (away[0] + away[1]) / (4 * (around[0] + around[1]))
    return shared
