"""What the bodies in a scene are made of: flat convex pieces, in shares of the body's size.

A point is (right, up, ahead) with right and ahead -0.5..0.5 and up 0..1, see ``Actor.place``. Pieces of one part are drawn in the
order in which they stand here; parts of one level from the farthest to the nearest, a higher level after a lower one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from appliance.scene.actors import PERSON, Actor
from appliance.scene.view import Points

# A person's legs swing to and fro in a stride, drawn in so many steps.
STRIDE_M, STEPS = 1.4, 24

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """A convex polygon, its corners clockwise seen from outside, and the name of its colour."""

    corners: tuple[tuple[float, float, float], ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some pieces that hide each other only by facing away."""

    level: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Body:
    """All parts of a kind; their corners and pieces stand one after the other in arrays."""

    parts: tuple[Part, ...]

    @cached_property
    def corners(self) -> Points:
        """(N, 3)."""
        return np.array([corner for part in self.parts for piece in part.pieces for corner in piece.corners])

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(P + 1,) the first corner of each piece, and the number of all corners."""
        lengths = [len(piece.corners) for part in self.parts for piece in part.pieces]
        return np.cumsum([0, *lengths])


def prism(
    right: Range, up: Range, ahead: Range, colours: dict[str, str], taper: tuple[float, float, float] = (0, 0, 0)
) -> list[Piece]:
    """A box; its top is narrower by ``taper`` on each side, at the back and at the front. ``colours`` by face, ``all`` for the
    rest.
    """
    (left, rite), (low, high), (back, front) = right, up, ahead
    aside, behind, before = taper
    bottom = [(left, low, back), (rite, low, back), (rite, low, front), (left, low, front)]
    top = [
        (left + aside, high, back + behind),
        (rite - aside, high, back + behind),
        (rite - aside, high, front - before),
        (left + aside, high, front - before),
    ]
    faces = {
        "back": (bottom[0], top[0], top[1], bottom[1]),
        "right": (bottom[1], top[1], top[2], bottom[2]),
        "front": (bottom[2], top[2], top[3], bottom[3]),
        "left": (bottom[3], top[3], top[0], bottom[0]),
        "top": (top[0], top[3], top[2], top[1]),
    }
    return [Piece(corners, colours.get(face, colours["all"])) for face, corners in faces.items()]


def on_back(right: Range, up: Range, at: float, colour: str) -> Piece:
    """A rectangle that looks backwards."""
    return Piece(((right[0], up[0], at), (right[0], up[1], at), (right[1], up[1], at), (right[1], up[0], at)), colour)


def on_front(right: Range, up: Range, at: float, colour: str) -> Piece:
    """A rectangle that looks ahead."""
    return Piece(((right[1], up[0], at), (right[1], up[1], at), (right[0], up[1], at), (right[0], up[0], at)), colour)


def on_sides(up: Range, ahead: Range, at: float, colour: str) -> list[Piece]:
    """A rectangle on the right side and one on the left."""
    corners = ((up[0], ahead[0]), (up[1], ahead[0]), (up[1], ahead[1]), (up[0], ahead[1]))
    right = Piece(tuple((at, high, along) for high, along in corners), colour)
    return [right, Piece(tuple((-at, high, along) for high, along in reversed(corners)), colour)]


def wheels(radius_up: float, radius_ahead: float, places: tuple[float, ...], at: float = 0.5) -> list[Piece]:
    """Wheels on both sides."""
    turn = [2 * math.pi * n / 8 for n in range(8)]
    pieces = []
    for place in places:
        rim = tuple((at, radius_up * (1 - math.cos(angle)), place - radius_ahead * math.sin(angle)) for angle in turn)
        pieces += [Piece(rim, "tyre"), Piece(tuple((-at, up, ahead) for _, up, ahead in reversed(rim)), "tyre")]
    return pieces


@cache
def body(kind: str, step: int = 0) -> Body:
    """What a kind looks like; ``step`` of ``STEPS`` is how far a person's legs have swung."""
    if kind == "person":
        return _person(step)
    return {"car": _car, "truck": _truck, "bus": _bus, "motorcycle": _motorcycle}[kind]()


def body_of(actor: Actor) -> Body:
    """What an actor looks like now."""
    step = round(actor.stride / STRIDE_M * STEPS) % STEPS if actor.kind is PERSON else 0
    return body(actor.kind.name, step)


def _lamps(low: float, high: float, inner: float, outer: float) -> list[Piece]:
    return [
        *(on_front(side, (low, high), 0.501, "headlamp") for side in ((inner, outer), (-outer, -inner))),
        *(on_back(side, (low, high), -0.501, "tail lamp") for side in ((inner, outer), (-outer, -inner))),
    ]


