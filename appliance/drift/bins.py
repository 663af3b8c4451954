"""The bins in which values are counted; between two edges there is nothing to be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.drift.distances import Counts, rank


@dataclass(frozen=True, slots=True)
class Bins:
    """So many between two values, all of one width or, by ``is_log``, each wider than the one before by the same factor."""

    low: float
    high: float
    number: int
    is_log: bool = False

    def count(self, values: NDArray[np.floating]) -> Counts:
        """(number,) how many are in each; what lies outside is in the first or the last."""
        places = ((self._way(values) - self._start) / self._width).astype(np.int64)
        return np.bincount(np.minimum(np.maximum(places, 0), self.number - 1), minlength=self.number)

    def value(self, counts: Counts, share: float = 0.5) -> float:
        """The value below which that share of them is: the middle of its bin."""
        place = self._start + (rank(counts, share) + 0.5) * self._width
        return math.exp(place) if self.is_log else place

    def none(self) -> Counts:
        """No values yet."""
        return np.zeros(self.number, np.int64)

    def _way(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.log(np.maximum(values, self.low)) if self.is_log else values

    @property
    def _start(self) -> float:
        return math.log(self.low) if self.is_log else self.low

    @property
    def _width(self) -> float:
        end = math.log(self.high) if self.is_log else self.high
        return (end - self._start) / self.number


BRIGHTNESS = Bins(0, 256, 64)
SHARPNESS = Bins(0.02, 1, 80, is_log=True)
SCORES = Bins(0, 1, 50)
# Roots of the share of the picture.
SIZES = Bins(0.005, 1, 60, is_log=True)
