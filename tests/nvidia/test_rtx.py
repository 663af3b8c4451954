"""A real builder of NVIDIA's takes what we give it, without a GPU: TensorRT for RTX, as ``scripts/nvidia --rtx`` fetches it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import av
import numpy as np
import onnx
import onnx.checker
import pytest
from onnx import helper, numpy_helper

from appliance.detect.cuda import has_device_file
from appliance.detect.guests import letterboxed
from appliance.models.store import find_model, store_folder
from appliance.precision.calibrating import reaches_of
from appliance.precision.graph import plan, with_pairs
from tests.nvidia.releases import ROOT, folder_of
from tests.shared_data import shared

BUILD = r"""
import json, sys
import onnx
import tensorrt_rtx_bindings as trt
from appliance.building.builder import Effort, build
from appliance.building.graph import prepared
from appliance.building.ranges import ranges_for
from appliance.detect.yolo import Head
from appliance.letterbox import InputRule

wanted = json.loads(sys.argv[1])
head = Head[wanted["head"]]
model = onnx.load(wanted["model"])
graph = prepared(model, "a model", is_halved=wanted["is_halved"], best_anchors=wanted["best_anchors"], head=head)
ranges = ranges_for(InputRule(), (384, 640), 0, wanted["max_batch"], wanted["best_anchors"])
phases = []
engine = build(trt, graph.SerializeToString(), ranges, Effort(1 << 30, 3), b"", lambda phase, share: phases.append(phase))

# Without a GPU it is built, and not loaded.
from appliance.detect.tensorrt_plan import LoadedPlan
from appliance.errors import Refusal
try:
    LoadedPlan(trt, engine.plan)
    told = ""
except Refusal as refusal:
    told = refusal.sentence
print(json.dumps({"told": told, "bytes": len(engine.plan), "phases": len(set(phases)), "timings": len(engine.timings)}))
"""
"""The builder goes into a process of its own: a fault in it shall be a failed test, and not the end of all."""


def demo() -> Path:
    """The model that comes with this program; batch, height and width are open."""
    return find_model("demo", store_folder()).path


def built(
    model: Path, *, is_halved: bool = False, best_anchors: int = 0, max_batch: int = 8, head: str = "CHANNELS_FIRST"
) -> int:
    """How large the engine is."""
    wanted = {"model": str(model), "is_halved": is_halved, "best_anchors": best_anchors, "max_batch": max_batch, "head": head}
    outcome = subprocess.run(
        [sys.executable, "-c", BUILD, json.dumps(wanted)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{folder_of('tensorrt-rtx')}"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    seen = json.loads(outcome.stdout.splitlines()[-1])
    assert seen["phases"] > 0
    if not has_device_file():
        assert "built for this GPU is wanted" in seen["told"]
        assert "does not say why" not in seen["told"]
    # It finds out what is fastest when an engine is loaded.
    assert seen["timings"] == 0
    size: int = seen["bytes"]
    return size


@pytest.mark.long
def test_the_demo_model_is_built_in_every_precision(tmp_path: Path) -> None:
    sizes = {is_halved: built(demo(), is_halved=is_halved, max_batch=2) for is_halved in (False, True)}
    # Half the weights, and what does not shrink.
    assert sizes[True] < sizes[False]
    model = onnx.load(str(demo()))
    wanted = plan(model)
    pictures = np.random.default_rng(3).integers(0, 256, (2, 96, 160, 3), np.uint8)
    onnx.save(with_pairs(model, wanted, reaches_of(model, wanted, pictures, threads=1)["mean"]), str(tmp_path / "int8.onnx"))
    assert built(tmp_path / "int8.onnx", max_batch=2) > 0


@pytest.mark.parametrize("is_halved", [False, True])
def test_yolov8n_is_built_for_one_to_eight_pictures_of_any_size(is_halved: bool) -> None:
    assert built(shared("models", "yolov8n_dynamic.onnx"), is_halved=is_halved, max_batch=8) > 1_000_000


def test_yolov8n_in_int8_is_built_as_it_is_calibrated_on_footage(tmp_path: Path) -> None:
    model = onnx.load(str(shared("models", "yolov8n_dynamic.onnx")))
    wanted = plan(model)
    with av.open(str(shared("videos", "intel_car-detection.mp4"))) as video:
        shown = [frame.to_ndarray(format="rgb24") for frame in islice(video.decode(video=0), 0, 60, 20)]
    frames = [letterboxed(np.asarray(picture, np.uint8), 192, 320) for picture in shown]
    onnx.save(with_pairs(model, wanted, reaches_of(model, wanted, frames, threads=1)["mean"]), str(tmp_path / "int8.onnx"))
    assert built(tmp_path / "int8.onnx", max_batch=8) > 1_000_000


def test_yolov8n_is_built_with_a_head_that_needs_no_suppression(tmp_path: Path) -> None:
    onnx.save(end_to_end(onnx.load(str(shared("models", "yolov8n_dynamic.onnx"))), 300), str(tmp_path / "end.onnx"))
    assert built(tmp_path / "end.onnx", is_halved=True, max_batch=8, head="END_TO_END") > 1_000_000


def test_only_the_best_anchors_come_out() -> None:
    assert built(demo(), is_halved=True, best_anchors=300, max_batch=2) > 0


@pytest.mark.long
def test_a_head_that_needs_no_suppression_is_built(tmp_path: Path) -> None:
    model = end_to_end(onnx.load(str(demo())), 300)
    onnx.save(model, str(tmp_path / "end.onnx"))
    assert built(tmp_path / "end.onnx", is_halved=True, max_batch=2, head="END_TO_END") > 0


def end_to_end(model: onnx.ModelProto, count: int) -> onnx.ModelProto:
    """The same model with a head as YOLOv10's: (N, 300, 6), corners, score and class."""
    graph = model.graph
    (output,) = graph.output
    name, channels = output.name, output.type.tensor_type.shape.dim[1].dim_value
    numbers = {"four": [4], "zero": [0], "end": [channels], "one": [1], "two": [2], "count": [count]}
    graph.initializer.extend(numpy_helper.from_array(np.array(value, np.int64), key) for key, value in numbers.items())
    graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "half"))
    graph.node.extend(
        [
            helper.make_node("Slice", [name, "zero", "two", "one"], ["centres"]),
            helper.make_node("Slice", [name, "two", "four", "one"], ["sides"]),
            helper.make_node("Mul", ["sides", "half"], ["half_sides"]),
            helper.make_node("Sub", ["centres", "half_sides"], ["low"]),
            helper.make_node("Add", ["centres", "half_sides"], ["high"]),
            helper.make_node("Slice", [name, "four", "end", "one"], ["every_score"]),
            helper.make_node("ReduceMax", ["every_score"], ["score"], axes=[1], keepdims=1),
            helper.make_node("ArgMax", ["every_score"], ["class_number"], axis=1, keepdims=1),
            helper.make_node("Cast", ["class_number"], ["class"], to=1),
            helper.make_node("Concat", ["low", "high", "score", "class"], ["columns"], axis=1),
            helper.make_node("TopK", ["score", "count"], ["sorted", "places"], axis=2),
            helper.make_node("Concat", ["places"] * 6, ["everywhere"], axis=1),
            helper.make_node("GatherElements", ["columns", "everywhere"], ["best"], axis=2),
            helper.make_node("Transpose", ["best"], ["rows"], perm=[0, 2, 1]),
        ]
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("rows", 1, ["N", count, 6]))
    onnx.checker.check_model(model)
    return model
