"""Where a picture lies in the network's input, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.letterbox import InputRule, Letterbox, preview_shape

REPEATABLE = settings(max_examples=200)
length = st.integers(1, 4000)
multiple = st.integers(1, 40).map(lambda strides: 32 * strides)


@pytest.mark.parametrize(
    ("rule", "source", "expected"),
    [
        pytest.param(InputRule(), (1920, 1080), (384, 640), id="full HD, 360 rows padded to a multiple of 32"),
        pytest.param(InputRule(), (1080, 1920), (640, 384), id="upright"),
        pytest.param(InputRule(), (640, 480), (480, 640), id="as it is"),
        pytest.param(InputRule(), (320, 240), (480, 640), id="small pictures are enlarged"),
        pytest.param(InputRule(size_px=960), (1920, 1080), (544, 960), id="a larger model"),
        pytest.param(InputRule(stride_px=64), (1920, 1080), (384, 640), id="a coarser model"),
        pytest.param(InputRule(), (10_000, 1), (32, 640), id="a thread"),
        pytest.param(InputRule(fixed=(640, 640)), (1920, 1080), (640, 640), id="a model that takes one size"),
        pytest.param(InputRule(size_px=960, fixed=(320, 480)), (7, 7), (320, 480), id="the one size wins"),
    ],
)
def test_input_is_as_small_as_the_model_allows(rule: InputRule, source: tuple[int, int], expected: tuple[int, int]) -> None:
    assert rule.shape_for(*source) == expected


@pytest.mark.parametrize(
    ("source", "input_shape", "expected"),
    [
        pytest.param((1920, 1080), (384, 640), Letterbox(1 / 3, 0, 12, 640, 360), id="bars above and below"),
        pytest.param((1080, 1920), (640, 640), Letterbox(1 / 3, 140, 0, 360, 640), id="bars left and right"),
        pytest.param((640, 384), (384, 640), Letterbox(1.0, 0, 0, 640, 384), id="no bars"),
        pytest.param((10_000, 1), (32, 640), Letterbox(0.064, 0, 15, 640, 1), id="a thread keeps one row"),
    ],
)
def test_the_picture_is_scaled_as_a_whole_and_centred(
    source: tuple[int, int], input_shape: tuple[int, int], expected: Letterbox
) -> None:
    assert Letterbox.fit(*source, *input_shape) == expected


@REPEATABLE
@given(length, length, multiple, multiple)
def test_the_picture_lies_inside_with_even_margins(
    source_width: int, source_height: int, input_height: int, input_width: int
) -> None:
    place = Letterbox.fit(source_width, source_height, input_height, input_width)
    right = input_width - place.left - place.width
    bottom = input_height - place.top - place.height
    assert 0 <= right - place.left <= 1
    assert 0 <= bottom - place.top <= 1
    assert place.width == input_width or place.height == input_height
    assert abs(place.width - max(1, source_width * place.scale)) <= 0.5 + 1e-9
    assert abs(place.height - max(1, source_height * place.scale)) <= 0.5 + 1e-9


@REPEATABLE
@given(length, length, multiple, multiple, st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4))
def test_boxes_find_their_way_back(
    source_width: int, source_height: int, input_height: int, input_width: int, shares: list[float]
) -> None:
    """A box drawn into the resized picture comes back to where it was in the source."""
    place = Letterbox.fit(source_width, source_height, input_height, input_width)
    box = np.array([[min(shares[:2]), min(shares[2:]), max(shares[:2]), max(shares[2:])]])
    in_input = box * np.tile([place.width, place.height], 2)
    in_input = in_input + np.tile([place.left, place.top], 2)
    found = place.to_source(in_input.astype(np.float32), source_width, source_height)
    tolerance = 1e-3 * np.tile([source_width / place.width, source_height / place.height], 2)
    assert found.dtype == np.float32
    assert (np.abs(found - box * np.tile([source_width, source_height], 2)) <= tolerance).all()


def test_boxes_are_cut_at_the_edge_of_the_picture() -> None:
    place = Letterbox.fit(1920, 1080, 384, 640)
    boxes = np.array([[-10, 0, 650, 384], [600, 360, 700, 380], [0, 0, 640, 5]], np.float32)
    expected = [[0, 0, 1920, 1080], [1800, 1044, 1920, 1080], [0, 0, 1920, 0]]
    np.testing.assert_allclose(place.to_source(boxes, 1920, 1080), expected, rtol=1e-6)


def test_the_way_back_leaves_the_given_boxes_alone() -> None:
    boxes = np.array([[10, 20, 30, 40]], np.float32)
    Letterbox.fit(1920, 1080, 384, 640).to_source(boxes, 1920, 1080)
    assert boxes.tolist() == [[10, 20, 30, 40]]


@pytest.mark.parametrize(
    ("source", "longest_px", "expected"),
    [
        pytest.param((1920, 1080), 960, (540, 960), id="halved"),
        pytest.param((641, 481), 960, (480, 640), id="not enlarged, and even"),
        pytest.param((1080, 1920), 960, (960, 540), id="upright"),
        pytest.param((10_000, 10), 960, (2, 960), id="a thread keeps two rows"),
    ],
)
def test_the_preview_is_even_and_no_larger_than_wanted(
    source: tuple[int, int], longest_px: int, expected: tuple[int, int]
) -> None:
    assert preview_shape(*source, longest_px) == expected
