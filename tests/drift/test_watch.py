"""Learning, steady, drifting: what the watch says of windows whose content is known."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from appliance.clock import NS_PER_S
from appliance.config import DriftSettings
from appliance.drift.book import ObjectBook, PictureBook, as_bytes, object_book, picture_book
from appliance.drift.finding import STATISTICS, Finding, Trend
from appliance.drift.picture import CELLS, Look
from appliance.drift.watch import DRIFTING, LEARNING, STEADY, Light, Watch, sample_every_ns
from appliance.drift.window import Sample

SETTINGS = DriftSettings(window_s=60, learn_h=0.2, in_a_row=3)
LESSONS = 12
VIEW = np.random.default_rng(5).normal(0, 600, CELLS).round().astype(np.int64)
MOVED = np.arange(CELLS) < 2
NOTHING = np.empty(0, np.float32)
GOOD = Sample(
    Look(100, 0.4, VIEW, np.zeros(CELLS, np.float32)),
    moved=MOVED,
    seen=2,
    scores=np.array([0.7, 0.8], np.float32),
    sizes=np.array([0.1, 0.2], np.float32),
    places=np.array([0, 1]),
    classes=("car", "person"),
)
UNSEEN = replace(GOOD, seen=0, scores=NOTHING, sizes=NOTHING, places=np.empty(0, np.int64), classes=())
QUIET = replace(UNSEEN, moved=~MOVED)


def looks(sample: Sample, **changes: object) -> Sample:
    return replace(sample, look=replace(sample.look, **changes))  # type: ignore[arg-type]


class Camera:
    """A watch and the time."""

    def __init__(self, settings: DriftSettings = SETTINGS, kept: tuple[bytes, bytes] = (b"", b"")) -> None:
        pictures, objects = picture_book(kept[0]) or PictureBook(), object_book(kept[1]) or ObjectBook()
        self.watch, self.now_ns = Watch(settings, 0.25, pictures, objects), NS_PER_S
        self.settings = settings

    def window(self, samples: Iterable[Sample]) -> None:
        """A whole one, whatever is in it."""
        for sample in samples:
            self.now_ns += NS_PER_S
            self.watch.add(sample, self.now_ns)
        self.watch.close()

    def windows(self, sample: Sample, number: int) -> Camera:
        for _ in range(number):
            self.window([sample] * 60)
        return self

    @property
    def state(self) -> str:
        return self.watch.health(0).state

    @property
    def kept(self) -> tuple[bytes, bytes]:
        return as_bytes(self.watch.pictures), as_bytes(self.watch.objects)


def taught() -> Camera:
    return Camera().windows(GOOD, LESSONS)


def test_it_learns_and_then_knows() -> None:
    camera = Camera()
    shares = []
    for _ in range(LESSONS):
        assert camera.state == LEARNING
        camera.windows(GOOD, 1)
        shares.append(camera.watch.health(0).learned)
    assert shares == sorted(shares)
    assert (camera.state, shares[-1]) == (STEADY, 1)


FAULTS = {
    "brightness": looks(GOOD, brightness=200.0),
    "sharpness": looks(GOOD, sharpness=0.2),
    "view": looks(GOOD, view=-VIEW),
    "scores": replace(GOOD, scores=np.array([0.3, 0.4], np.float32)),
    "sizes": replace(GOOD, sizes=np.array([0.5, 0.6], np.float32)),
    "classes": replace(GOOD, classes=("bicycle", "bicycle")),
    "objects": UNSEEN,
}
WORDS = {
    "brightness": "the picture is brighter than ever: 202 of 255, where it was between 102 and 102",
    "sharpness": "the picture is blurred: its sharpness fell from 0.40 to 0.20",
    "view": "the camera shows something else: its picture agrees with the usual ones by -1.00, not by 0.50",
    "scores": "detections' scores sank from 0.71 to 0.31",
    "sizes": "objects are larger: 51.6% of the picture's side, where they were 9.6%",
    "classes": "other classes are found: 100% are bicycle, where it was 0%",
    "objects": "next to nothing is found: no objects, where things moved as with 120 before",
}


@pytest.mark.parametrize("statistic", STATISTICS)
def test_each_change_is_told_in_words_after_three_windows_and_taken_back_after_three(statistic: str) -> None:
    camera = taught()
    states = [camera.windows(FAULTS[statistic], 1).state for _ in range(3)]
    assert states == [STEADY, STEADY, DRIFTING]
    health = camera.watch.health(0)
    assert health.sentence == WORDS[statistic]
    assert [name for name, level in health.levels.items() if level >= 1] == [statistic]
    states = [camera.windows(GOOD, 1).state for _ in range(3)]
    assert states == [DRIFTING, DRIFTING, STEADY]
    assert camera.watch.health(0).sentence == ""


def test_two_windows_are_chance_and_begin_anew() -> None:
    camera = taught()
    for _ in range(4):
        assert camera.windows(FAULTS["sharpness"], 2).windows(GOOD, 1).state == STEADY


def test_traffic_is_no_drift() -> None:
    camera = taught()
    assert camera.windows(QUIET, 200).state == STEADY
    few = [QUIET] * 50 + [GOOD] * 10
    for _ in range(20):
        camera.window(few)
    assert camera.state == STEADY
    rush = replace(
        GOOD,
        seen=6,
        scores=GOOD.scores.repeat(3),
        sizes=GOOD.sizes.repeat(3),
        places=GOOD.places.repeat(3),
        classes=GOOD.classes * 3,
    )
    assert camera.windows(rush, 20).state == STEADY
    flood = replace(rush, seen=30)
    assert camera.windows(flood, 3).state == DRIFTING
    assert camera.watch.health(0).sentence == ("far more is found than ever: 30.0 objects in a picture, where the most were 2.0")


def test_what_comes_seldom_is_judged_when_there_is_enough_of_it() -> None:
    camera = taught()
    bad = FAULTS["scores"]
    rare = [bad, *[QUIET] * 59]
    windows = 0
    while camera.state != DRIFTING:
        camera.window(rare)
        windows += 1
    assert windows == 3 * 15


def test_better_scores_and_a_sharper_picture_are_no_fault() -> None:
    camera = taught()
    better = replace(looks(GOOD, sharpness=0.9), scores=np.array([0.95, 0.97], np.float32))
    assert camera.windows(better, 10).state == STEADY


def test_day_and_night_are_known_apart() -> None:
    camera = Camera()
    night = looks(GOOD, brightness=20.0, sharpness=0.2, view=VIEW[::-1].copy())
    for _ in range(LESSONS):
        camera.windows(GOOD, 1).windows(night, 1)
    assert (camera.state, camera.watch.health(0).light) == (STEADY, "night")
    assert camera.windows(night, 10).windows(GOOD, 10).windows(night, 10).state == STEADY
    assert camera.windows(looks(night, sharpness=0.1), 5).state == DRIFTING


def test_a_light_that_was_never_seen_is_learned_first() -> None:
    camera = taught()
    night = looks(GOOD, brightness=20.0, sharpness=0.1)
    states = {camera.windows(night, 1).state for _ in range(LESSONS - 1)}
    assert states == {LEARNING}
    assert camera.windows(night, 2).state == STEADY


def test_dawn_and_dusk_are_one_change_each() -> None:
    light, changes = Light(60), 0
    noise = random.Random(1)
    for second in range(4 * 3600):
        way = second / (2 * 3600) if second < 2 * 3600 else 2 - second / (2 * 3600)
        changes += light.see(20 + 100 * way + noise.gauss(0, 15), NS_PER_S)
    assert changes == 3


def test_headlights_are_no_dawn() -> None:
    light = Light(60)
    assert light.see(25, NS_PER_S)
    assert not any(light.see(200 if second % 20 < 2 else 25, NS_PER_S) for second in range(3600))


def test_a_restart_forgets_nothing() -> None:
    camera, again = Camera(), Camera()
    story = [GOOD] * (LESSONS + 2) + [FAULTS["sharpness"]] * 2 + [FAULTS["scores"]] + [FAULTS["sharpness"]] * 4
    for sample in story:
        camera.windows(sample, 1)
        again = Camera(kept=again.kept).windows(sample, 1)
        assert again.watch.health(0) == camera.watch.health(0)
    assert camera.state == DRIFTING
    # Before anything is seen in the new life.
    before = Camera(kept=camera.kept).watch.health(7)
    assert (before.state, before.since_ns, before.sentence) == (DRIFTING, 0, camera.watch.health(0).sentence)


def test_another_model_learns_for_itself_and_the_lens_stays_known() -> None:
    camera = taught()
    former = camera.watch.objects
    camera.watch.read(ObjectBook())
    assert camera.windows(GOOD, 1).state == LEARNING
    assert camera.windows(FAULTS["sharpness"], 3).state == DRIFTING
    assert camera.windows(GOOD, 3).state == LEARNING
    camera.watch.read(former)
    assert camera.windows(GOOD, 1).state == STEADY


def test_half_a_window_tells_nothing() -> None:
    camera = taught()
    # The camera was away for most of each.
    for _ in range(20):
        for _ in range(5):
            camera.now_ns += NS_PER_S
            camera.watch.add(FAULTS["sharpness"], camera.now_ns)
        camera.now_ns += 100 * NS_PER_S
    assert camera.state == STEADY


@pytest.mark.parametrize(("window_s", "every_s"), [(600, 1), (20, 1), (4, 0.2)])
def test_a_short_window_has_its_samples_sooner(window_s: float, every_s: float) -> None:
    assert sample_every_ns(DriftSettings(window_s=window_s)) == round(every_s * NS_PER_S)


SAMPLES = [GOOD, QUIET, *FAULTS.values()]
NUMBERS = st.integers(0, len(SAMPLES) - 1)


@hypothesis_settings(max_examples=25)
@given(st.lists(NUMBERS, min_size=LESSONS - 1, max_size=LESSONS - 1))
def test_there_is_no_verdict_while_it_learns(story: list[int]) -> None:
    camera = Camera()
    for number in story:
        camera.windows(SAMPLES[number], 1)
        health = camera.watch.health(0)
        assert (health.state, health.sentence, health.levels) == (LEARNING, "", {})


TAUGHT = taught().kept


@hypothesis_settings(max_examples=25)
@given(st.lists(NUMBERS, min_size=12, max_size=55), st.integers(0, 9))
def test_the_order_within_a_window_does_not_matter(numbers: list[int], seed: int) -> None:
    shuffled = random.Random(seed).sample(numbers, len(numbers))
    one, other = Camera(kept=TAUGHT), Camera(kept=TAUGHT)
    one.window(SAMPLES[number] for number in numbers)
    other.window(SAMPLES[number] for number in shuffled)
    assert one.watch.health(0) == other.watch.health(0)
    # Classes stand in the order in which they were seen first.
    assert sorted(b"".join(one.kept)) == sorted(b"".join(other.kept))


@hypothesis_settings(max_examples=50)
@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 6))
def test_a_trend_turns_only_after_so_many_in_a_row(levels: list[float], in_a_row: int) -> None:
    trend, turns, run, before = Trend(), [], 0, False
    for level in levels:
        trend.note(Finding("scores", level, "x"), in_a_row)
        speaks = level < 0.8 if before else level >= 1
        run = run + 1 if speaks else 0
        turns.append(trend.is_off != before)
        assert turns[-1] == (run == in_a_row)
        run = 0 if turns[-1] else run
        before = trend.is_off
        assert bool(trend.sentence) == trend.is_off
    assert np.sum(turns) <= len(levels) // in_a_row


def test_memory_and_file_are_bounded_while_it_learns() -> None:
    camera = Camera(DriftSettings(window_s=60, learn_h=720))
    sizes = []
    for _ in range(300):
        camera.windows(GOOD, 1)
        sizes.append(sum(map(len, camera.kept)))
    assert max(sizes) < 300_000
    # Numbers become longer.
    assert max(sizes[200:]) <= 1.01 * max(sizes[:200])
