"""Detections for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.boxes import Detections

Row = tuple[float, float, float, float, float, int]
"""x_min, y_min, x_max, y_max, score, class id."""


def detections(*rows: Row) -> Detections:
    """One frame's."""
    return from_rows(rows)


def from_rows(rows: Sequence[Row]) -> Detections:
    """One frame's."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(table[:, :4].astype(np.float32), table[:, 4].astype(np.float32), table[:, 5].astype(np.int64))


def square(x: float, score: float = 0.9, class_id: int = 0, side: float = 10.0) -> Row:
    """A box on the x axis."""
    return x, 0.0, x + side, side, score, class_id
