"""Mean average precision against what one can work out by hand, and against COCO's own program."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.boxes import Detections
from appliance.precision.average_precision import AveragePrecision, average_precision
from tests.precision.boxes import Row, detections, from_rows, square

FAR = 1000.0


def of_frames(*frames: tuple[Detections, Detections], doubtful: Detections | None = None) -> AveragePrecision:
    average = AveragePrecision()
    for found, objects in frames:
        average.add(found, objects, doubtful)
    return average


@pytest.mark.parametrize(
    ("hits", "objects", "value"),
    [
        pytest.param([], 3, 0.0, id="nothing found"),
        pytest.param([True], 1, 1.0, id="all of one"),
        pytest.param([False], 1, 0.0, id="wrong"),
        pytest.param([True, False], 1, 1.0, id="a weaker wrong one does no harm"),
        pytest.param([False, True], 1, 0.5, id="a stronger wrong one halves it"),
        pytest.param([True], 2, 51 / 101, id="half of them: recalls 0 to 0.5"),
        pytest.param([True, False, True], 2, (51 + 50 * 2 / 3) / 101, id="the second behind a wrong one"),
        pytest.param([False, True, True], 2, 2 / 3, id="a later, better precision counts for lower recalls"),
    ],
)
def test_one_list_of_boxes(hits: list[bool], objects: int, value: float) -> None:
    assert average_precision(np.array(hits, np.bool_), objects) == pytest.approx(value)


@pytest.mark.parametrize(
    ("found", "objects", "map50"),
    [
        pytest.param([square(0)], [square(0)], 1.0, id="the same"),
        pytest.param([], [square(0)], 0.0, id="found nothing"),
        pytest.param([square(FAR)], [square(0)], 0.0, id="found elsewhere"),
        pytest.param([square(0, class_id=1)], [square(0)], 0.0, id="another class"),
        pytest.param([square(0), square(0, 0.8)], [square(0)], 1.0, id="found twice, the second is wrong, and weaker"),
        pytest.param([square(4, 0.9), square(0, 0.8)], [square(0)], 0.5, id="too far away first"),
        pytest.param([square(0, 0.5), square(FAR, 0.5)], [square(0)], 1.0, id="of equal scores the first comes first"),
        pytest.param([square(0), square(FAR, 0.9, 1)], [square(0), square(0, 0.9, 1)], 0.5, id="mean of two classes"),
        pytest.param([square(0), square(FAR, 0.9, 1)], [square(0)], 1.0, id="a class that is not there does not count"),
    ],
)
def test_one_frame(found: list[Row], objects: list[Row], map50: float) -> None:
    assert of_frames((from_rows(found), from_rows(objects))).map50 == pytest.approx(map50)


def test_without_objects_there_is_nothing_to_say() -> None:
    nothing = of_frames((detections(square(0)), Detections.empty()))
    assert (nothing.map50, nothing.map50_95, nothing.classes()) == (None, None, {})
    assert of_frames().map50 is None
    assert of_frames((Detections.empty(), Detections.empty())).map50 is None


def test_an_overlap_of_exactly_a_half_is_enough_for_the_first_of_the_ten() -> None:
    half = detections((0, 0, 10, 5, 0.9, 0))
    average = of_frames((half, detections((0, 0, 10, 10, 1, 0))))
    assert average.map50 == pytest.approx(1.0)
    assert average.map50_95 == pytest.approx(0.1)


def test_each_object_is_found_once_and_the_better_overlap_wins() -> None:
    """Two neighbours, two boxes that overlap both: each has its own."""
    objects = detections(square(0), square(3))
    found = detections(square(1, 0.9), square(2, 0.8))
    assert of_frames((found, objects)).map50 == pytest.approx(1.0)


def test_a_doubtful_object_is_neither_right_nor_wrong() -> None:
    unsure = detections(square(FAR, 0.2))
    objects = detections(square(0))
    assert of_frames((detections(square(FAR, 0.9), square(0, 0.8)), objects), doubtful=unsure).map50 == pytest.approx(1.0)
    assert of_frames((detections(square(0)), objects), doubtful=unsure).map50 == pytest.approx(1.0)
    assert of_frames((detections(square(FAR)), Detections.empty()), doubtful=unsure).map50 is None


def test_a_sure_object_is_taken_before_a_doubtful_one_that_overlaps_more() -> None:
    average = of_frames((detections(square(1)), detections(square(3))), doubtful=detections(square(1)))
    assert average.map50 == pytest.approx(1.0)


def test_a_class_with_too_few_objects_is_told_and_not_in_the_mean() -> None:
    average = AveragePrecision(least_objects=2)
    average.add(detections(square(0), square(20)), detections(square(0), square(20), square(0, 0.9, 1)))
    assert average.map50 == pytest.approx(1.0)
    assert average.classes()[1].at_50 == 0
    few = AveragePrecision(least_objects=3)
    few.add(detections(square(0)), detections(square(0)))
    assert few.map50 is None


places = st.lists(st.tuples(st.integers(0, 300), st.floats(0.05, 1), st.integers(0, 2)), max_size=8)


def rows_at(found: list[tuple[int, float, int]]) -> list[Row]:
    return [square(float(x), score, class_id) for x, score, class_id in found]


@given(found=places, objects=places)
def test_it_is_a_share_and_stricter_overlaps_never_help(
    found: list[tuple[int, float, int]], objects: list[tuple[int, float, int]]
) -> None:
    average = of_frames((from_rows(rows_at(found)), from_rows(rows_at(objects))))
    for each in average.classes().values():
        assert 0 <= each.at_50_95 <= each.at_50 + 1e-9 <= 1 + 2e-9


@given(objects=places)
def test_who_sees_the_same_loses_nothing(objects: list[tuple[int, float, int]]) -> None:
    # Two in the same place are one.
    rows = rows_at(list({(x, class_id): (x, score, class_id) for x, score, class_id in objects}.values()))
    average = of_frames((from_rows(rows), from_rows(rows)))
    assert average.map50_95 == (pytest.approx(1.0) if rows else None)


@given(found=places, objects=places, more=st.integers(0, 300))
def test_a_weaker_box_than_all_others_never_harms(
    found: list[tuple[int, float, int]], objects: list[tuple[int, float, int]], more: int
) -> None:
    truth = from_rows(rows_at(objects))
    before = of_frames((from_rows(rows_at(found)), truth))
    after = of_frames((from_rows([*rows_at(found), square(float(more), 0.01)]), truth))
    for class_id, each in before.classes().items():
        assert after.classes()[class_id].at_50_95 >= each.at_50_95 - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_coco_calculates(seed: int) -> None:
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools, which trackeval brings, is not installed")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    frames = random_frames(np.random.default_rng(seed))
    average = of_frames(*frames)
    truth: Any = coco.COCO()
    boxes = [
        {"id": number, "image_id": image, "category_id": row[5], "bbox": xywh(row), "area": 1.0, "iscrowd": 0, "score": row[4]}
        for number, (image, row) in enumerate(
            ((image, row) for image, (_, objects) in enumerate(frames) for row in rows_of(objects)), start=1
        )
    ]
    found = [
        {"image_id": image, "category_id": row[5], "bbox": xywh(row), "score": row[4]}
        for image, (seen, _) in enumerate(frames)
        for row in rows_of(seen)
    ]
    images, categories = [{"id": n} for n in range(len(frames))], [{"id": n} for n in range(3)]
    truth.dataset = {"images": images, "categories": categories, "annotations": boxes}
    with redirect_stdout(io.StringIO()):
        truth.createIndex()
        judge: Any = cocoeval.COCOeval(truth, truth.loadRes(found), "bbox")
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][..., 0, -1]
    assert average.map50_95 == pytest.approx(precision[precision > -1].mean(), abs=1e-6)
    assert average.map50 == pytest.approx(precision[0][precision[0] > -1].mean(), abs=1e-6)


def random_frames(random: np.random.Generator) -> list[tuple[Detections, Detections]]:
    """Objects, and boxes that miss some, are off by a little, and see some that are not there."""
    frames = []
    for _ in range(20):
        objects = [
            (x, y, x + random.uniform(20, 60), y + random.uniform(20, 60), 1.0, int(random.integers(3)))
            for x, y in random.uniform(0, 400, (int(random.integers(0, 9)), 2)).tolist()
        ]
        kept = [row for row in objects if random.random() < 0.8]
        found = [(*(side + random.normal(0, 3) for side in row[:4]), random.random(), row[5]) for row in kept]
        x, y = random.uniform(0, 400, 2).tolist()
        found.append((x, y, x + 30, y + 30, random.random(), int(random.integers(3))))
        frames.append((from_rows(found), from_rows(objects)))
    return frames


def rows_of(seen: Detections) -> list[list[Any]]:
    columns = zip(seen.boxes.astype(float).tolist(), seen.scores.astype(float).tolist(), seen.classes.tolist())
    return [[*box, score, class_id] for box, score, class_id in columns]


def xywh(row: list[Any]) -> list[float]:
    left, top, right, bottom = row[:4]
    return [left, top, right - left, bottom - top]
