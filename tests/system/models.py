"""Tiny ONNX models that look like YOLO, without weights: one finds a bright block to the pixel, others are wrong in one thing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import onnx.checker
import onnx.parser

CLASSES = ("car", "person")

HEADER = '<ir_version: 8, opset_import: ["" : 18]>'

# Every anchor of the strides 8, 16 and 32 that lies in what is bright says: class 0, score 0.9, and the box around all that is
# bright. Along an axis the box's end is the largest bright position plus one; its start comes from the same ramp turned round.
DETECTOR = """
detector (float[{batch},3,{height},{width}] images) => (float[{batch},{channels},A] output0)
<
    float bright = {{0.6}}, float half = {{0.5}}, float score = {{0.9}}, int64 zero = {{0}}, int64 one = {{1}},
    int64[1] axis_1 = {{1}}, int64[1] axis_2 = {{2}}, int64[2] not_columns = {{1, 2}}, int64[2] not_rows = {{1, 3}},
    int64[3] flat = {{0, 1, -1}}
>
{{
    grey = ReduceMean <keepdims = 1> (images, axis_1)
    is_bright = Greater (grey, bright)
    mask = Cast <to = 1> (is_bright)

    columns = ReduceMax <keepdims = 0> (mask, not_columns)
    width_1 = Shape <start = 3, end = 4> (images)
    width = Squeeze (width_1)
    columns_from_0 = Range (zero, width, one)
    columns_from_1 = Add (columns_from_0, one)
    columns_back = Sub (width, columns_from_0)
    rightwards = Cast <to = 1> (columns_from_1)
    leftwards = Cast <to = 1> (columns_back)
    width_px = Cast <to = 1> (width)
    right_ends = Mul (columns, rightwards)
    right = ReduceMax <keepdims = 1> (right_ends, axis_1)
    left_ends = Mul (columns, leftwards)
    left_back = ReduceMax <keepdims = 1> (left_ends, axis_1)
    left = Sub (width_px, left_back)

    rows = ReduceMax <keepdims = 0> (mask, not_rows)
    height_1 = Shape <start = 2, end = 3> (images)
    height = Squeeze (height_1)
    rows_from_0 = Range (zero, height, one)
    rows_from_1 = Add (rows_from_0, one)
    rows_back = Sub (height, rows_from_0)
    downwards = Cast <to = 1> (rows_from_1)
    upwards = Cast <to = 1> (rows_back)
    height_px = Cast <to = 1> (height)
    bottom_ends = Mul (rows, downwards)
    bottom = ReduceMax <keepdims = 1> (bottom_ends, axis_1)
    top_ends = Mul (rows, upwards)
    top_back = ReduceMax <keepdims = 1> (top_ends, axis_1)
    top = Sub (height_px, top_back)

    x_sum = Add (left, right)
    x_centre = Mul (x_sum, half)
    y_sum = Add (top, bottom)
    y_centre = Mul (y_sum, half)
    box_width = Sub (right, left)
    box_height = Sub (bottom, top)
    box_4 = Concat <axis = 1> (x_centre, y_centre, box_width, box_height)
    box_split = Unsqueeze (box_4, axis_2)

    fine = AveragePool <kernel_shape = [8, 8], strides = [8, 8]> (mask)
    middle = AveragePool <kernel_shape = [16, 16], strides = [16, 16]> (mask)
    coarse = AveragePool <kernel_shape = [32, 32], strides = [32, 32]> (mask)
    fine_flat = Reshape (fine, flat)
    middle_flat = Reshape (middle, flat)
    coarse_flat = Reshape (coarse, flat)
    anchors = Concat <axis = 2> (fine_flat, middle_flat, coarse_flat)
    is_inside = Greater (anchors, half)
    inside = Cast <to = 1> (is_inside)
    first_class = Mul (inside, score)
    nothing = Sub (inside, inside)
    boxes = Add (nothing, box_split)
    output0 = Concat <axis = 1> (boxes, first_class{other_classes})
}}
"""


def write_detector(
    path: Path,
    *,
    classes: Sequence[str] = CLASSES,
    names: Sequence[str] | None = None,
    batch: int | str = "N",
    size: tuple[int | str, int | str] = ("H", "W"),
) -> Path:
    """A model that finds one bright block: (N, 3, H, W) in 0..1 to (N, 4 + C, A) in pixels of the input, as YOLOv8's.

    ``size`` is (height, width); a dimension that is a word is open. ``names`` is what the file says of its classes, where that
    differs from what its output has room for; nothing at all where it is empty.
    """
    text = DETECTOR.format(
        batch=batch, height=size[0], width=size[1], channels=4 + len(classes), other_classes=", nothing" * (len(classes) - 1)
    )
    return write_model(path, text, classes if names is None else names)


def write_model(path: Path, text: str, names: Sequence[str] = CLASSES) -> Path:
    """A model in ONNX's text form as a file, with its class names as ultralytics writes them."""
    model = onnx.parser.parse_model(HEADER + text)
    if names:
        entry = model.metadata_props.add()
        entry.key, entry.value = "names", str(dict(enumerate(names)))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    return path
