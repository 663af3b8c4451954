"""The graph that an engine is built from, read from a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from appliance.building.graph import prepared
from appliance.building.request import BuildRequest, Calculates
from appliance.detect.detector import input_rule
from appliance.detect.pixels_in import side_of
from appliance.detect.yolo import Head
from appliance.errors import Refusal
from appliance.letterbox import InputRule


@dataclass(frozen=True, slots=True)
class EngineGraph:
    """What TensorRT reads, and what it takes."""

    serialized: bytes
    rule: InputRule
    any_batch: bool
    metadata: dict[str, str]


def graph_of(request: BuildRequest) -> EngineGraph:
    """Of the model that is asked for; raises ``Refusal`` where it is none, or cannot be had in that precision."""
    model = _load(request.model)
    is_int8 = any(node.op_type == "DequantizeLinear" for node in model.graph.node)
    if (request.calculates is Calculates.INT8) != is_int8:
        found = "it is in int8" if is_int8 else "it is not ('appliance models quantize' makes one that is)"
        wanted = "a model in int8" if request.calculates is Calculates.INT8 else f"a model for {request.calculates.value}"
        raise Refusal(f"{wanted} is wanted, but of {request.label} it is found that {found}", usage=True)
    weights = {weight.name for weight in model.graph.initializer}
    shapes = [
        [side_of(side) for side in value.type.tensor_type.shape.dim] for value in model.graph.input if value.name not in weights
    ]
    if len(shapes) != 1:
        raise Refusal(f"the model {request.label} must have one input, found {len(shapes)}")
    rule = input_rule(shapes[0], request.input_px)
    graph = prepared(
        model,
        request.label,
        is_halved=request.calculates is Calculates.FP16,
        best_anchors=request.best_anchors,
        head=Head[request.head.upper()],
    )
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return EngineGraph(graph.SerializeToString(), rule, shapes[0][0] != 1, metadata)


def _load(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(str(path))
    except (DecodeError, OSError, ValueError) as error:
        raise Refusal(f"the model {path} must be an ONNX file, found something that is not one ({error})") from None
