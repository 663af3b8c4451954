"""What engines are built from sees what the model sees: held against ONNX Runtime, number by number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.checker
import onnxruntime
import pytest

from appliance.boxes import Floats
from appliance.building.graph import prepared, with_best_anchors
from appliance.building.halving import halved, tail_of
from appliance.detect.pixels_in import PIXELS, with_pixels_in
from appliance.detect.yolo import Head, HeadSettings, anchor_count, read_head, tell_head
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.models.store import find_model, store_folder
from tests.system.models import write_detector

ALL = HeadSettings(0.25, 0.5, None)


@pytest.fixture(scope="module")
def demo() -> onnx.ModelProto:
    """The model that comes with this program."""
    return onnx.load(str(find_model("demo", store_folder()).path))


def pictures(count: int, height: int = 192, width: int = 320) -> Pixels:
    random = np.random.default_rng(7)
    coarse = random.integers(0, 256, (count, height // 16, width // 16, 3), np.uint8)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


def run(model: onnx.ModelProto, batch: Pixels) -> Floats:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {PIXELS: batch})
    return np.asarray(output, np.float32)


def as_it_is(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return with_pixels_in(copy, "demo")


def test_pixels_become_the_same_numbers_in_either_order(demo: onnx.ModelProto) -> None:
    batch = pictures(3)
    first = prepared(demo, "demo", is_halved=False, best_anchors=0, head=Head.CHANNELS_FIRST)
    np.testing.assert_array_equal(run(first, batch), run(as_it_is(demo), batch))
    # TensorRT takes bytes where they are made numbers of at once.
    assert [node.op_type for node in first.graph.node][:3] == ["Cast", "Transpose", "Mul"]


def test_the_best_anchors_are_the_same_and_so_is_what_is_seen(demo: onnx.ModelProto) -> None:
    batch, count = pictures(2), 200
    whole = run(as_it_is(demo), batch)
    best = run(prepared(demo, "demo", is_halved=False, best_anchors=count, head=Head.CHANNELS_FIRST), batch)
    assert best.shape == (2, whole.shape[1], count)
    for all_anchors, few in zip(whole, best):
        order = np.argsort(-all_anchors[4:].max(axis=0), kind="stable")[:count]
        np.testing.assert_array_equal(few, all_anchors[:, order])
        seen, wanted = (read_head(each, Head.CHANNELS_FIRST, ALL) for each in (few, all_anchors))
        assert len(wanted) > 0
        np.testing.assert_array_equal(seen.boxes, wanted.boxes)
        np.testing.assert_array_equal(seen.classes, wanted.classes)


def test_a_transposed_head_keeps_its_layout(tmp_path: Path) -> None:
    model = onnx.load(str(write_detector(tmp_path / "tiny.onnx")))
    (output,) = model.graph.output
    last = output.name
    for node in model.graph.node:
        node.output[:] = ["plain" if name == last else name for name in node.output]
    model.graph.node.append(onnx.helper.make_node("Transpose", ["plain"], [last], perm=[0, 2, 1]))
    dimensions = output.type.tensor_type.shape.dim
    dimensions[1].dim_param, dimensions[2].dim_value = "A", 6
    batch = pictures(2)
    whole = run(as_it_is(model), batch)
    best = run(prepared(model, "tiny", is_halved=False, best_anchors=50, head=Head.ANCHORS_FIRST), batch)
    assert best.shape == (2, 50, 6)
    for all_anchors, few in zip(whole, best):
        np.testing.assert_array_equal(few, all_anchors[np.argsort(-all_anchors[:, 4:].max(axis=1), kind="stable")[:50]])


def test_half_precision_is_off_by_little_and_keeps_places_whole(demo: onnx.ModelProto) -> None:
    batch = pictures(2, 192, 640)
    whole, half = run(as_it_is(demo), batch), run(with_pixels_in(halved(demo), "demo", casts_first=True), batch)
    kinds = {weight.data_type for weight in halved(demo).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds
    sure = whole[:, 4:].max(axis=1) > 0.25
    assert sure.any()
    np.testing.assert_allclose(half[:, 4:], whole[:, 4:], atol=0.03)
    off_px = np.abs(half[:, :4] - whole[:, :4]).max(axis=1)[sure]
    assert np.median(off_px) < 0.1
    changes = [node for node in halved(demo).graph.node if node.op_type == "Cast" and node.name.endswith("_wide")]
    # One for the boxes, one for the scores, or a few more; not one for each edge.
    assert len(changes) < 12


def test_the_tail_has_no_convolutions_worth_the_name(demo: onnx.ModelProto) -> None:
    tail = tail_of(demo)
    nodes = {node.name: node for node in demo.graph.node}
    assert nodes[demo.graph.node[-1].name].name in tail
    widest = [nodes[name].op_type for name in tail if nodes[name].op_type == "Conv"]
    assert len(widest) <= 1
    assert len(tail) < len(nodes) / 2


def test_what_engines_answer_is_told_by_its_shape() -> None:
    full, shape = anchor_count(384, 640), (384, 640)
    assert tell_head((1, 84, full), shape, 80) is Head.CHANNELS_FIRST
    assert tell_head((1, 84, 1000), shape, 80, 1000) is Head.CHANNELS_FIRST
    assert tell_head((1, 1000, 84), shape, 80, 1000) is Head.ANCHORS_FIRST
    with pytest.raises(Refusal, match="output must be"):
        tell_head((1, 84, 1000), shape, 80)


@pytest.mark.parametrize("count", [-1, 5000])
def test_more_anchors_than_tensorrt_picks_are_refused(demo: onnx.ModelProto, count: int) -> None:
    with pytest.raises(Refusal, match=f"1 to 3840 best anchors are wanted, found {count}"):
        with_best_anchors(demo, count, Head.CHANNELS_FIRST)
