"""The shapes that engines are built for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.building.ranges import Range, ranges_for
from appliance.detect.yolo import anchor_count
from appliance.errors import Refusal
from appliance.letterbox import InputRule

SOURCES = st.tuples(st.integers(64, 4096), st.integers(64, 4096)).filter(lambda size: 0.2 < size[0] / size[1] < 5)


def takes(each: Range, shape: tuple[int, ...]) -> bool:
    return all(least <= side <= most for least, side, most in zip(each.smallest, shape, each.largest))


@given(SOURCES, st.integers(1, 32), st.sampled_from([128, 640, 1280]))
def test_every_batch_of_every_camera_has_a_range(source: tuple[int, int], pictures: int, size_px: int) -> None:
    rule = InputRule(size_px=size_px)
    ranges = ranges_for(rule, rule.shape_for(1280, 720), 0, 32, 0)
    assert any(takes(each, (pictures, *rule.shape_for(*source), 3)) for each in ranges)
    assert all(takes(each, each.best) for each in ranges)


@pytest.mark.parametrize("source", [(1920, 1080), (1080, 1920), (640, 480), (480, 640), (1000, 1000), (2560, 720)])
def test_cameras_may_lie_or_stand(source: tuple[int, int]) -> None:
    rule = InputRule(size_px=640)
    for best_anchors in (0, 300):
        ranges = ranges_for(rule, rule.shape_for(1280, 720), 0, 8, best_anchors)
        assert all(any(takes(each, (pictures, *rule.shape_for(*source), 3)) for each in ranges) for pictures in (1, 8))


def test_a_fixed_input_is_what_it_is() -> None:
    assert ranges_for(InputRule(fixed=(384, 640)), (1, 1), 1280, 1, 0) == (Range(*[(1, 384, 640, 3)] * 3),)


def test_single_pictures_have_a_range_of_their_own() -> None:
    single, several = ranges_for(InputRule(), (384, 640), 800, 8, 0)
    assert single == Range((1, 32, 32, 3), (1, 384, 640, 3), (1, 800, 800, 3))
    assert several == Range((2, 32, 32, 3), (8, 384, 640, 3), (8, 800, 800, 3))


@given(st.integers(1, 3000))
def test_every_input_has_as_many_anchors_as_come_out(count: int) -> None:
    for each in ranges_for(InputRule(), (384, 640), 0, 4, count):
        assert anchor_count(*each.smallest[1:3]) >= count


def test_more_anchors_than_there_are_are_refused() -> None:
    with pytest.raises(Refusal, match="for inputs of 64x64 at most 84 best anchors are wanted, found 1000"):
        ranges_for(InputRule(fixed=(64, 64)), (64, 64), 0, 1, 1000)
