"""A network that sees nothing, at next to no cost: all that is left of a machine with it is the machine."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.checker
import onnx.parser

CLASSES = 80

# The output has YOLOv8's shape, (N, 4 + C, A) with the anchors of the strides 8, 16 and 32. It hangs on one pixel of the
# input, so that no engine may leave the input out.
NETWORK = """
<ir_version: 8, opset_import: ["" : 18]>
nothing (float[N,3,H,W] images) => (float[N,{channels},A] output0)
<
    float zero = {{0}}, int64[3] strides = {{8, 16, 32}}, int64[1] channels = {{{channels}}}, int64[1] last = {{0}},
    int64[3] starts = {{0, 0, 0}}, int64[3] ends = {{1, 1, 1}}, int64[3] axes = {{1, 2, 3}}, int64[1] axis = {{3}}
>
{{
    batch = Shape <start = 0, end = 1> (images)
    height = Shape <start = 2, end = 3> (images)
    width = Shape <start = 3, end = 4> (images)
    rows = Div (height, strides)
    columns = Div (width, strides)
    cells = Mul (rows, columns)
    anchors = ReduceSum <keepdims = 1> (cells, last)
    shape = Concat <axis = 0> (batch, channels, anchors)
    pixel = Slice (images, starts, ends, axes)
    black = Mul (pixel, zero)
    flat = Squeeze (black, axis)
    output0 = Expand (flat, shape)
}}
"""


def write_empty_model(path: Path) -> Path:
    """Write it as an ONNX file that takes pictures of any size and any number at once."""
    model = onnx.parser.parse_model(NETWORK.format(channels=4 + CLASSES))
    entry = model.metadata_props.add()
    entry.key, entry.value = "names", str({number: f"class_{number}" for number in range(CLASSES)})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return path
