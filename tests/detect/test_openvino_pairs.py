"""An INT8 model says the same on every CPU, also where OpenVINO has no signed eight bits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino as ov
import pytest

from appliance.detect.openvino_pairs import join_pairs
from appliance.precision.calibrating import reaches_of
from appliance.precision.graph import plan, with_pairs
from tests.precision.networks import network

PICTURE = np.random.default_rng(7).integers(0, 256, (16, 24, 3), np.uint8)
PLANES = np.ascontiguousarray(PICTURE.transpose(2, 0, 1)[None]).astype(np.float32) / np.float32(255)
RUN = """
import sys
import numpy as np
import openvino as ov
from appliance.detect.openvino_pairs import join_pairs
model = ov.Core().read_model(sys.argv[1])
join_pairs(model)
compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
np.save(sys.argv[3], compiled(np.load(sys.argv[2]))[0])
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    exact = network()
    pairs = with_pairs(exact, plan(exact), reaches_of(exact, plan(exact), [PICTURE], threads=1)["largest"])
    onnx.save(pairs, str(tmp_path / "int8.onnx"))
    return tmp_path / "int8.onnx"


def test_each_pair_becomes_one_operation(model: Path) -> None:
    read = ov.Core().read_model(str(model))
    before = [operation.get_type_name() for operation in read.get_ordered_ops()]
    join_pairs(read)
    after = [operation.get_type_name() for operation in read.get_ordered_ops()]
    assert before.count("FakeQuantize") == after.count("FakeQuantize") == 3
    # What is left widens the weights.
    assert after.count("Multiply") == before.count("Multiply") - 3


def test_a_model_without_pairs_stays_as_it_is(tmp_path: Path) -> None:
    onnx.save(network(), str(tmp_path / "f32.onnx"))
    read = ov.Core().read_model(str(tmp_path / "f32.onnx"))
    before = [operation.get_friendly_name() for operation in read.get_ordered_ops()]
    join_pairs(read)
    assert [operation.get_friendly_name() for operation in read.get_ordered_ops()] == before


@pytest.mark.parametrize("instructions", ["", "AVX512_CORE_VNNI"])
def test_it_calculates_what_onnx_runtime_does(model: Path, tmp_path: Path, instructions: str) -> None:
    """Nearly: each rounds in its own way. A CPU that has no such instructions does what it can."""
    np.save(tmp_path / "planes.npy", PLANES)
    environment = os.environ | ({"ONEDNN_MAX_CPU_ISA": instructions} if instructions else {})
    files = (str(model), str(tmp_path / "planes.npy"), str(tmp_path / "out.npy"))
    subprocess.run([sys.executable, "-c", RUN, *files], env=environment, check=True, timeout=60)
    (wanted,) = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"]).run(None, {"images": PLANES})
    found = np.load(tmp_path / "out.npy")
    assert np.abs(found - wanted).mean() < 0.01 * np.abs(wanted).max()
