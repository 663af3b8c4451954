"""How far what is seen now is from what was seen before: two measures over the same bins, and what chance makes of them.

All are functions of counts, so windows add up, need little room, and the order within them does not matter. SciPy has the test of
Kolmogorov and Smirnov, too, and is the oracle of ours: it is five lines, while importing ``scipy.stats`` would stop the detector
for 0.8 s and take 73 MB, more than another camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]  # (bins,)

# What chance does once in a thousand times, as a quantile of the normal distribution.
RARE, RARE_Z = 0.001, 3.0902


def psi(before: Counts, now: Counts) -> float:
    """The population stability index: the sum over all bins of (q - p) ln(q / p), with p the shares before and q those now.

    It is Jeffreys' divergence (1946) under the name that credit scoring gave it (Siddiqi, Credit Risk Scorecards, 2006), where
    below 0.1 nothing has changed and above 0.25 much. Each bin is given half an object more than it has, so that one
    which is empty on one side is a finite surprise.
    """
    p = (before + 0.5) / (before.sum() + 0.5 * len(before))
    q = (now + 0.5) / (now.sum() + 0.5 * len(now))
    return float(((q - p) * np.log(q / p)).sum())


def psi_by_chance(before: int, now: int, bins: int) -> float:
    """What the index of samples of these sizes from one source exceeds once in a thousand times.

    Divided by 1/n + 1/m it is then distributed as chi-squared with one degree of freedom less than there are bins (Yurdakul and
    Naranjo, Statistical properties of the population stability index, 2020); its quantile after Wilson and Hilferty (1931).
    """
    freedom = max(1, bins - 1)
    spread = 2 / (9 * freedom)
    quantile: float = freedom * (1 - spread + RARE_Z * math.sqrt(spread)) ** 3
    return quantile * (1 / max(1, before) + 1 / max(1, now))


@dataclass(frozen=True, slots=True)
class Shift:
    """Kolmogorov and Smirnov's distance in each direction, 0..1: the most by which the share of low values has grown, or
    shrunk.
    """

    down: float
    up: float

    @property
    def either(self) -> float:
        """The distance D itself."""
        return max(self.down, self.up)


def shift(before: Counts, now: Counts) -> Shift:
    """How far values have moved, whatever their unit; the counts are of the same bins, from low values to high ones."""
    apart = np.cumsum(now) / max(1, now.sum()) - np.cumsum(before) / max(1, before.sum())
    return Shift(max(0.0, float(apart.max())), max(0.0, -float(apart.min())))


def chance_of(distance: float, before: int, now: int, sides: int = 2) -> float:
    """How likely at most such a distance between independent samples of these sizes from one source is.

    The first term of Smirnov's series (1948), which is never below the whole; values that share a bin make it less likely still.
    With thousands of values the least difference is unlikely by this, so nothing may be concluded from it alone.
    """
    effective = before * now / max(1, before + now)
    return min(1.0, sides * math.exp(-2 * effective * distance * distance))


def rank(counts: Counts, share: float) -> int:
    """The number of the bin below which, or in which, that share of the values is."""
    total = int(counts.sum())
    return int(np.searchsorted(np.cumsum(counts), max(1, math.ceil(share * total)))) if total else 0
