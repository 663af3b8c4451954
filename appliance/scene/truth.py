"""What is true in a scene: where everybody's box is, and who crossed which line when, by geometry alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scene.actors import PERSON, VEHICLES, Actor
from appliance.scene.settings import SceneSettings
from appliance.scene.shapes import body_of
from appliance.scene.street import COUNTED_AT_M, CROSSWALK_M, DRAWN_M, HALF_ROAD_M, LANE_M
from appliance.scene.view import Pixels, View
from appliance.scene.world import World

# x, y; pixels.
Point = tuple[float, float]
# Before a clip begins and after it ends nobody crosses for so long,
QUIET_S = 1.0
# And nobody is so near to a line, in sizes of his box.
QUIET_SIZES = 0.35
LONGEST_SEARCH_S = 30.0
# Who is nearer to the lens has no box.
NEAREST_BOX_M = 2.0


@dataclass(frozen=True, slots=True)
class TrueLine:
    """A line of two points in shares of the frame, and the classes that count on it."""

    name: str
    start: Point
    end: Point
    classes: tuple[str, ...]

    def as_settings(self) -> dict[str, Any]:
        """As it stands in a configuration."""
        return {"name": self.name, "points": [self.start, self.end], "classes": list(self.classes)}


@dataclass(frozen=True, slots=True)
class TrueCrossing:
    """One crossing of a box's centre; ``frame`` has a fraction."""

    line: str
    direction: str
    class_name: str
    frame: float
    number: int


@dataclass(frozen=True, slots=True)
class Truth:
    """A scene's: its first frame after the scene's own beginning, how many there are, and every crossing."""

    settings: SceneSettings
    lines: tuple[TrueLine, ...]
    first_frame: int
    frames: int
    crossings: tuple[TrueCrossing, ...]

    def as_json(self, video: str) -> dict[str, Any]:
        """For machines, and for ``appliance evaluate counts``."""
        settings = self.settings
        return {
            "video": video,
            "seed": settings.seed,
            "light": "dusk" if settings.is_dusk else "day",
            "rain": settings.is_wet,
            "size": [settings.width, settings.height],
            "fps": float(settings.frames_per_second),
            "frames": self.frames,
            "lines": {line.name: {"points": [line.start, line.end], "classes": line.classes} for line in self.lines},
            "crossings": [
                {
                    "line": crossing.line,
                    "direction": crossing.direction,
                    "class": crossing.class_name,
                    "frame": round(crossing.frame, 2),
                    "pts_s": round(crossing.frame / settings.frames_per_second, 4),
                    "object": crossing.number,
                }
                for crossing in self.crossings
            ],
        }

    def totals(self) -> dict[str, dict[str, int]]:
        """Crossings by line and direction."""
        totals = {line.name: {"forward": 0, "backward": 0} for line in self.lines}
        for crossing in self.crossings:
            totals[crossing.line][crossing.direction] += 1
        return totals


def lines_of(view: View) -> tuple[TrueLine, ...]:
    """The two lines of every scene: across the road for vehicles, along it and across the zebra crossing for people."""
    # Metres above the ground, about where the middle of a box is.
    middle = 0.75
    across = view.project(np.array([(-HALF_ROAD_M - 1, middle, COUNTED_AT_M), (HALF_ROAD_M + 1, middle, COUNTED_AT_M)]))
    # Not in the middle of the road, where those who come from both sides meet, nor to its right, where lorries that wait at the
    # light stand between the camera and the crossing.
    along = view.project(np.array([(-LANE_M, middle, CROSSWALK_M[1] + 1.5), (-LANE_M, middle, CROSSWALK_M[0] - 1.2)]))
    size = np.array([view.width, view.height])
    vehicles = tuple(kind.name for kind in VEHICLES)
    road, crosswalk = (np.clip(points / size, 0.0, 1.0).round(4).tolist() for points in (across, along))
    return (
        TrueLine("road", (road[0][0], road[0][1]), (road[1][0], road[1][1]), vehicles),
        TrueLine("crosswalk", (crosswalk[0][0], crosswalk[0][1]), (crosswalk[1][0], crosswalk[1][1]), (PERSON.name,)),
    )


def box_of(actor: Actor, view: View) -> NDArray[np.float64] | None:
    """(4,) x_min, y_min, x_max, y_max of all that is drawn of an actor, pixels, clipped to the frame; None outside of it."""
    corners = _corners(actor, view)
    if corners is None:
        return None
    low = np.clip(corners.min(axis=0), 0, (view.width, view.height))
    high = np.clip(corners.max(axis=0), 0, (view.width, view.height))
    return np.concatenate((low, high)) if (high - low).min() >= 1 else None


def visible_shares(actors: list[Actor], view: View) -> dict[int, float]:
    """By number, the share (0..1) of an actor's outline within the frame that nobody in front of him covers with his own; only of
    those in the picture. An outline is the convex hull of all corners.
    """
    order = sorted(actors, key=lambda actor: -actor.z)
    # Whose pixel it is, by place in the order, from 1.
    foremost = np.zeros((view.height, view.width), np.int32)
    areas: dict[int, int] = {}
    for place, actor in enumerate(order, 1):
        corners = _corners(actor, view)
        if corners is not None:
            outline = np.zeros(foremost.shape, np.uint8)
            cv2.fillConvexPoly(outline, cv2.convexHull(np.round(corners - 0.5).astype(np.int32)), 1)
            foremost[outline > 0] = place
            areas[place] = cv2.countNonZero(outline)
    seen = np.bincount(foremost.ravel(), minlength=len(order) + 1)
    return {order[place - 1].number: float(seen[place] / area) for place, area in areas.items() if area}


