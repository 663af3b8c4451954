"""Which track is which detection: candidate pairs and the assignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import lap
import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Floats, Integers, Mask

Number = TypeVar("Number", np.int64, np.float32)

NOBODY = np.empty(0, np.int64)


# Not frozen: some are made for every frame, and freezing costs more than the rest.
@dataclass(slots=True)
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
    useful = (gain > 0).nonzero()[0]
    rows, columns, gain = candidates.rows.take(useful), candidates.columns.take(useful), gain.take(useful)
    if len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows):
        # Nobody competes.
        return Pairs(rows, columns)
    sure = _sure_pairs(rows, columns, gain)
    taken = _marks(rows, sure)
    taken |= _marks(columns, sure)
    rest = (~taken).nonzero()[0]
    if len(rest):
        sure = np.concatenate((sure, rest.take(_solve(rows.take(rest), columns.take(rest), gain.take(rest)))))
    return Pairs(rows.take(sure), columns.take(sure))


def _sure_pairs(rows: Integers, columns: Integers, gain: Floats) -> Integers:
    """Which of K pairs (``rows``, ``columns``, ``gain``, each (K,)) belong to an optimum whatever happens to the others.

    Taking a pair costs at most the best other pair of its row and the best other pair of its column; where it brings at least as
    much as the two together, an optimum without it can be exchanged for one with it.
    """
    ascending = gain.argsort()
    best = _last(rows, ascending, ascending)
    mutual = best == _last(columns, ascending, ascending)
    mutual &= best == np.arange(len(rows))
    others = ascending.compress(~mutual.take(ascending))
    rivals = _last(rows, others, gain.take(others))
    rivals += _last(columns, others, gain.take(others))
    mutual &= gain >= rivals
    sure: Integers = mutual.nonzero()[0]
    return sure


def _last(keys: Integers, order: Integers, values: NDArray[Number]) -> NDArray[Number]:
    """For each of ``keys`` (K,) what stands last in ``values`` (J,) among the pairs ``order`` (J,) with the same key; or 0."""
    table = np.zeros(keys.max() + 1, values.dtype)
    table[keys.take(order)] = values
    return table.take(keys)


def _marks(keys: Integers, chosen: Integers) -> Mask:
    """(K,) for each of ``keys``, whether one of the ``chosen`` pairs has the same."""
    marks = np.zeros(keys.max() + 1, np.bool_)
    marks[keys.take(chosen)] = True
    return marks.take(keys)


def _solve(rows: Integers, columns: Integers, gain: Floats) -> Integers:
    """Which of K pairs are the best choice, by the full algorithm (Jonker and Volgenant 1987)."""
    row_at = {row: n for n, row in enumerate(dict.fromkeys(rows.tolist()))}
    column_at = {column: n for n, column in enumerate(dict.fromkeys(columns.tolist()))}
    pairs = np.array([(row_at[row], column_at[column]) for row, column in zip(rows.tolist(), columns.tolist())])
    table = np.zeros((len(row_at), len(column_at)), np.float32)
    table[pairs[:, 0], pairs[:, 1]] = gain
    largest = float(gain.max())
    _, column_of_row, _ = lap.lapjv(largest - table, extend_cost=True, cost_limit=largest)
    chosen: Integers = (column_of_row.take(pairs[:, 0]) == pairs[:, 1]).nonzero()[0]
    return chosen


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
