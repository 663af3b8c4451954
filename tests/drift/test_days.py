"""Days that are as days are raise no alarm; what is really wrong is found, and within the time that is stated here."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from appliance.config import DriftSettings
from appliance.drift.book import ObjectBook, PictureBook, as_bytes, object_book, picture_book
from appliance.drift.watch import DRIFTING, LEARNING, STEADY, Watch
from appliance.messages.reports import DriftHealth
from tests.drift.days import (
    Clock,
    Spoil,
    Street,
    Turned,
    Weather,
    blind,
    blurred,
    covered,
    dirty,
    haunted,
    muddled,
    unsure,
    zoomed,
)

SETTINGS = DriftSettings()
CONFIDENCE = 0.25
SEEDS = (1, 2, 3)
# What nobody had seen while it was learned.
DAYS = {
    "another one like it": Weather(),
    "rain in the morning, wind": Weather(rain=((7, 12),), wind=0.2, clouds=16),
    "a Sunday in a storm": Weather(rain=((9, 11), (20, 23)), wind=0.35, is_sunday=True),
    "short, and foggy with clouds": Weather(clouds=4, dawn_h=8, dusk_h=16.5, volume=0.8),
    "a Sunday after a night of rain": Weather(rain=((0, 8), (18, 24)), is_sunday=True),
    "a market": Weather(volume=1.8, dawn_h=5.5, dusk_h=21),
}


def watch_of(pictures: bytes = b"", objects: bytes = b"") -> Watch:
    return Watch(SETTINGS, CONFIDENCE, picture_book(pictures) or PictureBook(), object_book(objects) or ObjectBook())


@cache
def learned(seed: int) -> tuple[bytes, bytes]:
    """What a camera knows after a day and a night, as it is kept."""
    watch, clock, street = watch_of(), Clock(), Street(seed)
    for moment in street.day(Weather()):
        if clock.show(watch, moment):
            assert watch.health(0).state == LEARNING
    # The day has begun to learn at dawn.
    for moment in street.hours(0, 8, Weather()):
        clock.show(watch, moment)
    assert watch.health(0).state == STEADY
    return as_bytes(watch.pictures), as_bytes(watch.objects)


def told(seed: int, weather: Weather) -> list[DriftHealth]:
    """What is told on such a day, after each window."""
    watch, clock, street = watch_of(*learned(seed)), Clock(), Street(seed)
    return [watch.health(0) for moment in street.day(weather) if clock.show(watch, moment)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("day", DAYS)
def test_a_day_that_is_as_days_are_raises_no_alarm(seed: int, day: str) -> None:
    told_of = told(seed, DAYS[day])
    assert [(health.light, health.sentence) for health in told_of if health.state == DRIFTING] == []
    assert {"day", "night"} <= {health.light for health in told_of}
    assert told_of[-1].state == STEADY


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("spoil", "hour", "within_h", "statistic"),
    [
        (blurred, 10, 0.7, "sharpness"),
        (blurred, 22, 0.7, "sharpness"),
        (dirty, 14, 0.7, "sharpness"),
        (Turned(9), 12, 0.7, "view"),
        (Turned(9), 1, 0.7, "view"),
        (covered, 12, 0.7, "view"),
        (blind, 8, 0.7, "objects"),
        (blind, 14, 1.0, "objects"),
        (unsure, 8, 0.7, "scores"),
        (unsure, 14, 0.7, "scores"),
        (muddled, 8, 0.7, "classes"),
        (muddled, 13, 0.7, "classes"),
        (zoomed, 12, 0.7, "sizes"),
        (haunted, 3, 0.7, "objects"),
        (haunted, 12, 0.7, "objects"),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__ if callable(value) else str(value)),
)
def test_what_is_wrong_is_found(seed: int, spoil: Spoil, hour: int, within_h: float, statistic: str) -> None:
    watch, clock, street, random = watch_of(*learned(seed)), Clock(), Street(seed), np.random.default_rng(seed)
    for moment in street.hours(hour - 0.5, hour + within_h, Weather()):
        is_wrong = moment.hour >= hour
        if clock.show(watch, spoil(moment, random) if is_wrong else moment):
            assert is_wrong or watch.health(0).state == STEADY
    health = watch.health(0)
    assert (health.state, health.levels[statistic] >= 1) == (DRIFTING, True), health


def test_what_has_been_put_right_is_steady_again_and_what_was_learned_anew_too() -> None:
    watch, clock, street, random = watch_of(*learned(1)), Clock(), Street(1), np.random.default_rng(1)
    for moment in street.hours(10, 11, Weather()):
        clock.show(watch, blurred(moment, random))
    assert watch.health(0).sentence.startswith("the picture is blurred: its sharpness fell from 0.3")
    for moment in street.hours(11, 12, Weather()):
        clock.show(watch, moment)
    assert (watch.health(0).state, watch.health(0).sentence) == (STEADY, "")
    for moment in street.hours(12, 13, Weather()):
        clock.show(watch, blurred(moment, random))
    assert watch.health(0).state == DRIFTING
    watch.forget()
    assert watch.health(0).state == LEARNING
