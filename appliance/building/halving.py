"""An ONNX network in half precision, but for its input, its output, and its tail.

The tail, behind the last convolutions, reads distances and places in pixels. In half precision a place beyond 512 is off by up to
a quarter of a pixel, and the tail costs next to nothing; so it calculates in f32, and numbers are widened once, where it begins.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnx.shape_inference
from onnx import TensorProto, helper, numpy_helper

HEAVY = ("Conv", "ConvTranspose", "Gemm", "MatMul")
# What must be in f32 whatever else is not: the region and the scales of a Resize.
WIDE_PLACES = {"Resize": (1, 2)}
HALF, WIDE = "half", "wide"
LARGEST = float(np.finfo(np.float16).max)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in half precision; pixels, as the input, and places, as the output, are in f32."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for number, node in enumerate(out.graph.node):
        node.name = node.name or f"node_{number}"
    _Halving(out).run()
    return out


def tail_of(model: onnx.ModelProto) -> set[str]:
    """The nodes, by name, behind which no convolution with more than one channel comes, and which are none."""
    users: dict[str, list[str]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node.name)
    widths = {weight.name: weight.dims[0] for weight in model.graph.initializer if len(weight.dims) > 1}
    before: set[str] = set()
    # Nodes are in the order in which they are calculated.
    for node in reversed(model.graph.node):
        is_wide = node.op_type in HEAVY and max(widths.get(name, 0) for name in node.input) > 1
        if is_wide or any(user in before for name in node.output for user in users.get(name, ())):
            before.add(node.name)
    return {node.name for node in model.graph.node} - before


class _Halving:
    """The nodes of the new graph, in order, and what has been changed on the way."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._tail = tail_of(model)
        self._floats = _floats_of(model)
        self._weights = {weight.name: weight for weight in model.graph.initializer if weight.data_type == TensorProto.FLOAT}
        self._half: set[str] = set()
        """What is calculated in half precision,"""
        self._made: set[str] = set()
        """and what there is in the other one, too."""
        self._nodes: list[onnx.NodeProto] = []

    def run(self) -> None:
        """In place."""
        for node in list(self._graph.node):
            is_half = node.name not in self._tail
            wide_places = WIDE_PLACES.get(node.op_type, ()) if is_half else ()
            for place, name in enumerate(node.input):
                if name in self._floats:
                    node.input[place] = self._taken(name, is_half=is_half and place not in wide_places)
            if is_half:
                _halve_attributes(node)
                self._half |= self._floats.intersection(node.output)
            self._nodes.append(node)
        for output in self._graph.output:
            self._widen_output(output.name)
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in self._nodes]
        del self._graph.node[:]
        self._graph.node.extend(nodes)
        # They speak of other kinds now.
        del self._graph.value_info[:]
        self._drop_unused()

    def _taken(self, name: str, *, is_half: bool) -> str:
        """What a tensor is called in the wanted precision, which it is put in where nobody has yet."""
        if name in self._weights:
            return self._halved_weight(name) if is_half else name
        if is_half == (name in self._half):
            return name
        other = f"{name}_{HALF if is_half else WIDE}"
        if other not in self._made:
            self._made.add(other)
            kind = TensorProto.FLOAT16 if is_half else TensorProto.FLOAT
            self._nodes.append(helper.make_node("Cast", [name], [other], name=other, to=kind))
        return other

    def _halved_weight(self, name: str) -> str:
        other = f"{name}_{HALF}"
        if other not in self._made:
            self._made.add(other)
            self._graph.initializer.append(_halved_tensor(self._weights[name], other))
        return other

    def _widen_output(self, name: str) -> None:
        if name not in self._half:
            return
        inner = f"{name}_{HALF}"
        for node in self._nodes:
            for names in (node.input, node.output):
                for place, each in enumerate(names):
                    if each == name:
                        names[place] = inner
        self._nodes.append(helper.make_node("Cast", [inner], [name], name=f"{name}_{WIDE}", to=TensorProto.FLOAT))

    def _drop_unused(self) -> None:
        used = {name for node in self._graph.node for name in node.input}
        kept = [TensorProto.FromString(each.SerializeToString()) for each in self._graph.initializer if each.name in used]
        del self._graph.initializer[:]
        self._graph.initializer.extend(kept)


def _floats_of(model: onnx.ModelProto) -> set[str]:
    """All tensors in f32."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = [*graph.input, *graph.value_info, *graph.output]
    names = {value.name for value in values if value.type.tensor_type.elem_type == TensorProto.FLOAT}
    return names | {weight.name for weight in graph.initializer if weight.data_type == TensorProto.FLOAT}


def _halve_attributes(node: onnx.NodeProto) -> None:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR and attribute.t.data_type == TensorProto.FLOAT:
            attribute.t.CopyFrom(_halved_tensor(attribute.t, attribute.t.name))
        elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TensorProto.FLOAT16


def _halved_tensor(tensor: TensorProto, name: str) -> TensorProto:
    numbers = np.clip(numpy_helper.to_array(tensor), -LARGEST, LARGEST).astype(np.float16)
    return numpy_helper.from_array(numbers, name)
