"""Objects that move further than their own size from one frame to the next, where boxes of one object never overlap.

A leap is taken only where there is no doubt about who went where, for one of two reasons:

- nearness: the two are each other's nearest, and nobody else is close;
- agreement: others leap by the same way at the same time, and for no rival of the pair do as many. Vehicles abreast, or in a
row, are
  further from where they were than from where their neighbours are now, but only the true ways agree with each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Integers
from appliance.track.matching import NO_PAIRS, Pairs, joined, mutual_nearest

# By how much two ways may differ that agree, in sizes of the objects.
SAME_WAY_SIZES = 0.35
# Pairs that are compared with each other; in a larger crowd nothing is beyond doubt anyway.
MOST_CANDIDATES = 256
# Of a side, from frame to frame.
LARGEST_GROWTH = 2.0

Places = NDArray[np.float64]  # (N, 4) centre x, centre y, width, height; px


def sure_leaps(expected: Places, found: Places, reach: NDArray[np.float64], ambiguity: float) -> Pairs:
    """Who of ``expected`` (N, 4) is which of ``found`` (M, 4), where that is beyond doubt.

    ``reach`` (N,) is how far each may be from where it is expected, in its own sizes; a second candidate that is not
    ``ambiguity`` times as far is a doubt that only agreement dispels.
    """
    if len(expected) == 0 or len(found) == 0:
        return NO_PAIRS
    size = np.sqrt(expected[:, 2] * expected[:, 3])
    ways = (found[None, :, :2] - expected[:, None, :2]) / size[:, None, None]
    away = np.hypot(ways[..., 0], ways[..., 1])
    # The picture's edge may leave a box no width; predictions have at least a pixel.
    sides = np.maximum(found[:, 2:], 1.0)
    growth = np.abs(np.log(expected[:, None, 2:] / sides[None, :, :])).max(axis=2)
    away = np.where((growth < np.log(LARGEST_GROWTH)) & (away < reach[:, None]), away, np.inf)
    agreed = _agreed(ways, np.isfinite(away))
    away[agreed.rows] = np.inf
    away[:, agreed.columns] = np.inf
    return joined(agreed, mutual_nearest(away, ambiguity))


def _agreed(ways: NDArray[np.float64], possible: NDArray[np.bool_]) -> Pairs:
    """Possible pairs whose way (N, M, 2) more others share than that of any rival, which is a pair in the same row or column."""
    rows, columns = possible.nonzero()
    # Two objects that could go either way make four.
    if not 4 <= len(rows) <= MOST_CANDIDATES:
        return NO_PAIRS
    way = ways[rows, columns]
    alike = np.hypot(*(way[:, None] - way[None, :]).transpose(2, 0, 1)) < SAME_WAY_SIZES
    alike &= (rows[:, None] != rows[None, :]) & (columns[:, None] != columns[None, :])
    support = np.zeros(possible.shape, np.int64)
    support[rows, columns] = alike.sum(axis=1)
    return _best_in_row_and_column(support)


def _best_in_row_and_column(support: Integers) -> Pairs:
    """The places of a (N, M) table that are larger than all others in their row and in their column."""
    rows = np.arange(len(support))
    columns = support.argmax(axis=1)
    best = support[rows, columns]
    rivals = support.copy()
    rivals[rows, columns] = -1
    row_rival = rivals.max(axis=1)
    # Itself, and whoever in its column is no worse.
    column_count = (support[:, columns] >= best[None, :]).sum(axis=0)
    sure = (best > 0) & (best > row_rival) & (column_count == 1)
    return Pairs(rows[sure], columns[sure])
