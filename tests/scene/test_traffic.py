"""Vehicles keep apart, keep to the light, and drive as vehicles can."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pytest

from appliance.scene.actors import Actor
from appliance.scene.street import AMBER_S, GREEN_S, LANE_M, Lane, Signals, lanes
from appliance.scene.traffic import HARDEST_BRAKING, LANE_CHANGE_S, Traffic

STEP_S, SECONDS = 0.04, 100.0
LANES = lanes()
COULD_STOP = 3.0  # metres per second squared; a firm braking, far from an emergency


@dataclass(frozen=True, slots=True)
class Sighting:
    """One vehicle at one moment; ``nose`` and ``tail`` in metres of its own way."""

    lane: Lane
    x: float
    z: float
    length: float
    width: float
    nose: float
    speed: float
    wish: float
    heading: float

    @classmethod
    def of(cls, actor: Actor) -> Sighting:
        # A lane change begins with belonging to the other lane.
        lane = min(LANES, key=lambda lane: abs(lane.x - actor.plan["to_x"]))
        nose = actor.z * lane.way + actor.length / 2
        width = actor.kind.width * actor.scale
        return cls(lane, actor.x, actor.z, actor.length, width, nose, actor.speed, actor.plan["wish"], actor.heading)

    @property
    def tail(self) -> float:
        return self.nose - self.length


@dataclass(frozen=True, slots=True)
class Moment:
    """Everybody by number."""

    time_s: float
    colour: str
    vehicles: dict[int, Sighting]


@pytest.fixture(scope="module", params=[(1, 1.0), (2, 2.0), (3, 3.0)], ids="seed {0[0]} density {0[1]}".format)
def film(request: pytest.FixtureRequest) -> list[Moment]:
    """A street that fills, for several changes of the light."""
    seed, density = request.param
    return list(filmed(seed, density))


def filmed(seed: int, density: float, seconds: float = SECONDS) -> Iterator[Moment]:
    signals = Signals(5.0)
    traffic = Traffic(np.random.default_rng(seed), signals, density)
    for step in range(round(seconds / STEP_S)):
        time_s = step * STEP_S
        traffic.step(time_s, STEP_S)
        yield Moment(time_s, signals.colour(time_s), {actor.number: Sighting.of(actor) for actor in traffic.actors})


def steps_of(film: list[Moment]) -> Iterator[tuple[Moment, Sighting, Sighting]]:
    """Everybody's moment, and how he was a step before."""
    for before, now in pairwise(film):
        for number in before.vehicles.keys() & now.vehicles.keys():
            yield now, before.vehicles[number], now.vehicles[number]


def test_bumper_to_bumper_there_is_always_room_in_a_lane(film: list[Moment]) -> None:
    closest = math.inf
    for moment in film:
        queues = defaultdict(list)
        for vehicle in moment.vehicles.values():
            queues[vehicle.lane].append(vehicle)
        for queue in queues.values():
            queue.sort(key=lambda vehicle: -vehicle.nose)
            closest = min([closest, *(ahead.tail - behind.nose for ahead, behind in pairwise(queue))])
    assert closest >= 0.5
    assert closest < 10, "a street on which nobody follows anybody proves nothing"


def test_nobody_is_inside_anybody_where_the_camera_sees_them(film: list[Moment]) -> None:
    for moment in film[::5]:
        for one, other in combinations((vehicle for vehicle in moment.vehicles.values() if vehicle.z > 0), 2):
            beside = abs(one.x - other.x) >= (one.width + other.width) / 2
            assert beside or abs(one.z - other.z) >= (one.length + other.length) / 2


def test_everybody_drives_forwards_as_fast_as_he_likes_and_no_faster(film: list[Moment]) -> None:
    for _, before, now in steps_of(film):
        way = (now.z - before.z) * now.lane.way
        assert 0 <= way <= (now.wish + 0.1) * STEP_S
        assert 0 <= now.speed <= now.wish + 0.1
        assert now.speed - before.speed >= -HARDEST_BRAKING * STEP_S - 1e-9
        assert abs(way - (before.speed + now.speed) / 2 * STEP_S) < 1e-9, "the speed is that of the movement"


def test_who_can_stop_for_the_light_stops(film: list[Moment]) -> None:
    could: set[int] = set()
    passed_green = stood = 0
    for before, now in pairwise(film):
        if before.colour == "green" and now.colour == "amber":
            could = {number for number, vehicle in now.vehicles.items() if braking_to_stop(vehicle) < COULD_STOP}
        elif now.colour == "green":
            could = set()
        for number in before.vehicles.keys() & now.vehicles.keys():
            vehicle = now.vehicles[number]
            passes = before.vehicles[number].nose <= vehicle.lane.stop < vehicle.nose
            assert not (passes and now.colour == "red"), "amber lasts longer than anybody needs who cannot stop"
            assert not (passes and number in could)
            passed_green += passes and now.colour == "green"
            stood += now.colour == "red" and vehicle.speed < 0.1 and 0 <= vehicle.lane.stop - vehicle.nose < 2
    assert passed_green
    assert stood


def braking_to_stop(vehicle: Sighting) -> float:
    """Metres per second squared that bring the nose to rest at the line; infinite beyond it."""
    room = vehicle.lane.stop - vehicle.nose
    return vehicle.speed**2 / (2 * room) if room > 0 else math.inf


def test_lane_changes_are_smooth(film: list[Moment]) -> None:
    changes = 0
    fastest = 1.5 * (LANE_M + 1.0) / LANE_CHANGE_S  # of a cubic that begins and ends in rest; 1: both stray from the middle
    for _, before, now in steps_of(film):
        changes += before.lane != now.lane
        assert before.lane.way == now.lane.way
        assert abs(now.x - before.x) <= fastest * STEP_S
        assert math.cos(now.heading) * now.lane.way > 0.9, "nobody stands across the road"
    assert changes


def test_the_street_is_left_at_its_end_and_holds_no_more_than_fit(film: list[Moment]) -> None:
    for moment in film:
        for vehicle in moment.vehicles.values():
            assert vehicle.lane.begin <= vehicle.z * vehicle.lane.way <= vehicle.lane.end
    assert max(len(moment.vehicles) for moment in film) < sum((lane.end - lane.begin) / 8 for lane in LANES)


def test_a_street_without_density_is_empty() -> None:
    assert not any(moment.vehicles for moment in filmed(1, 0.0))


def test_a_denser_street_has_more_vehicles() -> None:
    sparse, dense = ({number for moment in filmed(1, density, 60) for number in moment.vehicles} for density in (0.5, 2.0))
    assert len(dense) > 2 * len(sparse)


def test_the_light_turns_in_order() -> None:
    signals = Signals(0.0)
    assert [signals.colour(second) for second in (0, GREEN_S - 0.1, GREEN_S, GREEN_S + AMBER_S, 27.4, 27.5)] == [
        "green",
        "green",
        "amber",
        "red",
        "red",
        "green",
    ]
