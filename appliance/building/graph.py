"""An ONNX network as an engine is built from it: pixels in, precision in the graph, and only the best anchors out.

TensorRT takes pixels where they are changed into numbers first, and calculates in what the graph says:

    pixels, uint8 (N, H, W, 3) ──▶ Cast ──▶ Transpose ──▶ Mul 1/255 ──▶ network ──▶ TopK, GatherElements ──▶ (N, 4 + C, K)
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from appliance.building.halving import halved
from appliance.detect.pixels_in import with_pixels_in
from appliance.detect.yolo import Head
from appliance.errors import Refusal

BEST = "appliance_best"
# TensorRT picks no more.
MOST_ANCHORS = 3840
# Of ReduceMax, since this operator set.
AXES_ARE_INPUTS = 18


def prepared(model: onnx.ModelProto, name: str, *, is_halved: bool, best_anchors: int, head: Head) -> onnx.ModelProto:
    """What is built; ``best_anchors`` is 0 for all of them."""
    network = onnx.ModelProto()
    network.CopyFrom(model)
    if is_halved:
        network = halved(network)
    if best_anchors:
        network = with_best_anchors(network, best_anchors, head)
    return with_pixels_in(network, name, casts_first=True)


def with_best_anchors(model: onnx.ModelProto, count: int, head: Head) -> onnx.ModelProto:
    """Only so many anchors come out, those with the best score of any class, the best first, in the layout that it has."""
    if head is Head.END_TO_END:
        return model
    if not 0 < count <= MOST_ANCHORS:
        raise Refusal(f"1 to {MOST_ANCHORS} best anchors are wanted, found {count}", usage=True)
    graph = model.graph
    (output,) = graph.output
    axis, anchors = (1, 2) if head is Head.CHANNELS_FIRST else (2, 1)
    channels = output.type.tensor_type.shape.dim[axis].dim_value
    if channels < 5:
        raise Refusal(f"for the best anchors the model must say how many classes it has, found {channels} channels in its output")
    _rename(graph, output.name, _own("all"))
    shape = np.ones(3, np.int64)
    shape[axis] = channels
    numbers = {"first": [4], "end": [channels], "axis": [axis], "count": [count], "shape": shape.tolist()}
    graph.initializer.extend(numpy_helper.from_array(np.array(value, np.int64), _own(name)) for name, value in numbers.items())
    graph.node.extend(
        [
            helper.make_node("Slice", [_own("all"), _own("first"), _own("end"), _own("axis")], [_own("scores")]),
            _largest(model, _own("scores"), _own("score"), axis),
            helper.make_node("TopK", [_own("score"), _own("count")], [_own("sorted"), _own("places")], axis=anchors),
            # The same place in every channel.
            helper.make_node("Expand", [_own("places"), _own("shape")], [_own("everywhere")]),
            helper.make_node("GatherElements", [_own("all"), _own("everywhere")], [output.name], axis=anchors),
        ]
    )
    output.type.tensor_type.shape.dim[anchors].dim_value = count
    return model


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _largest(model: onnx.ModelProto, source: str, target: str, axis: int) -> onnx.NodeProto:
    operators = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if operators < AXES_ARE_INPUTS:
        return helper.make_node("ReduceMax", [source], [target], axes=[axis], keepdims=1)
    return helper.make_node("ReduceMax", [source, _own("axis")], [target], keepdims=1)


def _own(name: str) -> str:
    return f"{BEST}_{name}"