def _car() -> Body:
    glass = {"all": "glass", "top": "paint"}
    lower = prism((-0.5, 0.5), (0.14, 0.62), (-0.5, 0.5), {"all": "paint"}, (0.03, 0.02, 0.05))
    plates = [on_back((-0.15, 0.15), (0.3, 0.38), -0.5, "plate"), on_front((-0.3, 0.3), (0.2, 0.34), 0.5, "dark")]
    cabin = prism((-0.45, 0.45), (0.62, 1.0), (-0.44, 0.24), glass, (0.09, 0.09, 0.16))
    return Body(
        (
            Part(0, (*lower, *plates, *_lamps(0.38, 0.52, 0.28, 0.47), *wheels(0.21, 0.075, (-0.31, 0.31)))),
            Part(1, tuple(cabin)),
        )
    )


def _truck() -> Body:
    cab = prism((-0.47, 0.47), (0.12, 0.84), (0.22, 0.5), {"all": "paint"}, (0.02, 0, 0.02))
    cab += [on_front((-0.43, 0.43), (0.48, 0.78), 0.495, "glass"), *on_sides((0.5, 0.76), (0.32, 0.46), 0.472, "glass")]
    cab += [on_front((-0.45, 0.45), (0.14, 0.24), 0.502, "dark"), *wheels(0.15, 0.06, (0.36,), 0.48)]
    lamps = _lamps(0.2, 0.28, 0.3, 0.46)
    cargo = prism((-0.5, 0.5), (0.28, 1.0), (-0.5, 0.2), {"all": "cargo", "top": "cargo roof"})
    frame = prism((-0.42, 0.42), (0.13, 0.28), (-0.49, 0.24), {"all": "dark"})
    return Body(
        (
            Part(0, (*cab, *lamps[:2])),
            Part(0, (*frame, *wheels(0.15, 0.06, (-0.36, -0.2), 0.46), *cargo, *lamps[2:])),
        )
    )


def _bus() -> Body:
    hull = prism((-0.5, 0.5), (0.1, 1.0), (-0.5, 0.5), {"all": "paint", "top": "roof"}, (0.02, 0, 0.005))
    windows: list[Piece] = []
    for n in range(6):
        start = -0.46 + n * 0.155
        windows += on_sides((0.5, 0.86), (start, start + 0.135), 0.496, "glass")
    ends = [on_front((-0.45, 0.45), (0.38, 0.9), 0.501, "glass"), on_back((-0.4, 0.4), (0.55, 0.85), -0.501, "glass")]
    stripe = on_sides((0.3, 0.38), (-0.5, 0.5), 0.5, "stripe")
    return Body(
        (Part(0, (*hull, *stripe, *windows, *ends, *_lamps(0.18, 0.26, 0.3, 0.46), *wheels(0.15, 0.045, (-0.28, 0.34)))),)
    )


def _motorcycle() -> Body:
    tyres = prism((-0.1, 0.1), (0.0, 0.4), (-0.5, 0.5), {"all": "tyre"}, (0, 0.12, 0.12))
    tank = prism((-0.25, 0.25), (0.3, 0.58), (-0.3, 0.3), {"all": "paint"}, (0.05, 0, 0.1))
    lamps = [on_front((-0.14, 0.14), (0.45, 0.56), 0.32, "headlamp"), on_back((-0.14, 0.14), (0.42, 0.5), -0.32, "tail lamp")]
    rider = prism((-0.45, 0.45), (0.5, 0.86), (-0.16, 0.1), {"all": "jacket"}, (0.08, -0.04, 0.02))
    legs = prism((-0.42, 0.42), (0.24, 0.52), (-0.1, 0.14), {"all": "trousers"})
    helmet = prism((-0.2, 0.2), (0.85, 1.0), (-0.06, 0.1), {"all": "helmet", "front": "glass"}, (0.05, 0.015, 0.015))
    return Body((Part(0, (*tyres, *tank, *lamps)), Part(1, (*legs, *rider)), Part(2, tuple(helmet))))


def _person(step: int) -> Body:
    torso = prism((-0.42, 0.42), (0.46, 0.84), (-0.3, 0.3), {"all": "jacket"}, (0.06, 0.06, 0.06))
    head = prism((-0.19, 0.19), (0.86, 1.0), (-0.22, 0.22), {"all": "hair", "front": "skin"}, (0.06, 0.06, 0.06))
    swing = 0.42 * math.sin(2 * math.pi * step / STEPS)
    legs = (Part(0, tuple(_leg(side, ahead))) for side, ahead in ((-0.22, swing), (0.22, -swing)))
    return Body((Part(1, tuple(torso)), Part(2, tuple(head)), *legs))


def _leg(side: float, ahead: float) -> Iterator[Piece]:
    foot = [(side - 0.13, 0.0, ahead - 0.15), (side + 0.13, 0.0, ahead - 0.15), (side + 0.13, 0.0, ahead + 0.25)]
    foot.append((side - 0.13, 0.0, ahead + 0.25))
    hip = [(x, 0.5, along) for (x, _, _), along in zip(foot, (-0.18, -0.18, 0.18, 0.18))]
    for one, other in ((0, 1), (1, 2), (2, 3), (3, 0)):
        yield Piece((foot[one], hip[one], hip[other], foot[other]), "trousers")
