"""The parts on small inputs: that they measure what they say, never how fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.bench import backends, cameras, counting, handover, tracker
from appliance.bench.bench import Bench
from appliance.bench.empty_model import CLASSES, write_empty_model
from appliance.bench.gauge import pss_of, stage_of
from appliance.bench.handover import Pace, copy_times, pictures_of, times_of
from appliance.bench.handover_ways import QueueWay, RingWay
from appliance.bench.inputs import Inputs, choose_inputs
from appliance.bench.row import Row
from appliance.config import DetectorSettings
from appliance.detect.network import Network
from appliance.detect.yolo import anchor_count
from appliance.errors import Refusal
from appliance.process_settings import DetectProcess
from tests.system.models import write_detector
from tests.system.videos import traffic, write_video

SIZE = (128, 72)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("inputs")
    video = write_video(folder / "traffic.mp4", traffic(2, SIZE))
    model = write_detector(folder / "tiny.onnx")
    return choose_inputs(str(video), str(model), None, ["middle=0.5,0,0.5,1"], "car", 29, Path())


@pytest.fixture
def bench(tmp_path: Path, inputs: Inputs) -> Bench:
    return Bench(inputs, None, True, tmp_path, lambda words: None)


def test_a_scene_shows_every_object_in_every_frame_inside_the_picture() -> None:
    scene = tracker.scene(50, 40)
    assert scene.shape == (40, 50, 5)
    assert scene.dtype == np.float32
    assert scene[..., :4].min() >= 0
    assert (scene[..., 2] <= tracker.WIDTH_PX).all()
    assert (scene[..., 3] <= tracker.HEIGHT_PX).all()
    assert (scene[..., 2:4] > scene[..., :2]).all()
    np.testing.assert_array_equal(np.sort(scene[0, :, 4]), np.sort(scene[-1, :, 4]))
    np.testing.assert_array_equal(scene, tracker.scene(50, 40))


def test_every_object_of_a_scene_is_tracked(bench: Bench) -> None:
    rows = list(tracker.measure(bench))
    assert len(rows) == len(tracker.TARGETS) * len(tracker.PEERS)
    assert [row.details["ours"]["rows"] for row in rows] == [*tracker.TARGETS] * 2
    assert all(row.figure is None and "not asked" in row.note and not row.has_failed for row in rows)


def test_frames_come_over_both_ways_in_order(tmp_path: Path) -> None:
    pictures, pace = pictures_of((48, 64)), Pace(20, 500)
    assert len(copy_times(pictures, pace)) == 20
    with RingWay(tmp_path, (48, 64)) as ring:
        assert (times_of(ring.send, ring.received_ns, pictures, pace) > 0).all()
    with QueueWay() as queue:
        assert (times_of(queue.send, queue.received_ns, pictures, pace) > 0).all()
    assert list(tmp_path.iterdir()) == []


def test_handover_compares_with_the_copy_and_the_queue() -> None:
    copy, ours, pickled = np.full(9, 50.0), np.full(9, 120.0), np.full(9, 600.0)
    over, faster = handover.rows_of((384, 640), copy, ours, pickled)
    assert (over.figure, over.verdict) == (70, "met")
    assert faster.figure == 5


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_the_empty_model_sees_nothing_at_any_size(tmp_path: Path, backend: str) -> None:
    model = write_empty_model(tmp_path / "nothing.onnx")
    settings = DetectProcess(
        detector=DetectorSettings(model=str(model), backend=backend, max_batch=2),
        low_score=0.0,
        classes=(),
        named=(),
        stores=(tmp_path,),
        is_live=False,
        takes_guests=False,
        burst=1,
    )
    network = Network(settings)
    assert len(network.info.names) == CLASSES
    for shape in ((384, 640), (96, 64)):
        network.submit([np.full((*shape, 3), 200, np.uint8)] * 2)
        output = network.collect()
        assert output.shape == (2, 4 + CLASSES, anchor_count(*shape))
        assert not output.any()


def test_cameras_are_measured_on_the_real_machine(bench: Bench) -> None:
    rows = list(cameras.measure(bench))
    assert [row.what for row in rows] == ["1 camera, CPU", "1 camera, memory", "4 cameras, CPU", "4 cameras, memory"]
    stages = {"supervisor", "decode", "detect", "track", "count"}
    for row in rows:
        assert row.details["by_process"].keys() == stages
        assert all(value > 0 for value in row.details["by_process"].values())
        assert row.ours is not None
        assert row.ours.value == pytest.approx(sum(row.details["by_process"].values()))
    assert [row.figure is None for row in rows] == [True, True, False, False]


def test_a_count_is_compared_with_its_limit(bench: Bench) -> None:
    limit, overhead, *peers = list(counting.measure(bench))
    assert sum(counts["total"] for counts in limit.details["totals"]["middle"].values()) == 1
    assert limit.figure is not None
    assert limit.figure > 0
    assert overhead.figure is not None
    assert overhead.figure > 0
    assert [row.note.partition(" (")[0] for row in peers] == ["not asked", "not asked"]


def test_every_backend_has_its_row_or_its_reason(bench: Bench) -> None:
    rows: list[Row] = list(backends.measure(bench))
    assert [row.what.partition(",")[0] for row in rows] == ["onnxruntime f32", "openvino bf16", "openvino f32"]
    assert all(row.note if row.has_failed else row.ours for row in rows)


def test_the_memory_of_a_process_is_read() -> None:
    assert pss_of(2**22 + 1) == 0  # nobody has this id
    assert stage_of("decode.gate.2") == "decode"


def test_a_line_outside_the_frame_is_refused(inputs: Inputs) -> None:
    with pytest.raises(Refusal, match="are these pixels"):
        choose_inputs(inputs.video, inputs.model, None, ["road=0,0.7,1,7"], "", None, Path())


def test_a_video_without_a_model_is_refused(inputs: Inputs) -> None:
    with pytest.raises(Refusal, match="belong together"):
        choose_inputs(inputs.video, None, None, [], "", None, Path())
