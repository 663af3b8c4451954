"""An ONNX network for pixels as they are: the transposition and the scaling to 0..1 become part of it."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from appliance.errors import Refusal

PIXELS = "appliance_pixels"
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16}


def with_pixels_in(network: onnx.ModelProto, model: str, *, casts_first: bool = False) -> onnx.ModelProto:
    """The network, changed in place, for uint8 (N, H, W, 3) pictures; ``model`` is what it is called in a refusal.

    A CPU moves single bytes faster; TensorRT does nothing with bytes but make numbers of them first.
    """
    graph = network.graph
    weights = {weight.name for weight in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    shapes = [[side_of(side) for side in value.type.tensor_type.shape.dim] for value in inputs]
    outputs = [[side_of(side) for side in value.type.tensor_type.shape.dim] for value in graph.output]
    kinds = {value.type.tensor_type.elem_type for value in inputs}
    if len(shapes) != 1 or len(outputs) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in (3, None) or not kinds <= FLOATS:
        raise Refusal(f"the model {model} must have one float input (N, 3, H, W) and one output, found {shapes} and {outputs}")
    (old,) = inputs
    batch, _, height, width = shapes[0]
    kind = old.type.tensor_type.elem_type
    pixels = helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, [batch or "N", height or "H", width or "W", 3])
    share = helper.make_tensor(f"{PIXELS}_share", kind, [], [1 / 255])
    middle, last = f"{PIXELS}_middle", f"{PIXELS}_planes"
    if casts_first:
        added = [
            helper.make_node("Cast", [PIXELS], [middle], to=kind),
            helper.make_node("Transpose", [middle], [last], perm=[0, 3, 1, 2]),
        ]
    else:
        added = [
            helper.make_node("Transpose", [PIXELS], [middle], perm=[0, 3, 1, 2]),
            helper.make_node("Cast", [middle], [last], to=kind),
        ]
    nodes = [*added, helper.make_node("Mul", [last, share.name], [old.name]), *graph.node]
    graph.input.remove(old)
    graph.input.insert(0, pixels)
    graph.initializer.append(share)
    del graph.node[:]
    graph.node.extend(nodes)
    return network


def side_of(side: onnx.TensorShapeProto.Dimension) -> int | None:
    """A dimension; None for one that is open."""
    return side.dim_value if side.HasField("dim_value") else None
