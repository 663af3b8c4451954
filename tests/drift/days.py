"""Days and nights of a street as a camera and a model would tell of them, look by look: rush hours, empty nights, dawn and dusk,
rain, wind, headlights, parked cars, a Sunday. Whatever is wrong is put on top of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from appliance.boxes import Boxes, Detections
from appliance.clock import NS_PER_S
from appliance.drift.picture import CELLS, Look
from appliance.drift.sampling import cells_of
from appliance.drift.watch import Watch

NAMES = ("person", "bicycle", "car", "bus", "truck")
PERSON, BICYCLE, CAR, BUS, TRUCK = range(5)
SIZE = (1280, 720)
# One look in so many seconds, instead of every second: what counts are windows and objects.
EVERY_S = 30


@dataclass(frozen=True)
class Weather:
    """Of one day; hours."""

    rain: tuple[tuple[float, float], ...] = ()
    clouds: float = 10.0
    """How much the light flickers, grey levels."""
    wind: float = 0.0
    """In which share of the looks a tree moves."""
    volume: float = 1.0
    """Of the traffic."""
    is_sunday: bool = False
    dawn_h: float = 6.5
    dusk_h: float = 19.0


@dataclass(frozen=True)
class Moment:
    """One look, before and after it is spoilt."""

    hour: float
    look: Look
    seen: Detections


Spoil = Callable[[Moment, np.random.Generator], Moment]


class Street:
    """One camera's place; the same seed is the same street."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self._view = self.random.normal(0, 600, CELLS)
        self._shadows = self.random.normal(0, 300, CELLS)
        self._lamps = self.random.normal(0, 400, CELLS)
        self._trees = self.random.choice(CELLS, 12, replace=False)
        self._parked = np.array([[100 + 90 * n, 600, 180 + 90 * n, 660] for n in range(3)], np.float32)
        self._cloud = 0.0

    def day(self, weather: Weather) -> Iterator[Moment]:
        """From midnight to midnight."""
        return self.hours(0, 24, weather)

    def hours(self, first: float, last: float, weather: Weather) -> Iterator[Moment]:
        """A part of it."""
        for second in range(round(first * 3600), round(last * 3600), EVERY_S):
            yield self.moment(second / 3600, weather)

    def moment(self, hour: float, weather: Weather) -> Moment:
        """One look."""
        is_raining = any(begin <= hour < end for begin, end in weather.rain)
        seen, moving = self._seen(hour, weather, is_raining)
        return Moment(hour, self._look(hour, weather, is_raining, moving), seen)

    def _look(self, hour: float, weather: Weather, is_raining: bool, moving: Detections) -> Look:
        random, sun = self.random, _sun(hour, weather)
        self._cloud = 0.98 * self._cloud + 0.2 * random.normal(0, weather.clouds)
        headlights = (1 - sun) * random.exponential(4) * min(len(moving), 3)
        brightness = 32 + 95 * sun + self._cloud * sun + headlights - 12 * is_raining * sun
        grain = 1 + 0.15 * (1 - sun)
        sharpness = 0.36 * grain * (0.88 if is_raining else 1) * random.normal(1, 0.03) * (1 - 0.004 * headlights)
        view = self._view + self._shadows * sun * math.cos(math.pi * hour / 12) + self._lamps * (1 - sun)
        view = view * (0.85 if is_raining else 1) + random.normal(0, 150, CELLS)
        cells = np.full(CELLS, brightness, np.float32)
        cells[cells_of(moving.boxes, SIZE)] += random.choice([-25, 25], len(moving))
        if random.random() < weather.wind + 0.02:
            cells[self._trees[random.random(12) < 0.3]] += 15
        if random.random() < 0.1 * is_raining + 0.03:
            cells[random.integers(CELLS)] += 15
        return Look(float(np.clip(brightness, 1, 255)), float(sharpness), np.rint(view).astype(np.int64), cells)

    def _seen(self, hour: float, weather: Weather, is_raining: bool) -> tuple[Detections, Detections]:
        """All that is seen, and what of it moves."""
        random, sun = self.random, _sun(hour, weather)
        number = int(min(12, random.poisson(_per_hour(hour, weather) * EVERY_S / 3600)))
        crowd = min(number, 6)
        classes = random.choice(5, number, p=_mix(hour, weather))
        is_near = random.random(number) < _share_near(hour)
        sides = np.where(is_near, 0.13, 0.065) * np.array([0.45, 0.5, 1, 1.9, 1.6])[classes] * random.lognormal(0, 0.18, number)
        good = 0.62 + 0.13 * sun - 0.04 * is_raining - 0.008 * crowd - 0.1 * (classes == PERSON) + 0.04 * is_near
        scores = np.clip(good + random.normal(0, 0.11, number), 0.1, 0.97)
        boxes = _boxes(random, sides)
        ghosts = random.poisson((3 + 12 * is_raining) * EVERY_S / 3600)
        is_parked = 7.5 < hour < 18
        parts = [
            Detections(boxes, scores.astype(np.float32), classes.astype(np.int64)),
            Detections(
                _boxes(random, random.uniform(0.02, 0.1, ghosts)),
                random.uniform(0.12, 0.42, ghosts).astype(np.float32),
                random.integers(0, 5, ghosts),
            ),
        ]
        if is_parked:
            parked = self._parked + random.normal(0, 1.5, self._parked.shape).astype(np.float32)
            parts.append(Detections(parked, random.uniform(0.5, 0.8, 3).astype(np.float32), np.full(3, CAR)))
        return together(parts), parts[0]


