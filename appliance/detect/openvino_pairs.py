"""Q/DQ pairs of an INT8 model in OpenVINO's own form.

OpenVINO reads a pair as five operations. Where the eight bits are signed, as TensorRT wants them, and the CPU has no AMX, it
calculates in unsigned ones and loses the sign (2026.4): such a model sees nothing there. One FakeQuantize that says the same is
taken rightly everywhere, and as fast.

    FakeQuantize ──▶ Convert, i8 ──▶ Convert, f32 [──▶ Subtract zero] ──▶ Multiply by scale
"""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as operations


def join_pairs(model: ov.Model) -> None:
    """Put one operation in the place of each pair, in place."""
    for operation in model.get_ordered_ops():
        if operation.get_type_name() == "FakeQuantize":
            _join(operation)


def _join(first: Any) -> None:
    narrow = _only_user(first, "Convert")
    if narrow is None or narrow.get_output_element_type(0) != ov.Type.i8:
        return
    wide = _only_user(narrow, "Convert")
    shifted = None if wide is None else _only_user(wide, "Subtract")
    zero = 0.0 if shifted is None else _number(shifted, 1)
    scaled = None if wide is None else _only_user(shifted or wide, "Multiply")
    scale = None if scaled is None else _number(scaled, 1)
    if scaled is None or scale is None or zero is None:
        return
    low, high = (np.array((_number(first, place) - zero) * scale, np.float32) for place in (3, 4))
    whole = operations.fake_quantize(
        first.input_value(0), first.input_value(1), first.input_value(2), operations.constant(low), operations.constant(high), 256
    )
    scaled.output(0).replace(whole.output(0))


def _only_user(operation: Any, kind: str) -> Any:
    """What takes the output, if that is one operation of this kind."""
    users = [port.get_node() for port in operation.output(0).get_target_inputs()]
    return users[0] if len(users) == 1 and users[0].get_type_name() == kind else None


def _number(operation: Any, place: int) -> Any:
    """The constant at an input, which may be behind a Convert; None where there is none, or not a single number."""
    node = operation.input_value(place).get_node()
    node = node.input_value(0).get_node() if node.get_type_name() == "Convert" else node
    values = node.data.ravel().tolist() if node.get_type_name() == "Constant" else []
    return float(values[0]) if len(values) == 1 else None
