"""What a model finds in the pictures of a camera when all is well, in one light; and how another window is held against it.

How much traffic there is changes by the hour, the weekday and the weather, and is no drift; so nothing here depends on it, and
where there is little, a window lasts until it holds enough objects to be judged by. An object counts once (see ``sampling``), or
the samples would not be independent and every distance certain.

scores   have they sunk? Kolmogorov and Smirnov's distance downwards alone: better scores are no fault.
sizes    the same in both directions: cameras that were moved or zoomed, models whose boxes are wrong.
classes  the population stability index over the classes.
objects  far more of them in a picture than in the busiest window (ghosts); or next to none, while things move where objects
         used to be. None is no drift by itself: on a Sunday there are none, but then nothing moves there, either; trees do, but
         they always have without being found.

Which kinds of vehicle come, from which side, and how crowded they are changes by the hour, too, and with it scores, sizes and
classes. How much that is here is known from the windows that were learned: a limit is at least half as much again as the distance
that nine of ten of those keep. With thousands of objects the least difference is certain, so the distance decides, and chance can
only acquit.

What this cannot see: a model that misses every second object and is sure of the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from appliance.config import DriftSettings
from appliance.drift.bins import SCORES, SIZES
from appliance.drift.distances import RARE, Counts, chance_of, psi, psi_by_chance, shift
from appliance.drift.finding import Finding
from appliance.drift.window import Objects, Window

# Objects: for a judgement, for a baseline; and how many ought to have been there before none is strange.
LEAST_OBJECTS, LEAST_LEARNED, LEAST_EXPECTED = 30, 100, 60.0
# Of those that ought to be there, so few are none.
NONE_SHARE = 0.02
# As many times the objects of the busiest window, and one more, are too many.
TOO_MANY = 3.0
MOST_UNITS = 64
# A limit is so many times the distance that this share of what was learned keeps; but never so far that nothing is beyond it.
OWN_TIMES, OWN_SHARE, MOST_DISTANCE, MOST_PSI = 1.5, 0.9, 0.85, 2.0


@dataclass(slots=True)
class ObjectBaseline:
    """Of one camera, one model, in one light; it learns until it is told that it has."""

    is_learned: bool = False
    windows: int = 0
    pool: Objects = field(default_factory=Objects)
    units: list[Objects] = field(default_factory=list)
    """While it learns: windows, or several together, with enough objects to be judged by."""
    every: int = 1
    """So many of those for one that is kept."""
    units_seen: int = 0
    pending: Objects = field(default_factory=Objects)
    """What is not enough yet."""
    most_seen: float = 0.0
    """Objects per picture in the busiest window."""
    own: dict[str, float] = field(default_factory=dict)
    """The distances that most of what was learned keeps."""

    @property
    def has_enough(self) -> bool:
        """Whether that does for a baseline, once the time has come."""
        return self.pool.found >= LEAST_LEARNED

    def learn(self, window: Window, share: float) -> None:
        """One more window in which all was well."""
        del share
        now = window.objects
        self.windows += 1
        self.pool.join(now)
        self.most_seen = max(self.most_seen, now.seen / now.pictures)
        self.pending.join(now)
        if self.pending.found >= LEAST_OBJECTS:
            self._keep(self.pending)
            self.pending = Objects()

    def _keep(self, unit: Objects) -> None:
        self.units_seen += 1
        if self.units_seen % self.every == 0:
            self.units.append(unit)
        if len(self.units) == MOST_UNITS:
            self.units, self.every = self.units[::2], 2 * self.every

    def finish(self) -> None:
        """From now on this is how it is."""
        distances = [self._distances(unit) for unit in self.units]
        self.own = {name: _most(each[name] for each in distances) for name in ("scores", "sizes", "classes")} if distances else {}
        self.units, self.pending, self.is_learned = [], Objects(), True

    def judge(self, window: Window, settings: DriftSettings) -> list[Finding]:
        """How the objects of a window are, by this baseline; those that are too few come to the next window's."""
        crowd = self._crowd(window.objects)
        self.pending.join(window.objects)
        now = self.pending
        expected = self._expected(now)
        if now.found < LEAST_OBJECTS and expected < LEAST_EXPECTED:
            return [crowd] if crowd.level >= 1 else []
        self.pending = Objects()
        desert = self._desert(now, expected)
        first = max(crowd, desert, key=lambda finding: finding.level)
        return [first] if now.found < LEAST_OBJECTS else [first, *self._of_kinds(now, settings)]

    def _expected(self, now: Objects) -> float:
        """How many objects there ought to be by what has moved: where one came with every second change, it does so now."""
        pool = self.pool
        return float((now.moved * np.minimum(1, pool.places / np.maximum(1, pool.moved))).sum())

    def _crowd(self, now: Objects) -> Finding:
        seen = now.seen / now.pictures
        sentence = f"far more is found than ever: {seen:.1f} objects in a picture, where the most were {self.most_seen:.1f}"
        return Finding("objects", seen / (TOO_MANY * self.most_seen + 1), sentence)

    def _desert(self, now: Objects, expected: float) -> Finding:
        sentence = f"next to nothing is found: {_counted(now.found)}, where things moved as with {expected:.0f} before"
        return Finding("objects", NONE_SHARE * min(expected, 2 * LEAST_EXPECTED) / max(1, now.found), sentence)

    def _of_kinds(self, now: Objects, settings: DriftSettings) -> list[Finding]:
        pool, apart = self.pool, self._distances(now)
        limits = {"scores": settings.scores, "sizes": settings.sizes, "classes": settings.classes}
        most = {"scores": MOST_DISTANCE, "sizes": MOST_DISTANCE, "classes": MOST_PSI}
        levels = {name: apart[name] / max(limits[name], min(OWN_TIMES * self.own.get(name, 0), most[name])) for name in limits}
        for name, sides in (("scores", 1), ("sizes", 2)):
            if chance_of(apart[name], pool.found, now.found, sides) > RARE:
                levels[name] = 0.0
        if apart["classes"] <= psi_by_chance(pool.found, now.found, len(pool.classes.keys() | now.classes.keys())):
            levels["classes"] = 0.0
        size, usual_size = SIZES.value(now.sizes), SIZES.value(pool.sizes)
        word = "smaller" if size < usual_size else "larger"
        return [
            Finding(
                "scores",
                levels["scores"],
                f"detections' scores sank from {SCORES.value(pool.scores):.2f} to {SCORES.value(now.scores):.2f}",
            ),
            Finding(
                "sizes",
                levels["sizes"],
                f"objects are {word}: {size:.1%} of the picture's side, where they were {usual_size:.1%}",
            ),
            Finding("classes", levels["classes"], _of_classes(pool, now)),
        ]

    def _distances(self, now: Objects) -> dict[str, float]:
        pool = self.pool
        return {
            "scores": shift(pool.scores, now.scores).down,
            "sizes": shift(pool.sizes, now.sizes).either,
            "classes": psi(*_side_by_side(pool.classes, now.classes)),
        }


def _most(distances: Iterable[float]) -> float:
    return float(np.quantile(list(distances), OWN_SHARE))


def _side_by_side(before: dict[str, int], now: dict[str, int]) -> tuple[Counts, Counts]:
    """The counts of all classes that either knows, in one order."""
    names = sorted(before.keys() | now.keys())
    return (
        np.array([before.get(name, 0) for name in names], np.int64),
        np.array([now.get(name, 0) for name in names], np.int64),
    )


def _of_classes(before: Objects, now: Objects) -> str:
    """Which class has changed its share the most."""
    shares = {
        name: (before.classes.get(name, 0) / max(1, before.found), now.classes.get(name, 0) / max(1, now.found))
        for name in sorted(before.classes.keys() | now.classes.keys())
    }
    name = max(shares, key=lambda name: abs(shares[name][1] - shares[name][0]), default="")
    was, is_now = shares.get(name, (0.0, 0.0))
    return f"other classes are found: {is_now:.0%} are {name}, where it was {was:.0%}"


def _counted(number: int) -> str:
    return "1 object" if number == 1 else f"{number or 'no'} objects"
