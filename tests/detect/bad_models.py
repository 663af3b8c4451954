"""Real ONNX models that are wrong in one thing each, made from the one that finds a bright block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.checker
from onnx import helper, numpy_helper

from tests.system.models import CLASSES, DETECTOR, write_detector, write_model

MEANS = "mean (float[N,3,H,W] images) => (float[N,3] out) <int64[2] a = {2, 3}> { out = ReduceMean <keepdims = 0> (images, a) }"
CHANNELS = 4 + len(CLASSES)
SLOW_SIDE, SLOW_STEPS = 1024, 3
ALL_THAT_IS_SEEN = "first_class = Mul (inside, score)"
# What is narrower than half of the picture.
SMALL = """half_width = Mul (width_px, half)
    is_large = Greater (box_width, half_width)"""
# How many pictures it is given.
BATCH = """batch_1 = Shape <start = 0, end = 1> (images)
    batch = Squeeze (batch_1)"""


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


def write_failing(path: Path) -> Path:
    """It loads, and whatever it is given is too much for it."""
    shape = numpy_helper.from_array(np.array([1, CHANNELS, 1], np.int64), "one_anchor")
    return _with_nodes_behind(path, [helper.make_node("Reshape", ["plain", "one_anchor"], ["output0"])], shape)


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


def write_blind_to_what_is_small(path: Path) -> Path:
    """It finds what fills half of the picture, and nothing else."""
    return write_model(path, _seeing(f"{SMALL}\n    is_seen = Cast <to = 1> (is_large)"))


def write_blind_on_the_right(path: Path) -> Path:
    """It finds what is in the left third of the picture, and nothing else."""
    near = "limit = Mul (width_px, third)\n    is_near = Less (x_centre, limit)\n    is_seen = Cast <to = 1> (is_near)"
    return write_model(path, _seeing(near, "float third = {0.3333}"))


def write_slow_for_what_is_small(path: Path) -> Path:
    """It takes its time as soon as there is something that is narrower than half of the picture."""
    small = f"""{SMALL}
    is_small = Not (is_large)
    is_there = Greater (right, nil)
    is_it = And (is_small, is_there)
    is_it_64 = Cast <to = 7> (is_it)
    times = ReduceMax <keepdims = 0> (is_it_64)"""
    return write_model(path, _slow(small, SLOW_STEPS))


def write_failing_for_what_is_small(path: Path) -> Path:
    """It works, until there is something that is narrower than half of the picture."""
    steps = f"""{SMALL}
    is_small = Not (is_large)
    is_there = Greater (right, nil)
    is_it = And (is_small, is_there)
    is_it_64 = Cast <to = 7> (is_it)
    times = ReduceMax <keepdims = 0> (is_it_64)
    room = Shape <start = 2, end = 3> (inside)
    more_room = Add (room, times)
    one_or_two = Add (one_row, times)
    shape = Concat <axis = 0> (same, one_or_two, more_room)
    shaped = Reshape (inside, shape)
    first_class = Mul (shaped, score)"""
    return write_model(path, _changed(ALL_THAT_IS_SEEN, steps, "float nil = {0}, int64[1] same = {0}, int64[1] one_row = {1}"))


def write_too_large_with_others(path: Path) -> Path:
    """For two pictures at once it wants more memory than there is anywhere, and none for one."""
    steps = f"""{BATCH}
    others = Sub (batch, one)
    numbers = Mul (others, far_too_many)
    room = Unsqueeze (numbers, axis_0)
    nothings = Expand (nil, room)
    nothing_much = ReduceSum <keepdims = 0> (nothings)
    certain = Add (score, nothing_much)
    first_class = Mul (inside, certain)"""
    constants = "float nil = {0}, int64 far_too_many = {1000000000000000}, int64[1] axis_0 = {0}"
    return write_model(path, _changed(ALL_THAT_IS_SEEN, steps, constants))


def write_slow_with_others(path: Path) -> Path:
    """It takes its time for two pictures at once, and none for one."""
    return write_model(path, _slow(f"{BATCH}\n    times = Sub (batch, one)", 1))


def write_crashing_on_load(path: Path) -> Path:
    """Its first number divided by the second is one more than the largest that there is; on x86 that ends who divides."""
    return write_model(path, _dividing("divisor = Add (minus_one, zero)"))


def write_crashing_with_others(path: Path) -> Path:
    """The same, but for two pictures at once only."""
    return write_model(path, _dividing(f"{BATCH}\n    divisor = Sub (batch, three)"))


def write_shuffled(source: Path, path: Path) -> Path:
    """The model with the values of each weight in another order."""
    model, order = onnx.load(str(source)), np.random.default_rng(7)
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.ndim > 1 and values.dtype.kind == "f":
            weight.CopyFrom(numpy_helper.from_array(order.permutation(values.ravel()).reshape(values.shape), weight.name))
    onnx.save(model, str(path))
    return path


def _changed(what: str, instead: str, constants: str) -> str:
    """The detector's text with something else in it."""
    text = DETECTOR.format(batch="N", height="H", width="W", channels=CHANNELS, other_classes=", nothing")
    assert what in text
    return text.replace("half = {0.5}", f"half = {{0.5}}, {constants}").replace(what, instead)


def _seeing(steps: str, constants: str = "float nil = {0}") -> str:
    """One that is sure of what it sees as many times as the steps say, ``is_seen`` (N, 1)."""
    last = """
    is_seen_split = Unsqueeze (is_seen, axis_2)
    certain = Mul (inside, score)
    first_class = Mul (certain, is_seen_split)"""
    return _changed(ALL_THAT_IS_SEEN, steps + last, constants)


def _slow(steps: str, multiplications: int) -> str:
    """One that multiplies matrices as large as the steps say, ``times`` an integer, so many times."""
    products = "\n    ".join(f"matrix_{step + 1} = MatMul (matrix_{step}, matrix_0)" for step in range(multiplications))
    last = f"""
    side_more = Mul (times, slow_side)
    side = Add (side_more, one)
    side_1 = Unsqueeze (side, axis_0)
    sides = Concat <axis = 0> (side_1, side_1)
    mean = ReduceMean <keepdims = 0> (images)
    little = Mul (mean, scale)
    matrix_0 = Expand (little, sides)
    {products}
    least = ReduceMin <keepdims = 0> (matrix_{multiplications})
    nothing_much = Min (least, nil)
    late = Add (score, nothing_much)
    first_class = Mul (inside, late)"""
    constants = (
        f"float nil = {{0}}, float scale = {{{1 / SLOW_SIDE}}}, int64 slow_side = {{{SLOW_SIDE}}}, int64[1] axis_0 = {{0}}"
    )
    return _changed(ALL_THAT_IS_SEEN, steps + last, constants)


def _dividing(steps: str) -> str:
    """One that divides the least of all integers by ``divisor``."""
    last = """
    quotient = Div (lowest, divisor)
    number = Cast <to = 1> (quotient)
    nothing_of_it = Mul (number, nil)
    certain = Add (score, nothing_of_it)
    first_class = Mul (inside, certain)"""
    constants = "float nil = {0}, int64 three = {3}, int64 minus_one = {-1}, int64 lowest = {-9223372036854775808}"
    return _changed(ALL_THAT_IS_SEEN, steps + last, constants)


def write_large(path: Path, size: int) -> Path:
    """Nothing is wrong with it, but it has so many bytes more than it needs."""
    model = onnx.load(str(write_detector(path)))
    entry = model.metadata_props.add()
    entry.key, entry.value = "remarks", "." * size
    onnx.save(model, str(path))
    return path


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
