"""How well crossings were counted: volumes by movement and interval, and crossing by crossing.

A movement is a line in one of its directions. Volumes say whether the totals are right, and can be so by luck: a car that was
missed and a shadow that was counted cancel out. The matching of the single crossings says whether they are right for the right
reason.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from appliance.evaluate.crossings import TICKS_PER_S, Crossing, Matching, match

K = TypeVar("K", bound=Hashable)

# Line, direction.
Movement = tuple[str, str]
# Start of the interval in seconds, line, direction, class.
Cell = tuple[float, str, str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What there is to compare."""

    truth: tuple[Crossing, ...]
    counted: tuple[Crossing, ...]
    movements: tuple[Movement, ...]
    """Every movement that was watched, those that nobody made too."""
    observed_s: float
    """For how long both sides have watched."""
    notes: tuple[str, ...] = ()
    """Sentences that a reader of the figures should know."""


@dataclass(frozen=True, slots=True)
class Volume:
    """How many there truly were, and how many were counted."""

    truth: int
    counted: int

    @property
    def error(self) -> int:
        """More than zero where too many were counted."""
        return self.counted - self.truth


@dataclass(frozen=True, slots=True)
class MovementScore:
    """One movement over the whole time."""

    line: str
    direction: str
    volume: Volume
    classes: dict[str, Volume]
    geh: float
    matching: Matching


@dataclass(frozen=True, slots=True)
class Comparison:
    """The counts against the truth."""

    trial: Trial
    interval_s: float
    tolerance_s: float
    movements: tuple[MovementScore, ...]
    cells: dict[Cell, Volume]
    """By interval, line, direction and class; only where there truly was one, or one was counted."""
    wmape: float
    """Over intervals and movements, as a share; infinite where something was counted and there truly was nothing."""
    wmape_by_class: float
    """The same with every class on its own: a car that was counted as a truck is two errors."""


def compare(trial: Trial, interval_s: float, tolerance_s: float) -> Comparison:
    """Compare by intervals of ``interval_s``, from the time 0 on, and by crossings not further apart than ``tolerance_s``."""
    interval_ticks = round(interval_s * TICKS_PER_S)

    def start_s(crossing: Crossing) -> float:
        return crossing.tick // interval_ticks * interval_ticks / TICKS_PER_S

    def volumes(key: Callable[[Crossing], K]) -> dict[K, Volume]:
        return volumes_by(key, trial.truth, trial.counted)

    cells = volumes(lambda crossing: (start_s(crossing), *crossing.movement, crossing.class_name))
    return Comparison(
        trial,
        interval_s,
        tolerance_s,
        tuple(_score_movement(trial, movement, tolerance_s) for movement in trial.movements),
        cells,
        wmape(volumes(lambda crossing: (start_s(crossing), *crossing.movement)).values()),
        wmape(cells.values()),
    )


def _score_movement(trial: Trial, movement: Movement, tolerance_s: float) -> MovementScore:
    truth = [crossing for crossing in trial.truth if crossing.movement == movement]
    counted = [crossing for crossing in trial.counted if crossing.movement == movement]
    volume = Volume(len(truth), len(counted))
    classes = volumes_by(lambda crossing: crossing.class_name, truth, counted)
    return MovementScore(*movement, volume, classes, geh(volume, trial.observed_s), match(truth, counted, tolerance_s))


def volumes_by(key: Callable[[Crossing], K], truth: Sequence[Crossing], counted: Sequence[Crossing]) -> dict[K, Volume]:
    """The volume of each kind that ``key`` tells apart, in the order of their keys."""
    of_truth, of_counted = Counter(map(key, truth)), Counter(map(key, counted))
    # Texts, numbers, or tuples of them.
    kinds: list[Any] = sorted({*of_truth, *of_counted})
    return {kind: Volume(of_truth[kind], of_counted[kind]) for kind in kinds}


def wmape(volumes: Iterable[Volume]) -> float:
    """Weighted mean absolute percentage error, as a share: sum of |counted - truth| over all volumes / sum of truth.

    It is the mean of the percentage errors weighted by the true volumes, also known as MAD/mean ratio (Kolassa and Schütz,
    Foresight 6, 2007). One large volume counts as much as many small ones, and a volume of zero does no harm. A crossing that is
    timed into the neighbouring interval is an error in both, so short intervals judge more sharply. 0 where there is nothing on
    either side, infinite where there truly was nothing.
    """
    pairs = [(abs(volume.error), volume.truth) for volume in volumes]
    errors, truth = sum(error for error, _ in pairs), sum(true for _, true in pairs)
    if truth == 0:
        return math.inf if errors else 0.0
    return errors / truth


def geh(volume: Volume, observed_s: float) -> float:
    """The GEH statistic: the square root of 2 (M - C)^2 / (M + C), for hourly flows M as counted and C in truth.

    After Geoffrey E. Havers; used by the UK's Design Manual for Roads and Bridges (volume 12, section 2, part 1), which wants
    it below 5 on 85 % of the movements. It grows with the flow, so it is about hourly ones: those of a shorter observation are
    scaled up, and then a single vehicle weighs much. 0 where nothing is on either side.
    """
    per_hour = 3600 / observed_s
    counted, truth = volume.counted * per_hour, volume.truth * per_hour
    return math.sqrt(2 * (counted - truth) ** 2 / (counted + truth)) if counted + truth else 0.0
