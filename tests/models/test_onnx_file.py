"""What an ONNX file is, told from its outside, and never choking on one that is odd."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from appliance.models.onnx_file import summary_of
from tests.detect.bad_models import write_with_weights_elsewhere
from tests.system.models import write_detector, write_model

QUANTIZED = """
q (float[N] images) => (float[N] output0) <float scale = {0.1}, int8 zero = {0}>
{ small = QuantizeLinear (images, scale, zero) output0 = DequantizeLinear (small, scale, zero) }
"""


def test_the_outside_of_a_model_tells_what_it_is(tmp_path: Path) -> None:
    model = onnx.load(str(write_detector(tmp_path / "m.onnx")))
    model.producer_name, model.producer_version = "pencil", "2.0"
    onnx.save(model, str(tmp_path / "m.onnx"))
    found = summary_of(tmp_path / "m.onnx")
    assert (found.producer, found.operator_set, found.precision, found.weights_elsewhere) == ("pencil 2.0", 18, "f32", False)
    assert {"AveragePool", "ReduceMax", "Range"} <= found.operations


def test_halves_and_bytes_are_told_from_floats(tmp_path: Path) -> None:
    model = onnx.load(str(write_detector(tmp_path / "m.onnx")))
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((100, 100), np.float16), "halves"))
    onnx.save(model, str(tmp_path / "halves.onnx"))
    assert summary_of(tmp_path / "halves.onnx").precision == "f16"
    assert summary_of(write_model(tmp_path / "bytes.onnx", QUANTIZED)).precision == "int8"


def test_weights_in_other_files_are_noticed(tmp_path: Path) -> None:
    assert summary_of(write_with_weights_elsewhere(tmp_path / "m.onnx")).weights_elsewhere


@pytest.mark.parametrize("seed", range(4))
def test_a_file_with_any_bytes_changed_is_read_to_an_end(tmp_path: Path, seed: int) -> None:
    content, dice = write_detector(tmp_path / "m.onnx").read_bytes(), random.Random(seed)
    for _ in range(60):
        changed = bytearray(content)
        for _ in range(dice.randrange(1, 9)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        (tmp_path / "odd.onnx").write_bytes(changed)
        assert summary_of(tmp_path / "odd.onnx").precision in ("f32", "f16", "int8")
