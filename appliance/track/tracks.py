"""The table of a camera's tracks, alive and lately lost, as arrays of equal length."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Boxes, Detections, Floats, Integers, xyxy_to_cxcywh
from appliance.track import kalman

# The life of a track. Plain numbers, because an Enum costs more to compare with an array than the comparison itself.

# Not confirmed yet.
TENTATIVE = 0
# Confirmed, and seen in the newest frame.
TRACKED = 1
# Confirmed, not seen lately.
LOST = 2


@dataclass(slots=True)
class TrackTable:
    """One row per track; the tracker changes it in place.

    ``filters`` (5, N, 4) see ``kalman``; ``ids`` (N,); ``life`` (N,) one of the three above; ``boxes`` (N, 4) the last
    matched detections, px; ``scores``, ``classes`` (N,) of them; ``seen_ns`` (N,) when that was, media time; ``hits`` (N,)
    how many there were; ``evidence`` (N,) the sum of their scores.
    """

    filters: kalman.Filters
    ids: Integers
    life: NDArray[np.int8]
    boxes: Boxes
    scores: Floats
    classes: Integers
    seen_ns: Integers
    hits: Integers
    evidence: Floats

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def newborn(cls, detections: Detections, first_id: int, time_ns: int) -> TrackTable:
        """A tentative track for every detection, numbered from ``first_id``."""
        count = len(detections)
        return cls(
            kalman.start(measurements(detections.boxes)),
            np.arange(first_id, first_id + count, dtype=np.int64),
            np.full(count, TENTATIVE, np.int8),
            detections.boxes,
            detections.scores.copy(),
            detections.classes,
            np.full(count, time_ns, np.int64),
            np.ones(count, np.int64),
            detections.scores,
        )

    def take(self, rows: Integers) -> TrackTable:
        """The numbered rows, in that order."""
        rest = (getattr(self, field.name) for field in fields(self)[1:])
        return TrackTable(self.filters.take(rows, axis=1), *(column.take(rows, axis=0) for column in rest))

    def joined(self, other: TrackTable) -> TrackTable:
        """These rows, then those of ``other``."""
        if len(other) == 0:
            return self
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self)[1:])
        return TrackTable(np.concatenate((self.filters, other.filters), axis=1), *(np.concatenate(pair) for pair in pairs))


def measurements(boxes: Boxes) -> kalman.Measurements:
    """(N, 4) xyxy px as (N, 4) centre x, centre y, width, height; px, with the precision that the filter works in."""
    return xyxy_to_cxcywh(boxes).astype(np.float64)


EMPTY = TrackTable.newborn(Detections.empty(), 1, 0)
