"""Small synthetic worlds whose truth is known, and what a tracker says of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Detections, cxcywh_to_xyxy
from appliance.track.botsort import BotSort, BotSortSettings

CAR, TRUCK, PERSON = 2, 7, 0
JITTER = 0.01  # of the box's size: what a good detector wavers by
Place: TypeAlias = Callable[[float], tuple[float, float, float, float]]  # second -> centre x, centre y, width, height; px
Affine: TypeAlias = NDArray[np.float64]  # (2, 3)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: where it is at any second, how well the detector sees it (0: not at all), and as what."""

    place: Place
    score: Callable[[float], float] = lambda second: 0.9
    kind: Callable[[float], int] = lambda second: CAR


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the tracker said of one thing in one frame."""

    frame: int
    id: int
    confirmed: bool


def straight(x: float, y: float, vx: float = 0, vy: float = 0, width: float = 60, height: float = 60) -> Place:
    """At x, y in second 0, moving by vx, vy pixels per second."""
    return lambda second: (x + vx * second, y + vy * second, width, height)


def circling(x: float, y: float, radius: float, seconds: float) -> Place:
    """Once around x, y in so many seconds."""

    def place(second: float) -> tuple[float, float, float, float]:
        angle = 2 * math.pi * second / seconds
        return x + radius * math.cos(angle), y + radius * math.sin(angle), 60, 60

    return place


def stopping(x: float, y: float, speed: float, brakes_s: float, stands_s: float) -> Place:
    """To the right at ``speed`` px per second, braking evenly between the two moments."""

    def place(second: float) -> tuple[float, float, float, float]:
        braking = min(max(second - brakes_s, 0), stands_s - brakes_s)
        way = speed * (min(second, brakes_s) + braking - braking**2 / (2 * (stands_s - brakes_s)))
        return x + way, y, 60, 60

    return place


def approaching(lane_m: float, metres: float, metres_per_second: float) -> Place:
    """A car 1.8 m wide on a straight road, seen from 6 m above it: it grows and speeds up in the picture as it comes."""

    def place(second: float) -> tuple[float, float, float, float]:
        scale = 1000 / (metres - metres_per_second * second)  # px per metre
        return 960 + lane_m * scale, 200 + 5.25 * scale, 1.8 * scale, 1.5 * scale

    return place


def cut_off(x: float, y: float, first_s: float, last_s: float, px_per_second: float) -> Place:
    """A standing box that loses height between the two moments, and is then as it was."""

    def place(second: float) -> tuple[float, float, float, float]:
        return x, y, 60, 60 - (px_per_second * (second - first_s) if first_s <= second < last_s else 0)

    return place


def during(first_s: float, last_s: float, score: float = 0.9, elsewhere: float = 0.0) -> Callable[[float], float]:
    """``score`` between the two moments, ``elsewhere`` before and after."""
    return lambda second: score if first_s <= second < last_s else elsewhere


def hidden(first_s: float, last_s: float) -> Callable[[float], float]:
    return during(first_s, last_s, score=0.0, elsewhere=0.9)


def every(seconds_between: float, until_s: float) -> list[float]:
    """The seconds of frames at an even rate."""
    return [frame * seconds_between for frame in range(round(until_s / seconds_between))]


def nanoseconds(second: float) -> int:
    return round(second * 1e9)


def mark(thing: int, score: float) -> float:
    """The score with the number of the thing in its last digits, by which its track is recognised."""
    return score - 1e-4 * thing


def seen_at(things: Sequence[Thing], second: float, random: np.random.Generator) -> tuple[list[int], Detections]:
    """The things that the detector sees, in random order, and what it says of them."""
    seen = random.permutation([number for number, thing in enumerate(things) if thing.score(second) > 0]).tolist()
    if not seen:
        return [], Detections.empty()
    places = np.array([things[number].place(second) for number in seen], np.float64)
    places += random.uniform(-JITTER, JITTER, places.shape) * np.tile(places[:, 2:], 2)
    scores = np.array([mark(number, things[number].score(second)) for number in seen], np.float32)
    kinds = np.array([things[number].kind(second) for number in seen])
    return seen, Detections(cxcywh_to_xyxy(places.astype(np.float32)), scores, kinds)


def watched(
    things: Sequence[Thing],
    seconds: Sequence[float],
    settings: BotSortSettings | None = None,
    motions: Sequence[Affine | None] | None = None,
) -> list[list[Sighting]]:
    """What a new tracker says of each thing, frame by frame; ``motions`` tells it how the camera moved before each frame."""
    tracker = BotSort(settings or BotSortSettings())
    random = np.random.default_rng(7)
    said: list[list[Sighting]] = [[] for _ in things]
    for frame, second in enumerate(seconds):
        seen, detections = seen_at(things, second, random)
        tracks = tracker.update(detections, nanoseconds(second), motions[frame] if motions else None)
        who = dict(zip(detections.scores.tolist(), seen))
        for row, score in enumerate(tracks.scores.tolist()):
            said[who[score]].append(Sighting(frame, int(tracks.ids[row]), bool(tracks.confirmed[row])))
    return said


def ids(sightings: Sequence[Sighting]) -> list[int]:
    """The ids that a thing had, in order of appearance."""
    return list(dict.fromkeys(sighting.id for sighting in sightings))


def uneven(until_s: float) -> list[float]:
    """Frames 1/60 to 1/6 s apart."""
    between = np.random.default_rng(2).uniform(1 / 60, 1 / 6, round(until_s * 11))
    return list(itertools.accumulate(float(seconds) for seconds in between))


def with_gaps(until_s: float) -> list[float]:
    """Thirty frames per second of which four in ten are lost, some in a row."""
    kept = np.random.default_rng(4).random(round(until_s * 30)) > 0.4
    return [int(frame) / 30 for frame in np.flatnonzero(kept)]
