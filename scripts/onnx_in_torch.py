"""An ONNX network as a function of torch's, on a GPU, for inputs of one shape: the same weights, for scripts/bench_gpu.py.

ONNX Runtime works out first what depends on the shape alone, so that only what is calculated is left: some fifteen operations.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import numpy_helper

Tensor: TypeAlias = Any
Attributes = dict[str, Any]
Operation = Callable[[Attributes, list[Any]], Any]


class OnnxInTorch:
    """Call it with pixels (N, H, W, 3), uint8; the answer is in f32."""

    def __init__(self, model: Path, shape: tuple[int, int, int], device: str, *, is_halved: bool) -> None:
        """``shape`` is (batch, height, width)."""
        graph = _folded(model, shape).graph
        kind = torch.float16 if is_halved else torch.float32
        self._kind = kind
        self._known: dict[str, Any] = {}
        for weight in graph.initializer:
            array = numpy_helper.to_array(weight)
            is_float = array.dtype == np.float32
            self._known[weight.name] = torch.tensor(array, dtype=kind, device=device) if is_float else array
        self._nodes = [
            (node, {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}) for node in graph.node
        ]
        self._input, self._output = graph.input[0].name, graph.output[0].name

    def __call__(self, pixels: Tensor) -> Tensor:
        known = dict(self._known)
        known[self._input] = pixels.permute(0, 3, 1, 2).to(self._kind) * (1 / 255)
        for node, attributes in self._nodes:
            inputs = [known[name] if name else None for name in node.input]
            found = OPERATIONS[node.op_type](attributes, inputs)
            outputs = found if isinstance(found, tuple) else (found,)
            known.update(zip(node.output, outputs))
        return known[self._output].float()


def _folded(model: Path, shape: tuple[int, int, int]) -> onnx.ModelProto:
    """The network for that shape alone, as ONNX Runtime writes it when it has worked out what it can."""
    network = onnx.load(str(model))
    for side, wanted in zip(network.graph.input[0].type.tensor_type.shape.dim, (shape[0], 3, *shape[1:])):
        side.dim_value = wanted
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = f"{folder}/folded.onnx"
        onnxruntime.InferenceSession(network.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def _conv(attributes: Attributes, inputs: list[Any]) -> Tensor:
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    source = inputs[0] if (top, left) == (bottom, right) else F.pad(inputs[0], (left, right, top, bottom))
    padding = (top, left) if (top, left) == (bottom, right) else (0, 0)
    return F.conv2d(
        source,
        inputs[1],
        inputs[2] if len(inputs) > 2 else None,
        attributes.get("strides", [1, 1]),
        padding,
        attributes.get("dilations", [1, 1]),
        attributes.get("group", 1),
    )


def _max_pool(attributes: Attributes, inputs: list[Any]) -> Tensor:
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    assert (top, left) == (bottom, right)
    return F.max_pool2d(inputs[0], attributes["kernel_shape"], attributes.get("strides", [1, 1]), (top, left))


def _resize(attributes: Attributes, inputs: list[Any]) -> Tensor:
    """Only to the nearest, as YOLO has it."""
    source = inputs[0]
    if len(inputs) > 3 and inputs[3] is not None:
        size = [int(side) for side in inputs[3]][2:]
    else:
        scales = inputs[2].tolist()[2:]
        size = [round(side * scale) for side, scale in zip(source.shape[2:], scales)]
    return F.interpolate(source, size=size, mode="nearest")


def _split(attributes: Attributes, inputs: list[Any]) -> tuple[Tensor, ...]:
    axis = attributes.get("axis", 0)
    if len(inputs) > 1 and inputs[1] is not None:
        return tuple(torch.split(inputs[0], [int(part) for part in inputs[1]], axis))
    return tuple(torch.split(inputs[0], list(attributes["split"]), axis))


def _slice(attributes: Attributes, inputs: list[Any]) -> Tensor:
    source, starts, ends = inputs[0], inputs[1], inputs[2]
    axes = inputs[3] if len(inputs) > 3 else range(len(starts))
    steps = inputs[4] if len(inputs) > 4 else [1] * len(starts)
    chosen = [slice(None)] * source.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        chosen[int(axis)] = slice(int(start), min(int(end), source.shape[int(axis)]), int(step))
    return source[tuple(chosen)]


def _softmax(attributes: Attributes, inputs: list[Any]) -> Tensor:
    return F.softmax(inputs[0], attributes.get("axis", -1))


OPERATIONS: dict[str, Operation] = {
    "Conv": _conv,
    "MaxPool": _max_pool,
    "Resize": _resize,
    "Split": _split,
    "Slice": _slice,
    "Softmax": _softmax,
    "Sigmoid": lambda attributes, inputs: torch.sigmoid(inputs[0]),
    "Relu": lambda attributes, inputs: torch.relu(inputs[0]),
    "Add": lambda attributes, inputs: inputs[0] + inputs[1],
    "Sub": lambda attributes, inputs: inputs[0] - inputs[1],
    "Mul": lambda attributes, inputs: inputs[0] * inputs[1],
    "Div": lambda attributes, inputs: inputs[0] / inputs[1],
    "Concat": lambda attributes, inputs: torch.cat(inputs, attributes["axis"]),
    "Reshape": lambda attributes, inputs: inputs[0].reshape(
        [inputs[0].shape[place] if side == 0 else int(side) for place, side in enumerate(inputs[1])]
    ),
    "Transpose": lambda attributes, inputs: inputs[0].permute(attributes["perm"]),
    "Unsqueeze": lambda attributes, inputs: inputs[0].unsqueeze(int(inputs[1][0])),
    "Identity": lambda attributes, inputs: inputs[0],
}
