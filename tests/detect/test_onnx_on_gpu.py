"""ONNX Runtime where it is one for GPUs: used where it really works there, and else passed over with the reason.

The installed one has no GPU, and says so; a provider that it has and that leaves all work to the CPU takes the GPU's place.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.clock import wall_ns
from appliance.config import DetectorSettings, Precision
from appliance.detect import choice
from appliance.detect.choice import Engines, open_engine
from appliance.detect.cuda import OutOfGpuMemory
from appliance.detect.detector import Engine
from appliance.errors import Refusal
from appliance.models.strikes import MOST_STRIKES
from tests.detect.bad_models import write_failing, write_too_large_with_others
from tests.system.models import write_detector

SHA256 = "a" * 64
OTHER = "AzureExecutionProvider"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ONNX Runtime's files look like those of onnxruntime-gpu."""
    monkeypatch.setattr(choice, "GPU_LIBRARY", "__init__.py")
    return write_detector(tmp_path / "tiny.onnx")


def opened(model: Path, backend: str, precision: Precision = Precision.AUTO) -> Engine:
    settings = DetectorSettings(model=str(model), backend=backend, precision=precision)
    return open_engine(model, settings, is_live=True, engines=Engines(model.parent, SHA256))


@pytest.mark.parametrize(("backend", "next_one"), [("onnxruntime", "ONNX Runtime"), ("auto", "OpenVINO")])
def test_a_gpu_that_onnx_runtime_does_not_know_is_passed_over(model: Path, backend: str, next_one: str) -> None:
    engine = opened(model, backend)
    assert engine.info.backend.startswith(next_one)
    assert not engine.info.backend.endswith("tf32")
    reason = engine.info.passed_over[-1]
    assert reason.startswith("not onnxruntime on a GPU: ONNX Runtime for CUDAExecutionProvider is wanted, found one for ")
    assert "pip install onnxruntime-gpu" in reason
    engine.close()
    assert not list(model.parent.glob("*.strike-*"))


def test_what_works_there_is_used_and_called_so(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "GPU_PROVIDER", OTHER)
    engine = opened(model, "auto")
    assert engine.info.backend.startswith("ONNX Runtime ")
    assert engine.info.backend.endswith(" Azure tf32")
    engine.submit([np.zeros((96, 128, 3), np.uint8)] * engine.max_batch)
    assert len(engine.collect()) == engine.max_batch == 8
    # Who ends now has a strike.
    assert len(list(model.parent.glob("*.strike-*"))) == 1
    engine.close()
    assert not list(model.parent.glob("*.strike-*"))


def test_without_room_for_several_pictures_it_says_so_and_one_goes_on(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "GPU_PROVIDER", OTHER)
    engine = opened(write_too_large_with_others(model), "onnxruntime")
    picture = np.zeros((96, 128, 3), np.uint8)
    with pytest.raises(OutOfGpuMemory, match="to look at 2 at a time: .* requested buffer of size .*; 'nvidia-smi' tells"):
        engine.submit([picture, picture])
    engine.submit([picture])
    assert len(engine.collect()) == 1
    engine.close()
    # On a processor it is no GPU that has none.
    engine = opened(model, "onnxruntime", Precision.F32)
    with pytest.raises(RuntimeError, match="requested buffer of size") as full:
        engine.submit([picture, picture])
    assert not isinstance(full.value, OutOfGpuMemory)


def test_what_has_ended_its_detector_is_left_alone(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "GPU_PROVIDER", OTHER)
    for number in range(MOST_STRIKES):
        (model.parent / f"onnxruntime-{SHA256[:20]}.strike-{wall_ns()}-{number}").touch()
    engine = opened(model, "auto")
    assert engine.info.backend.startswith("OpenVINO")
    assert "it has ended its detector 3 times within the hour" in engine.info.passed_over[-1]


def test_what_loads_and_does_not_run_is_passed_over(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "GPU_PROVIDER", OTHER)
    for _ in range(MOST_STRIKES + 1):
        engine = opened(write_failing(tmp_path / "failing.onnx"), "onnxruntime")
        assert engine.info.backend.endswith(" f32")
        assert engine.info.passed_over[0].startswith("not onnxruntime on a GPU: ")
        # Nobody has ended over it.
        assert "has ended its detector" not in engine.info.passed_over[0]


def test_what_is_wanted_in_f32_is_calculated_on_the_cpu(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "GPU_PROVIDER", OTHER)
    engine = opened(model, "onnxruntime", Precision.F32)
    assert engine.info.backend.endswith(" f32")
    assert engine.info.passed_over == ()


def test_what_is_no_model_is_none_anywhere(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "GPU_PROVIDER", OTHER)
    model.write_bytes(b"\x0a\x05hello this is not a network")
    with pytest.raises(Refusal, match="must be an ONNX file"):
        opened(model, "auto")