def _corners(actor: Actor, view: View) -> Pixels | None:
    """(N, 2) where the corners of all that is drawn of an actor are, pixels; None where nothing is drawn."""
    if not DRAWN_M[0] < actor.z < DRAWN_M[1]:
        return None
    points = actor.place(body_of(actor).corners)
    return view.project(points) if float(view.depth(points).min()) >= NEAREST_BOX_M else None


@dataclass(slots=True)
class _Watch:
    """Follows every centre over one line."""

    line: TrueLine
    size: Point
    before: dict[int, Point] = field(default_factory=dict)

    def look(self, frame: int, boxes: dict[int, tuple[Actor, NDArray[np.float64]]]) -> tuple[list[TrueCrossing], bool]:
        """This frame's crossings, and whether nobody is near the line."""
        crossings, quiet, now = [], True, {}
        start = (self.line.start[0] * self.size[0], self.line.start[1] * self.size[1])
        end = (self.line.end[0] * self.size[0], self.line.end[1] * self.size[1])
        for number, (actor, box) in boxes.items():
            if actor.kind.name not in self.line.classes:
                continue
            centre = (float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2)
            now[number] = centre
            met = _met(start, end, self.before[number], centre) if number in self.before else None
            if met is not None:
                direction = "forward" if met[0] > 0 else "backward"
                crossings.append(TrueCrossing(self.line.name, direction, actor.kind.name, frame - 1 + met[1], number))
            extent = math.sqrt(float((box[2] - box[0]) * (box[3] - box[1])))
            quiet = quiet and _distance(start, end, centre) > QUIET_SIZES * extent
        self.before = now
        return crossings, quiet


def find_truth(settings: SceneSettings) -> Truth:
    """Let the scene run without painting it: from a quiet moment near its beginning to one after the wished length."""
    lines = lines_of(View.of(settings))
    history = _History(settings, lines)
    first = history.quiet_frame(0)
    last = history.quiet_frame(first + settings.frames - 1)
    kept = (crossing for crossing in history.crossings if first < crossing.frame <= last)
    moved = (TrueCrossing(c.line, c.direction, c.class_name, c.frame - first, c.number) for c in kept)
    return Truth(settings, lines, first, last - first + 1, tuple(moved))


class _History:
    """What has happened in a scene, as far as anybody has asked."""

    def __init__(self, settings: SceneSettings, lines: tuple[TrueLine, ...]) -> None:
        self._rate = settings.frames_per_second
        self._view, self._world = View.of(settings), World(settings)
        self._watches = [_Watch(line, (settings.width, settings.height)) for line in lines]
        self._calm: list[bool] = []
        self.crossings: list[TrueCrossing] = []

    def quiet_frame(self, start: int) -> int:
        """The first frame from ``start`` on that is far from all crossings, or ``start`` where the street never rests."""
        margin = round(QUIET_S * self._rate)
        self._run_to(start + margin)
        for frame in range(start, start + round(LONGEST_SEARCH_S * self._rate)):
            self._run_to(frame + margin)
            if self._calm[frame] and all(abs(crossing.frame - frame) > margin for crossing in self.crossings):
                return frame
        return start

    def _run_to(self, frame: int) -> None:
        while len(self._calm) <= frame:
            now = len(self._calm)
            boxes = {actor.number: (actor, box) for actor in self._world.actors if (box := box_of(actor, self._view)) is not None}
            looks = [watch.look(now, boxes) for watch in self._watches]
            self.crossings += [crossing for met, _ in looks for crossing in met]
            self._calm.append(all(calm for _, calm in looks))
            self._world.step(1 / self._rate)


def _met(start: Point, end: Point, before: Point, now: Point) -> tuple[int, float] | None:
    """+1 for a step from the left of the line to its right, -1 back, and at which share of it; None beside the line."""
    side_before, side_now = _side(start, end, before), _side(start, end, now)
    if (side_before > 0) == (side_now > 0):
        return None
    share = side_before / (side_before - side_now)
    x, y = before[0] + share * (now[0] - before[0]), before[1] + share * (now[1] - before[1])
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    place = ((x - start[0]) * along_x + (y - start[1]) * along_y) / (along_x**2 + along_y**2)
    return (1 if side_now > 0 else -1, share) if 0 <= place <= 1 else None


def _side(start: Point, end: Point, point: Point) -> float:
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _distance(start: Point, end: Point, point: Point) -> float:
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    share = ((point[0] - start[0]) * along_x + (point[1] - start[1]) * along_y) / (along_x**2 + along_y**2)
    share = min(1.0, max(0.0, share))
    return math.hypot(point[0] - start[0] - share * along_x, point[1] - start[1] - share * along_y)
