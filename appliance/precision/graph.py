"""An ONNX network with eight-bit convolutions: where Q/DQ pairs go, and putting them there.

A pair, to eight bits and back, stands behind whatever calculates the numbers that a convolution takes, and half a pair behind its
weights. What runs the network sees the pairs and calculates in eight bits between them:

    … ──▶ Conv ──▶ SiLU ──▶ Q ──▶ DQ ──▶ Split, Concat, Resize, MaxPool ──▶ Conv ──▶ …
                                                  weights, int8 ──▶ DQ ──▶

Between a pair and the next convolution numbers are only moved, so they stay in eight bits on the way. Standing right before each
convolution, pairs cost as much as they save: the numbers are moved at full width, and changed for every one that takes them. What
meets in a Concat has one scale. Everything is symmetric, with zero at zero, weights channel by channel, and the bias in f32, so
that OpenVINO and TensorRT take the same file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from appliance.boxes import Floats
from appliance.errors import Refusal

# -127 to 127: symmetric.
LEVELS = 127
# What is smaller is nothing.
SMALLEST = 1e-30
# Since then weights may have a scale for every channel.
LEAST_OPERATOR_SET = 13
# What moves numbers, or takes the larger of two; what is moved comes first, but for Concat, where it is everything.
MOVING = {"Concat", "Identity", "MaxPool", "Reshape", "Resize", "Slice", "Split", "Transpose"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be in eight bits; tensors by name."""

    convolutions: frozenset[str]
    """By their outputs."""
    groups: dict[str, str]
    """Every tensor behind which a pair stands, and the first of those that have one scale with it."""


def plan(model: onnx.ModelProto) -> Plan:
    """All convolutions whose weights are in the model; but not one with a single channel, which only adds up.

    Such a one reads a distribution as a distance, at the end of YOLO's heads, where every bit is a part of a pixel, and what it
    costs is next to nothing.
    """
    weights, made_by = _weights(model), {name: node for node in model.graph.node for name in node.output}
    convolutions, groups = [], dict[str, str]()
    for node in model.graph.node:
        if node.op_type != "Conv" or len(weights.get(node.input[1], ())) < 2:
            continue
        sources = list(dict.fromkeys(_sources(node.input[0], made_by)))
        joined = {groups.get(source, source) for source in sources}
        first = min(joined)
        groups.update(dict.fromkeys(sources, first))
        groups.update({source: first for source, group in groups.items() if group in joined})
        convolutions.append(node.output[0])
    return Plan(frozenset(convolutions), groups)


def _sources(tensor: str, made_by: Mapping[str, onnx.NodeProto]) -> Iterator[str]:
    """What has calculated the numbers of a tensor."""
    node = made_by.get(tensor)
    if node is None or node.op_type not in MOVING:
        yield tensor
        return
    for name in node.input if node.op_type == "Concat" else node.input[:1]:
        yield from _sources(name, made_by)


def _weights(model: onnx.ModelProto) -> dict[str, Floats]:
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) >= 3
    }


def refuse_unfit(model: onnx.ModelProto, name: str) -> None:
    """Raise ``Refusal`` where nothing of it could be calculated in eight bits."""
    found = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if found < LEAST_OPERATOR_SET:
        raise Refusal(f"for int8 the model {name} must use operator set {LEAST_OPERATOR_SET} or later, found {found}")
    if not plan(model).convolutions:
        raise Refusal(f"for int8 the model {name} must have convolutions with weights of its own in f32, found none")


def with_pairs(model: onnx.ModelProto, wanted: Plan, reaches: Mapping[str, float]) -> onnx.ModelProto:
    """A copy with pairs; ``reaches`` says how far the numbers of each group go from zero. Where all are zero, none stands."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    graph = out.graph
    weights = _weights(model)
    scales = {tensor: reaches[group] / LEVELS for tensor, group in wanted.groups.items() if reaches[group] > SMALLEST}
    pairs = _Pairs(graph)
    for value in model.graph.input:
        if value.name in scales:
            pairs.add_pair(value.name, scales[value.name])
    for node in model.graph.node:
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        for place, name in enumerate(node.input):
            changed.input[place] = _back(name) if name in scales else name
        if node.output[0] in wanted.convolutions:
            pairs.add_weights(node.input[1], weights[node.input[1]])
            changed.input[1] = _back(node.input[1])
        pairs.nodes.append(changed)
        for name in node.output:
            if name in scales:
                pairs.add_pair(name, scales[name])
    del graph.node[:]
    graph.node.extend(pairs.nodes)
    _drop_unused(graph, weights)
    return out


class _Pairs:
    """The nodes of the new graph, in order; the tensors that they need go into the graph."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._done: set[str] = set()
        self.nodes: list[onnx.NodeProto] = []

    def add_pair(self, tensor: str, scale: float) -> None:
        """Behind a tensor that has just been calculated."""
        numbers = self._scale(tensor, np.array(scale, np.float32))
        self.nodes += [
            helper.make_node("QuantizeLinear", [tensor, *numbers], [f"{tensor}_int8"], name=f"{tensor}_to_int8"),
            helper.make_node("DequantizeLinear", [f"{tensor}_int8", *numbers], [_back(tensor)], name=_back(tensor)),
        ]

    def add_weights(self, tensor: str, values: Floats) -> None:
        """Half a pair, once."""
        if tensor in self._done:
            return
        self._done.add(tensor)
        steps, scales = to_int8(values)
        self._graph.initializer.append(numpy_helper.from_array(steps, f"{tensor}_int8"))
        numbers = [f"{tensor}_int8", *self._scale(tensor, scales)]
        self.nodes.append(helper.make_node("DequantizeLinear", numbers, [_back(tensor)], name=_back(tensor), axis=0))

    def _scale(self, tensor: str, scale: Floats) -> list[str]:
        zero = np.zeros(scale.shape, np.int8)
        names = [f"{tensor}_scale", f"{tensor}_zero"]
        self._graph.initializer.extend([numpy_helper.from_array(scale, names[0]), numpy_helper.from_array(zero, names[1])])
        return names


def _back(tensor: str) -> str:
    return f"{tensor}_back"


def to_int8(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights (C, …) in whole steps, and the size of a step for each channel (C,)."""
    largest = np.abs(weights.reshape(len(weights), -1)).max(axis=1)
    scales = np.where(largest > SMALLEST, largest / LEVELS, 1).astype(np.float32)
    steps = np.rint(weights / scales.reshape(-1, *[1] * (weights.ndim - 1)))
    return np.clip(steps, -LEVELS, LEVELS).astype(np.int8), scales


def _drop_unused(graph: onnx.GraphProto, candidates: Mapping[str, Floats]) -> None:
    """What only was there in f32: the file gets a quarter of the size."""
    used = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used or tensor.name not in candidates]
    copies = [TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
    del graph.initializer[:]
    graph.initializer.extend(copies)
