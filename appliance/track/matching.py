"""Which track is which detection: candidate pairs and the assignment."""

from __future__ import annotations

from dataclasses import dataclass

import lap
import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Floats, Integers

NOBODY = np.empty(0, np.int64)


@dataclass(slots=True)  # not frozen: some are made for every frame, and freezing costs more than the rest
class Pairs:
    """Matched rows of two tables: ``rows[i]`` of the first belongs to ``columns[i]`` of the second."""

    rows: Integers
    columns: Integers

    def __len__(self) -> int:
        return len(self.rows)


NO_PAIRS = Pairs(NOBODY, NOBODY)


def joined(*parts: Pairs) -> Pairs:
    """All pairs, in the given order."""
    some = [part for part in parts if len(part)]
    if len(some) <= 1:
        return some[0] if some else NO_PAIRS
    return Pairs(np.concatenate([part.rows for part in some]), np.concatenate([part.columns for part in some]))


def assign(candidates: Pairs, gain: Floats) -> Pairs:
    """The one-to-one choice among ``candidates`` with the largest sum of ``gain`` (K,).

    With gain = limit - cost this is the optimum of ``lap.lapjv`` with ``cost_limit``. Candidates without gain are never chosen.
    """
    useful = gain > 0
    if not useful.any():
        return NO_PAIRS
    rows, columns = candidates.rows[useful], candidates.columns[useful]
    if np.bincount(rows).max() == 1 and np.bincount(columns).max() == 1:
        return Pairs(rows, columns)  # nobody competes
    table = np.zeros((rows.max() + 1, columns.max() + 1), np.float32)
    table[rows, columns] = gain[useful]
    sure = _sure_pairs(table)
    table[sure.rows] = 0
    table[:, sure.columns] = 0
    open_rows = np.flatnonzero(table.any(axis=1))
    if len(open_rows) == 0:
        return sure
    open_columns = np.flatnonzero(table.any(axis=0))
    rest = _solve(table[np.ix_(open_rows, open_columns)])
    return joined(sure, Pairs(open_rows[rest.rows], open_columns[rest.columns]))


def _sure_pairs(table: Floats) -> Pairs:
    """Pairs of a (N, M) gain table that belong to an optimum whatever happens to the others.

    Taking a pair costs at most the best other pair of its row and the best other pair of its column; where it brings at least as
    much as the two together, an optimum without it can be exchanged for one with it.
    """
    best_column = table.argmax(axis=1)
    every_row = np.arange(len(table))
    mutual = (table.argmax(axis=0)[best_column] == every_row).nonzero()[0]
    columns = best_column[mutual]
    own = table[mutual, columns]
    others = table.copy()
    others[mutual, columns] = 0
    sure = (own > 0) & (own >= others.max(axis=1)[mutual] + others.max(axis=0)[columns])
    return Pairs(mutual[sure], columns[sure])


def _solve(table: Floats) -> Pairs:
    if 1 in table.shape:
        best = int(table.argmax())
        return Pairs(np.array([best // table.shape[1]]), np.array([best % table.shape[1]]))
    largest = float(table.max())
    _, column_of_row, _ = lap.lapjv(largest - table, extend_cost=True, cost_limit=largest)
    rows = (column_of_row >= 0).nonzero()[0]
    columns = column_of_row[rows].astype(np.int64)
    gains = table[rows, columns] > 0  # to the solver, a pair without gain is as good as none
    return Pairs(rows[gains], columns[gains])


def mutual_nearest(distance: NDArray[np.float64], ambiguity: float) -> Pairs:
    """Pairs of a (N, M) distance matrix that are each other's nearest while nobody else is close; infinite means impossible.

    A second candidate, for the row or for the column, must be at least ``ambiguity`` times as far.
    """
    if distance.size == 0:
        return NO_PAIRS
    nearest_column = distance.argmin(axis=1)
    rows = (distance.argmin(axis=0)[nearest_column] == np.arange(len(distance))).nonzero()[0]
    columns = nearest_column[rows]
    nearest = distance[rows, columns]
    rivals = distance.copy()
    rivals[rows, columns] = np.inf
    next_nearest = np.minimum(rivals.min(axis=1)[rows], rivals.min(axis=0)[columns])
    sure = np.isfinite(nearest) & (nearest * ambiguity <= next_nearest)
    return Pairs(rows[sure], columns[sure])
