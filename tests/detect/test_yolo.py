"""Three head layouts told apart and read alike, and suppression against the slow rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from appliance.boxes import Boxes, Detections, Floats, Integers, iou_matrix, xyxy_to_cxcywh
from appliance.detect.yolo import MOST_CANDIDATES, Head, HeadSettings, anchor_count, read_head, suppress, tell_head
from appliance.errors import Refusal

REPEATABLE = settings(max_examples=150)
SQUARE = (640, 640)
ANCHORS = 8400
SMALL = (192, 192)
SMALL_ANCHORS = 756  # fewer than an end-to-end head may have boxes
KEEP_ALL = HeadSettings(confidence=0.25, overlap=0.45, wanted=None)


@pytest.mark.parametrize(
    ("shape", "anchors"),
    [(SQUARE, ANCHORS), (SMALL, SMALL_ANCHORS), ((384, 640), 5040), ((32, 32), 21)],
    ids=["square", "small", "wide", "smallest"],
)
def test_three_levels_of_anchors_cover_the_input(shape: tuple[int, int], anchors: int) -> None:
    assert anchor_count(*shape) == anchors


@pytest.mark.parametrize(
    ("shape", "input_shape", "class_count", "expected"),
    [
        pytest.param((1, 84, ANCHORS), SQUARE, 80, Head.CHANNELS_FIRST, id="YOLOv8 as exported"),
        pytest.param((1, ANCHORS, 84), SQUARE, 80, Head.ANCHORS_FIRST, id="transposed"),
        pytest.param((1, 300, 6), SQUARE, 80, Head.END_TO_END, id="end to end"),
        pytest.param((8, 84, 5040), (384, 640), 80, Head.CHANNELS_FIRST, id="a batch of wide pictures"),
        pytest.param((1, 5, ANCHORS), SQUARE, 1, Head.CHANNELS_FIRST, id="one class"),
        pytest.param((1, 6, ANCHORS), SQUARE, 2, Head.CHANNELS_FIRST, id="two classes"),
        pytest.param((1, ANCHORS, 6), SQUARE, 2, Head.ANCHORS_FIRST, id="two classes, transposed: six columns too"),
        pytest.param((1, 300, 6), SQUARE, 2, Head.END_TO_END, id="two classes, end to end"),
        pytest.param((1, SMALL_ANCHORS, 6), SMALL, 2, Head.ANCHORS_FIRST, id="two classes, transposed, small"),
        pytest.param((1, SMALL_ANCHORS, 6), SMALL, 80, Head.END_TO_END, id="eighty classes and six columns are end to end"),
        pytest.param((1, 84, ANCHORS), SQUARE, None, Head.CHANNELS_FIRST, id="no names"),
        pytest.param((1, ANCHORS, 84), SQUARE, None, Head.ANCHORS_FIRST, id="no names, transposed"),
        pytest.param((1, ANCHORS, 6), SQUARE, None, Head.ANCHORS_FIRST, id="no names, six columns, one row per anchor"),
        pytest.param((1, 300, 6), SQUARE, None, Head.END_TO_END, id="no names, six columns, few rows"),
    ],
)
def test_layouts_are_told_apart_by_shape(
    shape: tuple[int, ...], input_shape: tuple[int, int], class_count: int | None, expected: Head
) -> None:
    assert tell_head(shape, input_shape, class_count) is expected


@pytest.mark.parametrize(
    ("shape", "input_shape", "class_count"),
    [
        pytest.param((1, 1000), SQUARE, 80, id="a classifier"),
        pytest.param((1, 84, ANCHORS, 1), SQUARE, 80, id="four axes"),
        pytest.param((1, 84, ANCHORS), SQUARE, 79, id="a class more than names"),
        pytest.param((1, 116, ANCHORS), SQUARE, 80, id="masks behind the classes"),
        pytest.param((1, 84, ANCHORS), (384, 640), 80, id="another input size"),
        pytest.param((1, 4, ANCHORS), SQUARE, None, id="boxes without classes"),
        pytest.param((1, ANCHORS, 6), SQUARE, 80, id="six columns for eighty classes, and too many rows for end to end"),
        pytest.param((1, 300, 7), SQUARE, None, id="end to end with a seventh column"),
    ],
)
def test_other_outputs_are_refused_in_a_sentence(
    shape: tuple[int, ...], input_shape: tuple[int, int], class_count: int | None
) -> None:
    """It names the layouts, the classes and the input size that were wanted, and the shape that was found."""
    with pytest.raises(Refusal) as refusal:
        tell_head(shape, input_shape, class_count)
    classes = "any number of" if class_count is None else str(class_count)
    wanted = f"must be (N, 4 + C, A) or (N, A, 4 + C) or (N, M, 6) with {classes} classes for an input of {input_shape}"
    assert refusal.value.sentence == f"the model's output {wanted}, found {shape}"


def tiles(count: int) -> Boxes:
    """So many boxes in rows of 40 that do not touch."""
    row, column = np.divmod(np.arange(count, dtype=np.float32), np.float32(40))
    return np.stack([column * 16, row * 16, column * 16 + 12, row * 16 + 10], axis=1)


def outputs(boxes: Boxes, scores: Floats) -> dict[Head, Floats]:
    """The same objects, ``boxes`` (A, 4) with ``scores`` (A, C), in each of the three layouts."""
    per_anchor = np.concatenate([xyxy_to_cxcywh(boxes), scores], axis=1)
    best = np.stack([scores.max(axis=1), scores.argmax(axis=1).astype(np.float32)], axis=1)
    end_to_end = np.concatenate([boxes, best], axis=1)
    return {Head.CHANNELS_FIRST: np.ascontiguousarray(per_anchor.T), Head.ANCHORS_FIRST: per_anchor, Head.END_TO_END: end_to_end}


@pytest.mark.parametrize("head", Head)
@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(None, id="all classes"),
        pytest.param((2,), id="one class"),
        pytest.param((4, 1, 2), id="three classes in any order"),
    ],
)
def test_all_layouts_tell_the_same_objects(head: Head, wanted: tuple[int, ...] | None) -> None:
    """Boxes, scores, classes and their order: best first."""
    random = np.random.default_rng(5)
    boxes, scores = tiles(400), random.random((400, 5)).astype(np.float32) ** 3
    best, classes = scores.max(axis=1), scores.argmax(axis=1)
    expected = np.flatnonzero((best > 0.25) & (np.isin(classes, wanted) if wanted else True))
    expected = expected[np.argsort(-best[expected])]

    found = read_head(outputs(boxes, scores)[head], head, HeadSettings(confidence=0.25, overlap=0.45, wanted=wanted))

    assert 50 < len(found) < 400
    np.testing.assert_allclose(found.boxes, boxes[expected], atol=1e-4)
    np.testing.assert_array_equal(found.scores, best[expected])
    np.testing.assert_array_equal(found.classes, classes[expected])


PERSON, CAR, TRUCK = 0, 2, 3
PLACE, BESIDE, ELSEWHERE = (100, 100, 160, 140), (102, 101, 161, 141), (300, 300, 360, 340)


def anchor(box: tuple[int, int, int, int], **scores: float) -> tuple[tuple[int, int, int, int], list[float]]:
    return box, [scores.get("person", 0.0), 0.0, scores.get("car", 0.0), scores.get("truck", 0.0)]


@pytest.mark.parametrize("head", [Head.CHANNELS_FIRST, Head.ANCHORS_FIRST])
@pytest.mark.parametrize(
    ("anchors", "wanted", "expected"),
    [
        pytest.param([anchor(PLACE, car=0.2)], None, [], id="too weak"),
        pytest.param([anchor(PLACE, car=0.9), anchor(ELSEWHERE, car=0.8)], None, [(CAR, 0.9), (CAR, 0.8)], id="two cars"),
        pytest.param([anchor(PLACE, person=0.9, car=0.4)], (CAR,), [], id="a person is not a weak car"),
        pytest.param([anchor(PLACE, person=0.4, car=0.9)], (CAR,), [(CAR, 0.9)], id="a car is a car, though a weak person"),
        pytest.param([anchor(PLACE, car=0.4, truck=0.6)], (CAR, TRUCK), [(TRUCK, 0.6)], id="the better of two wanted classes"),
        pytest.param(
            [anchor(PLACE, truck=0.9), anchor(BESIDE, car=0.6)], (CAR,), [(CAR, 0.6)], id="an unwanted object hides no wanted one"
        ),
        pytest.param(
            [anchor(PLACE, car=0.6), anchor(BESIDE, truck=0.7)], None, [(TRUCK, 0.7)], id="a van seen as car and as truck is one"
        ),
        pytest.param([anchor(PLACE, car=0.9), anchor(BESIDE, car=0.8)], None, [(CAR, 0.9)], id="one car seen twice"),
    ],
)
def test_what_an_anchor_says(
    anchors: list[tuple[tuple[int, int, int, int], list[float]]],
    wanted: tuple[int, ...] | None,
    expected: list[tuple[int, float]],
    head: Head,
) -> None:
    boxes, scores = (np.array(part, np.float32) for part in zip(*anchors))
    found = read_head(outputs(boxes, scores)[head], head, HeadSettings(confidence=0.25, overlap=0.45, wanted=wanted))
    assert list(zip(found.classes.tolist(), found.scores.tolist())) == [(name, pytest.approx(score)) for name, score in expected]


@pytest.mark.parametrize("head", Head)
def test_nothing_found_is_an_empty_table(head: Head) -> None:
    found = read_head(outputs(tiles(50), np.full((50, 3), 0.1, np.float32))[head], head, KEEP_ALL)
    assert found.boxes.shape == (0, 4)
    assert len(found.scores) == len(found.classes) == 0


@pytest.mark.parametrize("head", [Head.CHANNELS_FIRST, Head.ANCHORS_FIRST])
def test_of_too_many_candidates_the_best_are_kept(head: Head) -> None:
    scores = np.random.default_rng(1).permutation(np.linspace(0.3, 0.9, 3 * MOST_CANDIDATES, dtype=np.float32))
    found = read_head(outputs(tiles(len(scores)), scores[:, None])[head], head, KEEP_ALL)
    np.testing.assert_array_equal(found.scores, np.sort(scores)[::-1][:MOST_CANDIDATES])


def slowly_suppressed(boxes: Boxes, scores: Floats, overlap: float) -> list[int]:
    """Take the best that is left, strike out what overlaps it, again and again."""
    left = sorted(range(len(scores)), key=lambda row: (-scores[row], row))
    kept = []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [row for row in left if iou_matrix(boxes[[best]], boxes[[row]])[0, 0] <= overlap]
    return kept


counts = st.integers(0, 12)
whole_pixels = counts.flatmap(lambda count: arrays(np.int64, (count, 4), elements=st.integers(1, 12)))


@REPEATABLE
@given(whole_pixels, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.45, 0.7, 1.0]))
def test_suppression_is_the_slow_rule(corners: Integers, seed: int, overlap: float) -> None:
    """With equal scores among them, where the earlier box goes first."""
    boxes = np.concatenate([corners[:, :2], corners[:, :2] + corners[:, 2:]], axis=1).astype(np.float32)
    scores = np.random.default_rng(seed).choice(np.array([0.3, 0.5, 0.7, 0.9], np.float32), len(boxes))
    found = suppress(Detections(boxes, scores, np.arange(len(boxes))), overlap)
    assert found.classes.tolist() == slowly_suppressed(boxes, scores, overlap)
    np.testing.assert_array_equal(found.boxes, boxes[found.classes])


def test_a_suppressed_box_suppresses_nobody() -> None:
    """A chain: the first strikes out the second, so the third, which only the second overlaps, stays."""
    chain = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    found = suppress(Detections(chain, np.array([0.9, 0.8, 0.7], np.float32), np.arange(3)), 0.3)
    assert found.classes.tolist() == [0, 2]
