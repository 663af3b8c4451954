"""Small networks with convolutions for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx.checker
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from appliance.boxes import Floats


def weights(*shape: int, seed: int = 0) -> Floats:
    """Each channel ten times as large as the one before, so that one scale for all would not do."""
    sizes = 10.0 ** np.arange(shape[0])
    values = np.random.default_rng(seed).normal(0, 0.1, shape) * sizes.reshape(-1, *[1] * (len(shape) - 1))
    return values.astype(np.float32)


def network() -> onnx.ModelProto:
    """As in YOLO: two convolutions of the input, whose sum is halved; one half goes through a third, and all meet in a fourth.
    At the end stands one with a single channel.
    """
    tensors: dict[str, NDArray[Any]] = {
        "w1": weights(4, 3, 3, 3, seed=1),
        "b1": np.ones(4, np.float32),
        "w2": weights(4, 3, 3, 3, seed=2),
        "w3": weights(2, 2, 1, 1, seed=3),
        "w4": weights(3, 6, 1, 1, seed=4),
        "w5": weights(1, 3, 1, 1, seed=5),
        "halves": np.array([2, 2], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["images", "w1", "b1"], ["one"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["images", "w2"], ["other"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["one", "other"], ["both"]),
        helper.make_node("Split", ["both", "halves"], ["left", "right"], axis=1),
        helper.make_node("Conv", ["right", "w3"], ["third"]),
        helper.make_node("Concat", ["third", "left", "right"], ["joined"], axis=1),
        helper.make_node("Conv", ["joined", "w4"], ["fourth"]),
        helper.make_node("Conv", ["fourth", "w5"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["N", 1, "H", "W"])],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    return model