def together(parts: list[Detections]) -> Detections:
    """In one table."""
    return Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.classes for part in parts]),
    )


def _sun(hour: float, weather: Weather) -> float:
    """0 at night, 1 by day; dawn and dusk take about an hour and a half."""
    rise, fall = (1 / (1 + math.exp(-(hour - at) * 5)) for at in (weather.dawn_h, weather.dusk_h))
    return rise * (1 - fall)


def _per_hour(hour: float, weather: Weather) -> float:
    """Objects: two rush hours, quiet nights."""
    if weather.is_sunday:
        return weather.volume * (2 + 180 * math.exp(-((hour - 15) ** 2) / 18))
    rush = 900 * math.exp(-((hour - 8) ** 2) / 1.2) + 1000 * math.exp(-((hour - 17.2) ** 2) / 2)
    return weather.volume * (4 + rush + 420 * math.exp(-((hour - 13) ** 2) / 20))


def _mix(hour: float, weather: Weather) -> list[float]:
    """Shares of the classes: commuters, deliveries in the morning, people by day."""
    trucks = 0.02 if weather.is_sunday else 0.04 + 0.14 * math.exp(-((hour - 10) ** 2) / 6)
    people = 0.03 + 0.13 * math.exp(-((hour - 14) ** 2) / 25)
    bicycles = 0.01 + 0.05 * math.exp(-((hour - 12) ** 2) / 25)
    return [people, bicycles, 1 - trucks - people - bicycles - 0.03, 0.03, trucks]


def _share_near(hour: float) -> float:
    """Into town in the morning, on the near lane; out of it in the evening."""
    return 0.5 + 0.2 * math.exp(-((hour - 8) ** 2) / 2) - 0.2 * math.exp(-((hour - 17) ** 2) / 3)


def _boxes(random: np.random.Generator, sides: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Boxes:
    """Squares of these roots of shares of the picture, anywhere above the parked cars."""
    half = sides * math.sqrt(SIZE[0] * SIZE[1]) / 2
    x, y = random.uniform(150, SIZE[0] - 150, len(sides)), random.uniform(120, 450, len(sides))
    return np.stack((x - half, y - half, x + half, y + half), axis=1).astype(np.float32).reshape(-1, 4)


class Clock:
    """Monotonic, for a watch that sees one moment after the other."""

    def __init__(self) -> None:
        self.now_ns = 1

    def show(self, watch: Watch, moment: Moment) -> bool:
        """Whether a window is over with it."""
        self.now_ns += EVERY_S * NS_PER_S
        return watch.see(moment.look, moment.seen, SIZE, NAMES, self.now_ns)


# What goes wrong.


def blurred(moment: Moment, random: np.random.Generator) -> Moment:
    """A lens out of focus: fine structure is gone, and the model is less sure."""
    del random
    look = replace(moment.look, sharpness=moment.look.sharpness * 0.55)
    return replace(moment, look=look, seen=replace(moment.seen, scores=moment.seen.scores * np.float32(0.85)))


def dirty(moment: Moment, random: np.random.Generator) -> Moment:
    """A lens that has become dirty: a third of the sharpness is gone."""
    del random
    return replace(moment, look=replace(moment.look, sharpness=moment.look.sharpness * 0.62))


class Turned:
    """A camera that shows something else, of which a fifth is as before by chance."""

    def __init__(self, seed: int) -> None:
        self._other = np.random.default_rng(seed).normal(0, 600, CELLS)

    def __call__(self, moment: Moment, random: np.random.Generator) -> Moment:
        view = 0.2 * moment.look.view + self._other + random.normal(0, 150, CELLS)
        return replace(moment, look=replace(moment.look, view=np.rint(view).astype(np.int64)))


def covered(moment: Moment, random: np.random.Generator) -> Moment:
    """A bag over the camera: dark, and nothing to be seen."""
    look = Look(
        float(12 + random.normal(0, 1)), 0.0, np.rint(random.normal(0, 20, CELLS)).astype(np.int64), moment.look.cells * 0
    )
    return replace(moment, look=look, seen=Detections.empty())


def blind(moment: Moment, random: np.random.Generator) -> Moment:
    """A model that finds nothing any more."""
    del random
    return replace(moment, seen=Detections.empty())


def unsure(moment: Moment, random: np.random.Generator) -> Moment:
    """A model that is half blind: all scores sink, and what sinks too far is not found."""
    del random
    return replace(moment, seen=replace(moment.seen, scores=moment.seen.scores * np.float32(0.72)))


def muddled(moment: Moment, random: np.random.Generator) -> Moment:
    """Classes are confused: every second car is a bus now."""
    classes = moment.seen.classes.copy()
    classes[(classes == CAR) & (random.random(len(classes)) < 0.5)] = BUS
    return replace(moment, seen=replace(moment.seen, classes=classes))


def zoomed(moment: Moment, random: np.random.Generator) -> Moment:
    """All is twice as large."""
    del random
    boxes = moment.seen.boxes
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = boxes[:, 2:] - boxes[:, :2]
    return replace(moment, seen=replace(moment.seen, boxes=np.concatenate((centres - half, centres + half), axis=1)))


def haunted(moment: Moment, random: np.random.Generator) -> Moment:
    """Fifty ghosts in every picture."""
    boxes, scores = _boxes(random, random.uniform(0.02, 0.1, 50)), random.uniform(0.3, 0.7, 50).astype(np.float32)
    return replace(moment, seen=together([moment.seen, Detections(boxes, scores, random.integers(0, 5, 50))]))
