"""Vehicles that follow each other, stop at the light, start again, and change lanes.

Following is the intelligent driver model (Treiber, Hennecke and Helbing, Congested traffic states in empirical observations and
microscopic simulations, Physical Review E 62, 2000, equations 3 and 4); a red light is a vehicle that stands at the stop line.
"""

from __future__ import annotations

import math

import numpy as np

from appliance.scene.actors import VEHICLES, Actor
from appliance.scene.street import Lane, Signals, lanes

# Metres per second squared.
ACCELERATION, COMFORTABLE_BRAKING, HARDEST_BRAKING = 1.6, 2.2, 7.0
HEADWAY_S, STANDSTILL_GAP_M = 1.3, 2.4
# Metres per second that drivers wish for.
SPEEDS = (9.0, 13.5)
# For each lane, at density 1.
ARRIVALS_PER_S = 1 / 6.5
SLOWER = {"truck": 0.85, "bus": 0.8}
LANE_CHANGES_PER_S = 0.04
LANE_CHANGE_S = 2.6
ROOM_AHEAD_M, ROOM_BEHIND_M = 6.0, 9.0
# No lane change so near to the stop line.
STEADY_M = 18.0
FREE = math.inf


class Traffic:
    """All vehicles of a scene."""

    def __init__(self, dice: np.random.Generator, signals: Signals, density: float) -> None:
        self._dice, self._signals, self._density = dice, signals, density
        self._lanes = lanes()
        # The foremost first.
        self._queues: list[list[Actor]] = [[] for _ in self._lanes]
        self._number = 0

    @property
    def actors(self) -> list[Actor]:
        """Everybody, in no order."""
        return [actor for queue in self._queues for actor in queue]

    def step(self, time_s: float, step_s: float) -> None:
        """Let ``step_s`` seconds pass."""
        for lane, queue in zip(self._lanes, self._queues):
            pushes = [self._push(lane, queue, index, time_s) for index in range(len(queue))]
            for actor, push in zip(queue, pushes):
                _move(actor, lane, push, step_s)
            while queue and _along(queue[0], lane) > lane.end:
                queue.pop(0)
            self._arrive(lane, queue, step_s)
        self._change_lanes(step_s)

    def _push(self, lane: Lane, queue: list[Actor], index: int, time_s: float) -> float:
        """The acceleration that a driver chooses."""
        actor = queue[index]
        nose = _along(actor, lane) + actor.length / 2
        gap, approach = FREE, 0.0
        if index:
            ahead = queue[index - 1]
            gap, approach = _along(ahead, lane) - ahead.length / 2 - nose, actor.speed - ahead.speed
        to_line = lane.stop - nose
        if 0 <= to_line < gap and self._must_stop(actor, to_line, time_s):
            gap, approach = to_line + STANDSTILL_GAP_M - 0.6, actor.speed
        return _intelligent_driver(actor.speed, actor.plan["wish"], gap, approach)

    def _must_stop(self, actor: Actor, to_line: float, time_s: float) -> bool:
        colour = self._signals.colour(time_s)
        if colour == "green":
            return False
        # Who cannot brake any more goes on.
        return actor.speed**2 / (2 * max(to_line, 0.1)) < 4.5

    def _arrive(self, lane: Lane, queue: list[Actor], step_s: float) -> None:
        if self._dice.random() > ARRIVALS_PER_S * self._density * step_s:
            return
        kind = VEHICLES[self._dice.choice(len(VEHICLES), p=[kind.share for kind in VEHICLES])]
        if kind.name == "bus" and abs(lane.x) < 3:
            # Buses keep to the outer lane.
            return
        wish = self._dice.uniform(*SPEEDS) * SLOWER.get(kind.name, 1.0)
        scale = self._dice.uniform(0.92, 1.08)
        if queue and _along(queue[-1], lane) - queue[-1].length / 2 - lane.begin < kind.length + 10:
            return
        self._number += 1
        aside = self._dice.uniform(-0.25, 0.25) * (2 if kind.name == "motorcycle" else 1)
        heading = 0.0 if lane.way > 0 else math.pi
        looks = tuple(self._dice.random(8).tolist())
        actor = Actor(self._number, kind, lane.x + aside, lane.way * lane.begin, heading, wish, scale, looks)
        if queue:
            actor.speed = min(wish, queue[-1].speed + 2)
        actor.plan = {"wish": wish, "aside": aside, "from_x": actor.x, "to_x": actor.x, "since_s": LANE_CHANGE_S}
        queue.append(actor)

    def _change_lanes(self, step_s: float) -> None:
        for index, lane in enumerate(self._lanes):
            beside = next(n for n, other in enumerate(self._lanes) if other.way == lane.way and n != index)
            for actor in list(self._queues[index]):
                may = actor.kind.name != "bus" and actor.speed > 5 and actor.plan["since_s"] >= LANE_CHANGE_S
                if (
                    may
                    and self._dice.random() < LANE_CHANGES_PER_S * step_s
                    and self._has_room(actor, lane, self._queues[beside])
                ):
                    self._queues[index].remove(actor)
                    self._join(actor, self._lanes[beside], self._queues[beside])

    def _has_room(self, actor: Actor, lane: Lane, beside: list[Actor]) -> bool:
        place = _along(actor, lane)
        if -4 < lane.stop - place < STEADY_M:
            return False
        for other in beside:
            between = _along(other, lane) - place
            room = ROOM_AHEAD_M + actor.speed if between > 0 else ROOM_BEHIND_M + other.speed
            if abs(between) - (actor.length + other.length) / 2 < room:
                return False
        return True

    def _join(self, actor: Actor, lane: Lane, queue: list[Actor]) -> None:
        place = _along(actor, lane)
        queue.insert(sum(_along(other, lane) > place for other in queue), actor)
        actor.plan |= {"from_x": actor.x, "to_x": lane.x + actor.plan["aside"], "since_s": 0.0}


def _intelligent_driver(speed: float, wish: float, gap: float, approach: float) -> float:
    free = 1 - (speed / wish) ** 4
    if gap == FREE:
        return max(-HARDEST_BRAKING, ACCELERATION * free)
    wanted = STANDSTILL_GAP_M + max(
        0.0, speed * HEADWAY_S + speed * approach / (2 * math.sqrt(ACCELERATION * COMFORTABLE_BRAKING))
    )
    return max(-HARDEST_BRAKING, ACCELERATION * (free - (wanted / max(gap, 0.3)) ** 2))


def _along(actor: Actor, lane: Lane) -> float:
    """Metres in the lane's own way."""
    return actor.z * lane.way


def _move(actor: Actor, lane: Lane, push: float, step_s: float) -> None:
    before_x = actor.x
    speed = max(0.0, actor.speed + push * step_s)
    way = (actor.speed + speed) / 2 * step_s
    actor.speed, actor.braking = speed, push < -0.6 or speed < 0.3
    actor.z += lane.way * way
    plan = actor.plan
    plan["since_s"] += step_s
    share = min(1.0, plan["since_s"] / LANE_CHANGE_S)
    smooth = share * share * (3 - 2 * share)
    actor.x = plan["from_x"] + (plan["to_x"] - plan["from_x"]) * smooth
    turned = math.atan2(actor.x - before_x, lane.way * way) if way > 1e-3 else actor.heading
    actor.heading = turned
