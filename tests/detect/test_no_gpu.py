"""Why there is no GPU, and what to do about it: whatever CUDA calls it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.config import DetectorSettings
from appliance.detect import cuda
from appliance.detect.cuda import GpuError, OutOfGpuMemory
from appliance.detect.cuda_python import CHOICE, CudaPython
from appliance.detect.cuda_words import remedy_for
from appliance.detect.tensorrt_engine import TensorRtEngine, open_tensorrt
from appliance.detect.tensorrt_plan import LoadedPlan
from appliance.errors import Refusal
from tests.detect.fake_cuda import Error, FakeCudart
from tests.detect.fake_tensorrt import Fake, serialized

SHAPES = [((1, 32, 32, 3), (4, 64, 96, 3), (4, 128, 128, 3))]


def refusal(error: Error | None) -> str:
    """What is said where asking for GPUs ends like that, or finds none."""
    gpu = FakeCudart(devices=0)
    if error is not None:
        gpu.faults["cudaGetDeviceCount", 1] = error
    with pytest.raises(Refusal) as refused:
        CudaPython(gpu)
    return refused.value.sentence


@pytest.mark.parametrize(
    ("error", "is_seen", "chosen", "words"),
    [
        pytest.param(None, False, None, "start the container with '--gpus all'", id="a container without --gpus"),
        pytest.param(Error.cudaErrorInsufficientDriver, False, None, "install NVIDIA's driver, or", id="no driver"),
        pytest.param(Error.cudaErrorInsufficientDriver, True, None, "older than this CUDA wants: update it", id="an old driver"),
        pytest.param(Error.cudaErrorNoDevice, True, "7", "CUDA_VISIBLE_DEVICES is '7': unset it, or", id="a choice of none"),
        pytest.param(Error.cudaErrorDevicesUnavailable, True, None, "another program has it for itself", id="for one alone"),
        pytest.param(Error.cudaErrorSystemDriverMismatch, True, None, "start the computer anew", id="an update half done"),
        pytest.param(Error.cudaErrorLaunchFailure, True, None, "start the computer anew", id="a GPU that is lost"),
    ],
)
def test_without_a_gpu_it_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Error | None, is_seen: bool, chosen: str | None, words: str
) -> None:
    monkeypatch.setattr(cuda, "DEVICE_FILES", (tmp_path if is_seen else tmp_path / "none",))
    if chosen is None:
        monkeypatch.delenv(CHOICE, raising=False)
    else:
        monkeypatch.setenv(CHOICE, chosen)
    sentence = refusal(error)
    assert sentence.startswith("a GPU of NVIDIA's is wanted, found none, because ")
    assert words in sentence
    # What to do where there is no driver is no use where there is one, and the other way round.
    assert ("--gpus all" in sentence) is not is_seen
    assert ("update it on the host" in sentence) == (is_seen and error is Error.cudaErrorInsufficientDriver)


def test_a_gpu_that_nobody_has_built_for_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = DetectorSettings(model="m")
    monkeypatch.setattr(cuda, "DEVICE_FILES", (tmp_path / "none",))
    with pytest.raises(Refusal, match="(TensorRT|GPU of NVIDIA's) is wanted"):
        open_tensorrt(tmp_path, "a" * 64, wanted)
    monkeypatch.setattr(cuda, "DEVICE_FILES", (tmp_path,))
    with pytest.raises(Refusal, match="no engine of this model was built here"):
        open_tensorrt(tmp_path, "a" * 64, wanted)


def test_nothing_is_said_of_what_nobody_knows() -> None:
    assert remedy_for("cudaErrorInvalidValue", is_seen=True, chosen=None) == ""


def test_a_gpu_that_cannot_keep_work_as_a_graph_is_used_without() -> None:
    gpu = FakeCudart()
    gpu.faults |= {("cudaGraphInstantiate", number): Error.cudaErrorNotSupported for number in range(1, 9)}
    engine = TensorRtEngine(LoadedPlan(Fake(gpu).module, serialized(SHAPES)), {}, DetectorSettings(model="m"), CudaPython(gpu))
    assert gpu.calls["cudaGraphInstantiate"] > 0
    assert gpu.graphs == {}
    engine.close()
    assert gpu.violations == []


def test_what_cuda_remembers_of_a_failure_is_not_taken_for_the_next_one() -> None:
    gpu = FakeCudart()
    gpu.faults["cudaMalloc", 1] = Error.cudaErrorMemoryAllocation
    opened = CudaPython(gpu)
    with pytest.raises(GpuError, match="a smaller detector.max_batch"):
        opened.allocate(16)
    assert gpu.last is Error.cudaSuccess


def test_without_room_for_a_context_it_is_told_as_such() -> None:
    gpu = FakeCudart()
    fake = Fake(gpu)
    engine = TensorRtEngine(LoadedPlan(fake.module, serialized(SHAPES)), {}, DetectorSettings(model="m"), CudaPython(gpu))
    fake.faults = {("roomy context", number): True for number in range(100)}
    with pytest.raises(OutOfGpuMemory, match="make a context, .*OutOfMemory .* a smaller detector.max_batch"):
        engine.submit([np.zeros((128, 128, 3), np.uint8)])
    engine.close()
    assert gpu.violations == []
    assert not any(gpu.holdings.values()), gpu.holdings
