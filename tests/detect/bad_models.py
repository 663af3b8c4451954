"""Real ONNX models that are wrong in one thing each, made from the one that finds a bright block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.checker
from onnx import helper, numpy_helper

from tests.system.models import CLASSES, write_detector, write_model

MEANS = "mean (float[N,3,H,W] images) => (float[N,3] out) <int64[2] a = {2, 3}> { out = ReduceMean <keepdims = 0> (images, a) }"
CHANNELS = 4 + len(CLASSES)
SLOW_SIDE, SLOW_STEPS = 1024, 12


def write_classifier(path: Path) -> Path:
    """No detector: one number per channel."""
    return write_model(path, MEANS)


def write_without_numbers(path: Path) -> Path:
    """Its one weight is not a number."""
    model = onnx.load(str(write_detector(path)))
    for weight in model.graph.initializer:
        if weight.name == "score":
            weight.CopyFrom(numpy_helper.from_array(np.array(np.nan, np.float32), "score"))
    onnx.save(model, str(path))
    return path


def write_for_one_picture(path: Path) -> Path:
    """It says that it takes any number of pictures, and lays several out as one."""
    shape = numpy_helper.from_array(np.array([1, CHANNELS, -1], np.int64), "one_picture")
    return _with_nodes_behind(path, [helper.make_node("Reshape", ["plain", "one_picture"], ["output0"])], shape)


def write_slow(path: Path) -> Path:
    """It multiplies large matrices on the way, and finds what it always finds."""
    side = numpy_helper.from_array(np.array([SLOW_SIDE, SLOW_SIDE], np.int64), "side")
    scale = numpy_helper.from_array(np.array(1 / SLOW_SIDE, np.float32), "scale")
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["small"]),
        helper.make_node("Expand", ["small", "side"], ["matrix_0"]),
        *(helper.make_node("MatMul", [f"matrix_{step}", "matrix_0"], [f"matrix_{step + 1}"]) for step in range(SLOW_STEPS)),
        helper.make_node("ReduceMin", [f"matrix_{SLOW_STEPS}"], ["least"], keepdims=0),
        # Nothing, but only who has multiplied knows that.
        helper.make_node("Min", ["least", "nil"], ["nothing_much"]),
        helper.make_node("Add", ["plain", "nothing_much"], ["output0"]),
    ]
    return _with_nodes_behind(path, nodes, side, scale, numpy_helper.from_array(np.array(0, np.float32), "nil"))


def write_with_weights_elsewhere(path: Path) -> Path:
    """A whole model whose weights are in another file."""
    model = onnx.load(str(write_detector(path)))
    for weight in model.graph.initializer:
        # Only plain bytes may be elsewhere.
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight), weight.name))
    onnx.save(model, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path


def _with_nodes_behind(path: Path, nodes: list[onnx.NodeProto], *weights: onnx.TensorProto) -> Path:
    model = onnx.load(str(write_detector(path)))
    for node in model.graph.node:
        node.output[:] = ["plain" if name == "output0" else name for name in node.output]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(weights)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
