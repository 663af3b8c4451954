"""What is new from one look to the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from appliance.boxes import Detections
from appliance.drift.picture import CELLS, Look
from appliance.drift.sampling import Sampler
from appliance.drift.window import Sample

SIZE, NAMES = (1000, 500), ("person", "car")
Box = tuple[float, float, float, float]


def detections(boxes: list[Box], scores: list[float]) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), np.ones(len(boxes), np.int64))


def look(brightness: float = 100, cell: float = 0) -> Look:
    cells = np.full(CELLS, brightness, np.float32)
    cells[7] += cell
    return Look(brightness, 0.3, np.zeros(CELLS, np.int64), cells)


class Camera:
    """In whose picture something changes everywhere, from look to look."""

    def __init__(self) -> None:
        self.sampler, self._looks = Sampler(0.25), 0
        self.sees([], [])

    def sees(self, boxes: list[Box], scores: list[float]) -> Sample:
        self._looks += 1
        cells = np.where(np.arange(CELLS) % 2 == self._looks % 2, 50, 150).astype(np.float32)
        return self.sampler.sample(replace(look(), cells=cells), detections(boxes, scores), SIZE, NAMES)


HERE, NEAR, THERE = (0, 0, 100, 50), (10, 0, 110, 50), (400, 200, 500, 250)
IN_CELL_7 = (450, 10, 490, 40)


@pytest.mark.parametrize(
    ("looks", "new"),
    [
        ([[HERE], [HERE], [HERE]], [1, 0, 0]),
        ([[HERE], [NEAR]], [1, 0]),
        ([[HERE], [THERE], [HERE]], [1, 1, 1]),
        ([[HERE], [], [HERE]], [1, 0, 1]),
        ([[], [HERE, THERE], [THERE]], [0, 2, 0]),
    ],
    ids=["it stands", "it creeps", "it drives", "it was hidden", "two"],
)
def test_who_was_there_before_is_not_new(looks: list[list[Box]], new: list[int]) -> None:
    camera = Camera()
    assert [len(camera.sees(boxes, [0.9] * len(boxes)).scores) for boxes in looks] == new


def test_who_is_seen_well_now_and_then_is_not_new_each_time() -> None:
    camera = Camera()
    found = [camera.sees([HERE], [score]) for score in (0.3, 0.2, 0.3, 0.2, 0.3)]
    assert [(one.seen, len(one.scores)) for one in found] == [(1, 1), (0, 0), (1, 0), (0, 0), (1, 0)]


def test_sizes_are_shares_of_the_picture() -> None:
    sample = Camera().sees([(0, 0, 500, 250), (1000, 500, 1000, 500)], [0.9, 0.9])
    assert sample.sizes.tolist() == [0.5, 0]
    assert sample.places.tolist() == [2 * 16 + 4, CELLS - 1]
    assert sample.classes == ("car", "car")


def test_what_appears_where_nothing_has_changed_is_a_ghost() -> None:
    sampler = Sampler(0.25)
    for brightness in (100, 140):
        sample = sampler.sample(look(brightness), detections([HERE], [0.9]), SIZE, NAMES)
        assert (sample.seen, len(sample.scores)) == (1, 0)
    sampler.sample(look(), Detections.empty(), SIZE, NAMES)
    found = sampler.sample(look(100, 12), detections([IN_CELL_7, THERE], [0.9, 0.9]), SIZE, NAMES)
    assert (found.seen, found.places.tolist()) == (2, [7])


@pytest.mark.parametrize(
    ("before", "now", "moves"),
    [
        (look(100), look(100), False),
        (look(100), look(140), False),
        (look(100), look(100, 12), True),
        (look(100), look(97, 2), False),
    ],
    ids=["nothing", "the sun comes out", "a car", "noise"],
)
def test_the_light_is_no_movement(before: Look, now: Look, moves: bool) -> None:
    sampler = Sampler(0.25)
    assert not sampler.sample(before, Detections.empty(), SIZE, NAMES).moved.any()
    assert sampler.sample(now, Detections.empty(), SIZE, NAMES).moved.any() == moves
