"""What was seen in a window of time: counts alone, so that windows add up and the order within them does not matter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from appliance.boxes import Floats, Integers, Mask
from appliance.drift.bins import BRIGHTNESS, SCORES, SHARPNESS, SIZES
from appliance.drift.distances import Counts
from appliance.drift.picture import CELLS, Look


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture, and the objects in it that were not there in the sample before."""

    look: Look
    moved: Mask
    """(CELLS,) where something has changed since the sample before, be it found or not."""
    seen: int
    """Objects in the picture."""
    scores: Floats
    """(N,) of the new ones,"""
    sizes: Floats
    """(N,) the roots of their shares of the picture,"""
    places: Integers
    """(N,) in which cells they are,"""
    classes: tuple[str, ...]
    """and what."""


@dataclass(slots=True)
class Pictures:
    """What pictures were like."""

    number: int = 0
    brightness: Counts = field(default_factory=BRIGHTNESS.none)
    sharpness: Counts = field(default_factory=SHARPNESS.none)
    view: Counts = field(default_factory=lambda: np.zeros(CELLS, np.int64))
    """The sum of all views."""

    def add(self, look: Look) -> None:
        """One more."""
        self.number += 1
        self.brightness += BRIGHTNESS.count(np.array([look.brightness]))
        self.sharpness += SHARPNESS.count(np.array([look.sharpness]))
        self.view += look.view

    def join(self, other: Pictures) -> None:
        """Those of another window, too."""
        self.number += other.number
        self.brightness += other.brightness
        self.sharpness += other.sharpness
        self.view += other.view


@dataclass(slots=True)
class Objects:
    """What a model found in pictures."""

    pictures: int = 0
    seen: int = 0
    """Objects, again in every picture,"""
    found: int = 0
    """and once each."""
    scores: Counts = field(default_factory=SCORES.none)
    sizes: Counts = field(default_factory=SIZES.none)
    moved: Counts = field(default_factory=lambda: np.zeros(CELLS, np.int64))
    """In how many pictures something had changed in each cell,"""
    places: Counts = field(default_factory=lambda: np.zeros(CELLS, np.int64))
    """and how many objects were found there."""
    classes: dict[str, int] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        """Those of one more picture."""
        self.pictures += 1
        self.seen += sample.seen
        self.found += len(sample.scores)
        self.moved += sample.moved
        if len(sample.scores):
            self.scores += SCORES.count(sample.scores)
            self.sizes += SIZES.count(sample.sizes)
            self.places += np.bincount(sample.places, minlength=CELLS)
            for name in sample.classes:
                self.classes[name] = self.classes.get(name, 0) + 1

    def join(self, other: Objects) -> None:
        """Those of another window, too."""
        self.pictures += other.pictures
        self.seen += other.seen
        self.found += other.found
        self.scores += other.scores
        self.sizes += other.sizes
        self.moved += other.moved
        self.places += other.places
        for name, number in other.classes.items():
            self.classes[name] = self.classes.get(name, 0) + number


@dataclass(slots=True)
class Window:
    """Both."""

    pictures: Pictures = field(default_factory=Pictures)
    objects: Objects = field(default_factory=Objects)

    def add(self, sample: Sample) -> None:
        """One more picture and what is in it."""
        self.pictures.add(sample.look)
        self.objects.add(sample)
