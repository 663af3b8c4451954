"""What a scene may be made from, and that the same wishes make the same scene."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
import pytest

from appliance.errors import Refusal
from appliance.scene.clip import frames_of
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import Truth
from appliance.scene.world import World

SMALL: dict[str, Any] = {"width": 320, "height": 180, "frames_per_second": 10, "seconds": 2}


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"seed": -1}, "--seed wants 0 to 4294967295, found -1"),
        ({"seed": 2**32}, "--seed wants 0 to 4294967295, found 4294967296"),
        ({"width": 100, "height": 90}, "--size wants 180 to 4320 pixels for each side, found 90"),
        ({"width": 8000, "height": 4320}, "--size wants 180 to 7680 pixels for each side, found 8000"),
        ({"width": 321, "height": 180}, "--size wants even sides, 1 to 2 times as wide as high, found 321x180"),
        ({"width": 320, "height": 181}, "--size wants even sides, 1 to 2 times as wide as high, found 320x181"),
        ({"width": 540, "height": 960}, "--size wants even sides, 1 to 2 times as wide as high, found 540x960"),
        ({"width": 1280, "height": 540}, "--size wants even sides, 1 to 2 times as wide as high, found 1280x540"),
        ({"frames_per_second": 4}, "--fps wants 5 to 60, found 4"),
        ({"frames_per_second": 61}, "--fps wants 5 to 60, found 61"),
        ({"seconds": 1.5}, "--seconds wants 2 to 3600, found 1.5"),
        ({"seconds": math.nan}, "--seconds wants 2 to 3600, found nan"),
        ({"seconds": math.inf}, "--seconds wants 2 to 3600, found inf"),
        ({"density": -0.1}, "--density wants 0 to 3, found -0.1"),
        ({"density": math.nan}, "--density wants 0 to 3, found nan"),
        ({"light": "noon"}, "--light wants day, dusk or auto, found 'noon'"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_what_was_wanted_and_found(wish: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal) as refusal:
        SceneSettings(**wish)
    assert (refusal.value.sentence, refusal.value.usage) == (sentence, True)


def test_a_clip_has_as_many_frames_as_its_seconds_have() -> None:
    assert SceneSettings(seconds=2.5, frames_per_second=30).frames == 75


def places(settings: SceneSettings, seconds: float = 3.0) -> list[tuple[int, str, float, float, float]]:
    """Everybody, after a while."""
    world = World(settings)
    while world.time_s < seconds:
        world.step(0.04)
    return [(actor.number, actor.kind.name, actor.x, actor.z, actor.heading) for actor in world.actors]


def pictures(settings: SceneSettings, count: int = 3) -> bytes:
    """The first pictures."""
    return np.stack(list(islice(frames_of(Truth(settings, (), 0, count, ())), count))).tobytes()


def test_the_same_seed_is_the_same_scene_and_another_seed_another() -> None:
    first, again, other = (SceneSettings(seed=seed, **SMALL) for seed in (3, 3, 4))
    assert places(first) == places(again)
    assert places(first) != places(other)
    assert pictures(first) == pictures(again)
    assert pictures(first) != pictures(other)


def test_light_and_rain_do_not_change_who_goes_where() -> None:
    usual = places(SceneSettings(seed=3))
    assert usual == places(SceneSettings(seed=3, light="dusk", rain=True)) == places(SceneSettings(seed=3, **SMALL))


def test_wished_conditions_are_those_of_the_scene() -> None:
    for seed in range(20):
        assert not SceneSettings(seed=seed, light="day").is_dusk
        assert SceneSettings(seed=seed, light="dusk").is_dusk
        assert not SceneSettings(seed=seed, rain=False).is_wet
        assert SceneSettings(seed=seed, rain=True).is_wet


def test_a_seed_has_its_own_conditions_and_some_have_each() -> None:
    seeds = [SceneSettings(seed=seed) for seed in range(400)]
    found = [(settings.is_dusk, settings.is_wet) for settings in seeds]
    assert found == [(settings.is_dusk, settings.is_wet) for settings in seeds]
    assert 0.17 < np.mean([is_dusk for is_dusk, _ in found]) < 0.33
    assert 0.17 < np.mean([is_wet for _, is_wet in found]) < 0.33
    assert len(set(found)) == 4


def test_dusk_and_rain_are_seen() -> None:
    def brightness(**conditions: Any) -> float:
        settings = SceneSettings(seed=3, density=0.0, **SMALL, **conditions)
        return float(np.frombuffer(pictures(settings, 1), np.uint8).mean())

    day, wet, dusk = brightness(light="day", rain=False), brightness(light="day", rain=True), brightness(light="dusk", rain=False)
    assert dusk < 0.5 * day < 0.9 * wet < 0.9 * 0.9 * day
