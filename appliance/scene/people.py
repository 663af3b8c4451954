"""People who wait for the light and cross, and people who walk along the street."""

from __future__ import annotations

import math

import numpy as np

from appliance.scene.actors import PERSON, Actor
from appliance.scene.street import CROSSWALK_M, HALF_ROAD_M, SIDEWALK_M, Signals

# At density 1.
CROSSINGS_PER_CYCLE = 4.0
WALKERS_PER_S = 1 / 9.0
# Metres per second.
PACE = (1.25, 1.7)
KERB_M = HALF_ROAD_M + 0.7
COMES_FROM_M = HALF_ROAD_M + 9.0
# Side by side, people keep so much of z between them, so that who is behind is not hidden all the way; two from each side.
APART_M, ABREAST = 1.7, 2
# Who walks behind another sets out so much later.
BEHIND_S = 1.8
MOST_FROM_A_SIDE = 4
# Where those along the street come and go.
NEAR_M, FAR_M = 11.0, 70.0


class People:
    """All people of a scene."""

    def __init__(self, dice: np.random.Generator, signals: Signals, density: float) -> None:
        self._dice, self._signals, self._density = dice, signals, density
        self._number = 0
        self._was_green = True
        self._waiting: list[Actor] = []
        self._crossing: list[Actor] = []
        self._strolling: list[Actor] = []

    @property
    def actors(self) -> list[Actor]:
        """Everybody, in no order."""
        return self._waiting + self._crossing + self._strolling

    def step(self, time_s: float, step_s: float) -> None:
        """Let ``step_s`` seconds pass."""
        green = self._signals.colour(time_s) == "green"
        if green and not self._was_green:
            self._gather()
        self._was_green = green
        if self._signals.people_may_start(time_s):
            self._set_out(step_s)
        if self._dice.random() < WALKERS_PER_S * self._density * step_s:
            self._stroll()
        for actor in self._waiting:
            _approach(actor, step_s)
        for actor in self._crossing + self._strolling:
            actor.x += math.sin(actor.heading) * actor.speed * step_s
            actor.z += math.cos(actor.heading) * actor.speed * step_s
            actor.stride += actor.speed * step_s
        self._crossing = [actor for actor in self._crossing if abs(actor.x) < COMES_FROM_M]
        self._strolling = [actor for actor in self._strolling if NEAR_M < actor.z < FAR_M]

    def _gather(self) -> None:
        """New people come to wait for the next red."""
        for side in (-1, 1):
            count = int(self._dice.poisson(CROSSINGS_PER_CYCLE * self._density / 2))
            # Who comes from the right keeps half a place further away, so that nobody walks through anybody.
            places = CROSSWALK_M[0] + 0.5 + APART_M * (self._dice.permutation(ABREAST) + (0.25 + 0.25 * side))
            group: list[Actor] = []
            for number in range(min(count, MOST_FROM_A_SIDE)):
                row, place = divmod(number, ABREAST)
                actor = self._person(side * COMES_FROM_M, float(places[place]), -side * math.pi / 2)
                if row:
                    # Nobody overtakes.
                    actor.speed = group[place].speed
                actor.plan["kerb_x"] = side * (KERB_M + 0.8 * row + float(self._dice.uniform(0, 0.5)))
                actor.plan["delay_s"] = row * BEHIND_S + float(self._dice.uniform(0, 1.2 if row == 0 else 0.4))
                group.append(actor)
            self._waiting += group

    def _set_out(self, step_s: float) -> None:
        for actor in list(self._waiting):
            actor.plan["delay_s"] -= step_s
            if actor.plan["delay_s"] <= 0 and actor.x == actor.plan["kerb_x"]:
                self._waiting.remove(actor)
                self._crossing.append(actor)

    def _stroll(self) -> None:
        side = int(self._dice.choice((-1, 1)))
        away = bool(self._dice.random() < 0.5)
        x = side * (HALF_ROAD_M + self._dice.uniform(1.6, SIDEWALK_M - 0.3))
        self._strolling.append(self._person(x, NEAR_M + 0.1 if away else FAR_M - 0.1, 0.0 if away else math.pi))

    def _person(self, x: float, z: float, heading: float) -> Actor:
        self._number += 1
        looks = tuple(self._dice.random(8).tolist())
        pace, scale = self._dice.uniform(*PACE), self._dice.uniform(0.93, 1.07)
        return Actor(100_000 + self._number, PERSON, x, z, heading, pace, scale, looks)


def _approach(actor: Actor, step_s: float) -> None:
    """Walk on to the kerb, and stand there."""
    way = min(actor.speed * step_s, abs(actor.x - actor.plan["kerb_x"]))
    actor.x = actor.plan["kerb_x"] if way < actor.speed * step_s else actor.x + math.sin(actor.heading) * way
    actor.stride += way if actor.x != actor.plan["kerb_x"] else 0.0
