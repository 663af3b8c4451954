"""Crossings of one movement, counted and true: which is which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import lap
import numpy as np

# The resolution of the times in a result; whole numbers make the tolerance and the optimum exact.
TICKS_PER_S = 10_000


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody crossed a line."""

    line: str
    direction: str
    class_name: str
    frame: float
    """From 0; with a fraction where it happened between two frames."""
    time_s: float
    """Since the beginning of the video."""

    @property
    def movement(self) -> tuple[str, str]:
        """Which line, and which way."""
        return self.line, self.direction

    @property
    def tick(self) -> int:
        """The time, in ticks."""
        return round(self.time_s * TICKS_PER_S)


@dataclass(frozen=True, slots=True)
class Matching:
    """Counted and true crossings of one movement, one to one."""

    pairs: tuple[tuple[Crossing, Crossing], ...]
    """The true one first."""
    missing: tuple[Crossing, ...]
    """True, but not counted."""
    extra: tuple[Crossing, ...]
    """Counted, but not true."""

    @property
    def other_class(self) -> int:
        """Pairs that are not of the same class."""
        return sum(true.class_name != counted.class_name for true, counted in self.pairs)

    @property
    def time_errors_s(self) -> list[float]:
        """How far apart the two of each pair are."""
        return [abs(true.tick - counted.tick) / TICKS_PER_S for true, counted in self.pairs]

    @property
    def median_time_error_s(self) -> float | None:
        """None where there is no pair."""
        return median(self.time_errors_s) if self.pairs else None

    @property
    def largest_time_error_s(self) -> float | None:
        """None where there is no pair."""
        return max(self.time_errors_s, default=None)


def match(truth: Sequence[Crossing], counted: Sequence[Crossing], tolerance_s: float) -> Matching:
    """Pair the crossings of one movement that are not further apart than ``tolerance_s``.

    As many pairs as there can be; of those choices the one with the least sum of time errors; of those the one with the fewest
    pairs of different classes. For the first two a matching that keeps the order in time would do as well, because two pairs
    that cross over can be uncrossed without a larger sum or a larger error. But it cannot do the third: a car and a truck side
    by side may be counted a frame apart, either first, and only their classes tell which is which. So it is an assignment of
    least cost (Jonker and Volgenant 1987), solved for each bunch of crossings that nothing within the tolerance joins to others.
    """
    truth = sorted(truth, key=lambda crossing: (crossing.tick, crossing.class_name))
    counted = sorted(counted, key=lambda crossing: (crossing.tick, crossing.class_name))
    tolerance_ticks = round(tolerance_s * TICKS_PER_S)
    pairs: list[tuple[Crossing, Crossing]] = []
    missing: list[Crossing] = []
    extra: list[Crossing] = []
    for true_ones, counted_ones in _bunches(truth, counted, tolerance_ticks):
        partner_of = _assign(true_ones, counted_ones, tolerance_ticks)
        pairs += [(true_ones[i], counted_ones[j]) for i, j in partner_of.items()]
        missing += [true for i, true in enumerate(true_ones) if i not in partner_of]
        extra += [one for j, one in enumerate(counted_ones) if j not in partner_of.values()]
    return Matching(tuple(pairs), tuple(missing), tuple(extra))


def _bunches(
    truth: Sequence[Crossing], counted: Sequence[Crossing], tolerance_ticks: int
) -> Iterator[tuple[list[Crossing], list[Crossing]]]:
    """Cut both sides wherever nothing happens for longer than the tolerance; no pair can reach over such a gap."""
    both = [(crossing, 0) for crossing in truth] + [(crossing, 1) for crossing in counted]
    bunch: tuple[list[Crossing], list[Crossing]] = ([], [])
    last_tick = 0
    for crossing, side in sorted(both, key=lambda one: one[0].tick):
        if crossing.tick - last_tick > tolerance_ticks:
            yield bunch
            bunch = ([], [])
        bunch[side].append(crossing)
        last_tick = crossing.tick
    yield bunch


def _assign(truth: Sequence[Crossing], counted: Sequence[Crossing], tolerance_ticks: int) -> dict[int, int]:
    """The counted row for each true row that has a partner.

    The three wishes are one whole number: no sum of classes reaches one tick, no sum of ticks the price of a pair less.
    """
    if not truth or not counted:
        return {}
    ticks = np.abs(np.subtract.outer([one.tick for one in truth], [one.tick for one in counted]))
    classes = [np.array([one.class_name for one in side]) for side in (truth, counted)]
    most = min(ticks.shape)
    cost = ticks * float(most + 1) + (classes[0][:, None] != classes[1])
    price = most * (tolerance_ticks * (most + 1) + 1) + 1
    cost[ticks > tolerance_ticks] = 2 * price
    _, column_of_row, _ = lap.lapjv(cost, extend_cost=True, cost_limit=price)
    return {row: column for row, column in enumerate(column_of_row.tolist()) if column >= 0}
