"""From one look to the next: what is new in the picture.

An object that stands there for an hour is one object, not 3600. And what has appeared where nothing has changed is none: a box on
a shadow that a network believes in now and then, which is what there is most of on an empty road at night.
"""

from __future__ import annotations

import numpy as np

from appliance.boxes import Boxes, Detections, Floats, Integers, Mask, areas, iou_matrix
from appliance.drift.picture import GRID, Look
from appliance.drift.window import Sample

# A box that overlaps so much with one of the sample before is of the same object, which is no new evidence.
SAME = 0.5
# Grey levels by which a cell has changed when something has come or gone there; noise and rain do less to a mean.
MOVED = 3.0


class Sampler:
    """Of one camera; remembers the sample before."""

    def __init__(self, confidence: float) -> None:
        """``confidence`` is the least score of what counts as an object."""
        self._confidence = confidence
        self._boxes: Boxes = np.empty((0, 4), np.float32)
        self._cells: Floats | None = None

    def sample(self, look: Look, seen: Detections, size: tuple[int, int], names: tuple[str, ...]) -> Sample:
        """What ``seen`` in a picture of this size (width, height), pixels, is; class ids are places in ``names``."""
        moved, places = self._moved(look), cells_of(seen.boxes, size)
        is_sure = seen.scores >= self._confidence
        is_new = is_sure & moved[places]
        if len(self._boxes):
            is_new &= iou_matrix(seen.boxes, self._boxes).max(axis=1) < SAME
        self._boxes = seen.boxes
        sizes: Floats = np.sqrt(np.maximum(areas(seen.boxes[is_new]), 0) / (size[0] * size[1]))
        return Sample(
            look=look,
            moved=moved,
            seen=int(is_sure.sum()),
            scores=seen.scores[is_new],
            sizes=sizes,
            places=places[is_new],
            classes=tuple(names[number] for number in seen.classes[is_new].tolist()),
        )

    def _moved(self, look: Look) -> Mask:
        """(CELLS,) which cells have changed more than the light has as a whole."""
        before, self._cells = self._cells, look.cells
        change = look.cells - (look.cells if before is None else before)
        change -= np.median(change)
        moved: Mask = np.abs(change) > MOVED
        return moved


def cells_of(boxes: Boxes, size: tuple[int, int]) -> Integers:
    """(N,) the numbers of the cells that the centres of boxes (N, 4) are in, in a picture of this size (width, height)."""
    down, across = GRID
    columns = ((boxes[:, 0] + boxes[:, 2]) * (across / 2 / size[0])).astype(np.int64)
    rows = ((boxes[:, 1] + boxes[:, 3]) * (down / 2 / size[1])).astype(np.int64)
    inside: Integers = np.minimum(np.maximum(rows, 0), down - 1) * across + np.minimum(np.maximum(columns, 0), across - 1)
    return inside
