"""People wait for the light, cross on the crosswalk without walking through each other, and leave."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pytest

from appliance.scene.people import COMES_FROM_M, FAR_M, NEAR_M, PACE, People
from appliance.scene.street import CROSSWALK_M, HALF_ROAD_M, RED_S, Signals

STEP_S, SECONDS = 0.04, 140.0
LEAST_APART_M = 0.3  # of two middles: a body is 0.25 m deep


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is."""

    x: float
    z: float

    @property
    def is_on_road(self) -> bool:
        return abs(self.x) < HALF_ROAD_M


@dataclass(frozen=True, slots=True)
class Moment:
    """Everybody by number."""

    time_s: float
    colour: str
    people: dict[int, Place]


@pytest.fixture(scope="module", params=[(1, 1.0), (2, 3.0)], ids="seed {0[0]} density {0[1]}".format)
def film(request: pytest.FixtureRequest) -> list[Moment]:
    seed, density = request.param
    return list(filmed(seed, density))


def filmed(seed: int, density: float) -> Iterator[Moment]:
    signals = Signals(6.0)
    people = People(np.random.default_rng(seed), signals, density)
    for step in range(round(SECONDS / STEP_S)):
        time_s = step * STEP_S
        people.step(time_s, STEP_S)
        yield Moment(time_s, signals.colour(time_s), {actor.number: Place(actor.x, actor.z) for actor in people.actors})


def test_people_enter_the_road_on_red_only_and_walk_on_until_they_are_over(film: list[Moment]) -> None:
    entered: dict[int, float] = {}
    red_since_s = math.inf
    for before, now in pairwise(film):
        if now.colour == "red" and before.colour != "red":
            red_since_s = now.time_s
        for number in before.people.keys() & now.people.keys():
            was, place = before.people[number], now.people[number]
            if place.is_on_road and not was.is_on_road:
                assert now.colour == "red"
                assert 1.0 <= now.time_s - red_since_s < RED_S / 2, "in time"
                entered[number] = now.time_s
            if place.is_on_road:
                assert now.time_s - entered[number] <= 2 * HALF_ROAD_M / PACE[0] + 0.1
                assert PACE[0] * STEP_S * 0.999 <= abs(place.x - was.x) <= PACE[1] * STEP_S * 1.001
    assert len(entered) >= 8


def test_whoever_is_on_the_road_is_on_the_crosswalk(film: list[Moment]) -> None:
    for moment in film:
        assert all(CROSSWALK_M[0] <= place.z <= CROSSWALK_M[1] for place in moment.people.values() if place.is_on_road)


def test_nobody_walks_through_anybody_on_the_road(film: list[Moment]) -> None:
    met = 0
    for moment in film:
        for one, other in combinations((place for place in moment.people.values() if place.is_on_road), 2):
            apart = math.hypot(one.x - other.x, one.z - other.z)
            assert apart >= LEAST_APART_M
            met += apart < 2
    assert met, "people who never meet prove nothing"


def test_everybody_comes_from_outside_and_leaves(film: list[Moment]) -> None:
    for before, now in pairwise(film):
        for number in now.people.keys() - before.people.keys():
            place = now.people[number]
            assert abs(place.x) > COMES_FROM_M - 0.1 or not NEAR_M + 0.3 < place.z < FAR_M - 0.3
        for number in before.people.keys() - now.people.keys():
            place = before.people[number]
            assert abs(place.x) > COMES_FROM_M - 0.1 or not NEAR_M + 0.1 < place.z < FAR_M - 0.1
    first, last = film[0].people, film[-1].people
    assert not first.keys() & last.keys()


def test_nobody_jumps(film: list[Moment]) -> None:
    for before, now in pairwise(film):
        for number in before.people.keys() & now.people.keys():
            was, place = before.people[number], now.people[number]
            assert math.hypot(place.x - was.x, place.z - was.z) <= PACE[1] * STEP_S * 1.001


def test_there_are_no_more_people_than_come_in_a_while(film: list[Moment]) -> None:
    assert max(len(moment.people) for moment in film) < 60


def test_a_street_without_density_is_empty() -> None:
    assert not any(moment.people for moment in filmed(1, 0.0))
