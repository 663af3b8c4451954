"""Everybody in a scene, and how large they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from appliance.scene.view import Points


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of objects: its size in metres, and how often it is among the vehicles."""

    name: str
    length: float
    width: float
    height: float
    share: float = 0.0


KINDS = (
    Kind("car", 4.4, 1.85, 1.5, 0.70),
    Kind("truck", 8.2, 2.45, 3.2, 0.12),
    Kind("bus", 11.0, 2.5, 3.1, 0.07),
    Kind("motorcycle", 2.2, 0.85, 1.6, 0.11),
    Kind("person", 0.5, 0.55, 1.75),
)
CLASS_NAMES = tuple(kind.name for kind in KINDS)
PERSON = KINDS[-1]
VEHICLES = KINDS[:-1]


@dataclass(slots=True)
class Actor:
    """One vehicle or person: its place on the ground (middle of its footprint), where it heads, its looks.

    ``heading`` is the angle from z towards x, radians; ``scale`` its size as a share of its kind's; ``looks`` numbers in 0..1
    that painting draws on; ``stride`` metres walked, for legs; ``plan`` what whoever moves it keeps about it.
    """

    number: int
    kind: Kind
    x: float
    z: float
    heading: float
    speed: float = 0.0
    scale: float = 1.0
    looks: tuple[float, ...] = ()
    braking: bool = False
    stride: float = 0.0
    plan: dict[str, float] = field(default_factory=dict)

    @property
    def length(self) -> float:
        """Metres from end to end."""
        return self.kind.length * self.scale

    def place(self, local: Points) -> Points:
        """Points (N, 3) of the world for points of its own: to its right, up, ahead of its middle; shares of its size -0.5..0.5
        (up: 0..1).
        """
        right = local[:, 0] * self.kind.width * self.scale
        up = local[:, 1] * self.kind.height * self.scale
        ahead = local[:, 2] * self.kind.length * self.scale
        sine, cosine = math.sin(self.heading), math.cos(self.heading)
        return np.stack((self.x + right * cosine + ahead * sine, up, self.z - right * sine + ahead * cosine), axis=1)
