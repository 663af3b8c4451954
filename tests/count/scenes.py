"""Scenes for the counter, built from readable ways: points, frame by frame, become sightings, sightings become tracks.

The stage is a frame of 1000 x 1000 pixels with a line across its middle, drawn from left to right: forward is down. A car is a
box of 60 x 60 pixels, so its dead band is 6 pixels to each side of the line.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from appliance.boxes import Tracks
from appliance.count.counter import CountedLine, Counter, CounterSettings, CounterState, Decision
from appliance.count.line import Line
from appliance.count.towed import TowingSettings
from appliance.polygon import Point

Way = list["Point | None"]  # where an object's centre is, frame by frame; None: not seen

PERSON, CAR, TRUCK = 0, 2, 7
CLASS_NAMES = {PERSON: "person", CAR: "car", TRUCK: "truck"}
VEHICLES = frozenset({CAR, TRUCK})
SIZE = 60.0
BAND = 6.0

ACROSS = CountedLine(Line(((0.0, 500.0), (1000.0, 500.0))))
FROM_RIGHT = CountedLine(Line(((1000.0, 500.0), (0.0, 500.0))))
SECOND = CountedLine(Line(((0.0, 560.0), (1000.0, 560.0))))
BOTTOM = CountedLine(ACROSS.line, 0.5)
CARS_ONLY = CountedLine(ACROSS.line, class_ids=frozenset({CAR}))
EDGE = CountedLine(Line(((0.0, 990.0), (1000.0, 990.0))))
EDGE_BOTTOM = CountedLine(EDGE.line, 0.5)
SHORT = CountedLine(Line(((400.0, 500.0), (600.0, 500.0))))
DOWNWARDS = CountedLine(Line(((500.0, 0.0), (500.0, 1000.0))))
DIAGONAL = CountedLine(Line(((0.0, 0.0), (1000.0, 1000.0))))
CORNER = CountedLine(Line(((0.0, 500.0), (500.0, 500.0), (500.0, 0.0))))  # its inside is left: out is forward
ZIGZAG = CountedLine(Line(((0.0, 400.0), (200.0, 600.0), (400.0, 400.0), (600.0, 600.0), (800.0, 400.0), (1000.0, 600.0))))
SQUARE = CountedLine(Line(((400.0, 400.0), (600.0, 400.0), (600.0, 600.0), (400.0, 600.0), (400.0, 400.0))))  # in is forward


@dataclass(frozen=True, slots=True)
class Seen:
    """One object in one frame."""

    frame: int
    x: float
    y: float
    width: float = SIZE
    height: float = SIZE
    track_id: int = 1
    class_id: int = CAR
    score: float = 0.8
    tentative: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Its corners."""
        return (
            self.x - self.width / 2,
            self.y - self.height / 2,
            self.x + self.width / 2,
            self.y + self.height / 2,
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to see, and the lines it is seen against."""

    seen: Sequence[Seen]
    lines: tuple[CountedLine, ...] = (ACROSS,)
    settings: CounterSettings = field(default_factory=CounterSettings)
    fps: float = 30.0
    times_ns: Sequence[int] | None = None

    def time_ns(self, frame: int) -> int:
        """When a frame was taken."""
        return round(frame * 1e9 / self.fps) if self.times_ns is None else self.times_ns[frame]

    def frames(self) -> list[tuple[Tracks, int, int]]:
        """Tracks, frame number and time of every frame, empty ones too; a track is confirmed from its second sighting on."""
        rows: dict[int, list[Seen]] = {}
        for one in self.seen:
            rows.setdefault(one.frame, []).append(one)
        known: set[int] = set()
        frames = []
        for frame in range(max(rows) + 1):
            now = rows.get(frame, [])
            frames.append((tracks_of(now, known), frame, self.time_ns(frame)))
            known.update(one.track_id for one in now)
        return frames

    def counter(self, state: CounterState | None = None) -> Counter:
        """A counter for these lines, new or with a memory."""
        return Counter(self.lines, self.settings, state)

    def decisions(self) -> list[Decision]:
        """What a new counter decides, to the end."""
        counter = self.counter()
        return [one for frame in self.frames() for one in counter.update(*frame)] + counter.finish()

    def counted(self) -> list[str]:
        """The crossings in words, sorted: ``forward car``, and ``line 1 backward truck`` on any line but the first."""
        return sorted(in_words(one) for one in self.decisions() if one.counted)


def in_words(decision: Decision) -> str:
    """A crossing as the tables of truth spell it."""
    line = f"line {decision.line} " if decision.line else ""
    return f"{line}{'forward' if decision.net > 0 else 'backward'} {CLASS_NAMES[decision.class_id]}"


def tracks_of(now: Sequence[Seen], known: set[int]) -> Tracks:
    """One frame as the tracker hands it over."""
    return Tracks(
        np.array([one.track_id for one in now], np.int64),
        np.array([one.box for one in now], np.float32).reshape(-1, 4),
        np.array([one.score for one in now], np.float32),
        np.array([one.class_id for one in now], np.int64),
        np.array([one.track_id in known and not one.tentative for one in now], np.bool_),
    )


def straight(start: Point, end: Point, frames: int) -> Way:
    """A constant velocity from the first frame to the last, both inclusive."""
    shares = [frame / (frames - 1) for frame in range(frames)]
    return [(start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])) for share in shares]


def still(at: Point, frames: int) -> Way:
    """Not moving at all."""
    return [at] * frames


def along(*corners: Point, step: float = 5.0) -> Way:
    """From corner to corner with ``step`` pixels per frame."""
    way: Way = []
    for start, end in zip(corners, corners[1:]):
        way += straight(start, end, max(2, round(math.dist(start, end) / step) + 1))
    return way


def hidden(frames: int) -> Way:
    """Not seen."""
    return [None] * frames


def down(start: float = 400.0, end: float = 600.0, frames: int = 41, x: float = 500.0) -> Way:
    """Straight down, or up where ``end`` is above ``start``."""
    return straight((x, start), (x, end), frames)


def shaken(way: Way, px: float, seed: int = 1) -> Way:
    """The same way, every point off by up to ``px`` in both axes."""
    dice = random.Random(seed)
    return [None if at is None else (at[0] + dice.uniform(-px, px), at[1] + dice.uniform(-px, px)) for at in way]


def lost(way: Way, first: int, last: int) -> Way:
    """The same way, not seen from the frame ``first`` to the frame ``last``, both inclusive."""
    return [None if first <= frame <= last else at for frame, at in enumerate(way)]


def walk(way: Sequence[Point | None], start: int = 0, look: Seen = Seen(0, 0.0, 0.0)) -> list[Seen]:
    """An object with the looks of ``look`` on its way."""
    return [replace(look, frame=start + n, x=at[0], y=at[1]) for n, at in enumerate(way) if at is not None]


def looks(track_id: int = 1, class_id: int = CAR, size: tuple[float, float] = (SIZE, SIZE), score: float = 0.8) -> Seen:
    """What stays the same about an object."""
    return Seen(0, 0.0, 0.0, size[0], size[1], track_id, class_id, score)


def renamed(seen: Sequence[Seen], at_frames: Iterable[int]) -> list[Seen]:
    """The same sightings under another track id from each of the frames on."""
    switches = sorted(at_frames)
    return [replace(one, track_id=one.track_id + sum(frame <= one.frame for frame in switches)) for one in seen]


def taken_for(seen: Sequence[Seen], class_id: int, frames: Iterable[int], score: float = 0.8) -> list[Seen]:
    """The same sightings, of another class in some frames."""
    named = set(frames)
    return [replace(one, class_id=class_id, score=score) if one.frame in named else one for one in seen]


def clipped(seen: Sequence[Seen], bottom: float = 1000.0) -> list[Seen]:
    """The boxes as a frame that ends at ``bottom`` shows them; without those of which fewer than 8 pixels are left."""
    cut = []
    for one in seen:
        top, low = one.y - one.height / 2, min(one.y + one.height / 2, bottom)
        if low - top >= 8:
            cut.append(replace(one, y=(top + low) / 2, height=low - top))
    return cut


def towing() -> CounterSettings:
    """Settings under which vehicles may tow."""
    return CounterSettings(towing=TowingSettings(VEHICLES))
