"""A computer with a GPU and a TensorRT that are none: engines are ONNX graphs, which ONNX Runtime runs on the CPU.

Other processes have it, too, where ``stand_ins`` is on their path; what it shall be is in their environment.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from appliance.detect.tensorrt_api import TensorRt
from tests.detect.fake_cuda import Error, FakeCudart
from tests.detect.fake_tensorrt import MAGIC, Answer, DataType, Fake, Severity

STAND_INS = Path(__file__).resolve().parent / "stand_ins"
ROOT = STAND_INS.parent.parent.parent
VERSION, IS_BLIND, HAS_GPU = "FAKE_TENSORRT_VERSION", "FAKE_TENSORRT_IS_BLIND", "FAKE_CUDA_HAS_GPU"
MEMORY_BYTES = "FAKE_CUDA_MEMORY"
# Which answers, counted from 1, it has no room for; with commas between them.
FULL_AT = "FAKE_CUDA_FULL_AT"
# A file; as soon as it is there, the GPU is not.
LOST = "FAKE_CUDA_LOST"
KINDS = {1: DataType.FLOAT, 2: DataType.UINT8, 10: DataType.HALF}


class Computer(Fake):
    """Its TensorRT, with a builder."""

    workspace_bytes = 0
    """That the last build was given."""

    def answer_of(self, model: bytes) -> Answer:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        (source,) = session.get_inputs()

        def answer(pictures: NDArray[Any]) -> NDArray[Any]:
            (output,) = session.run(None, {source.name: pictures})
            # An engine that was built wrongly sees nothing.
            return np.asarray(output) * (0 if os.environ.get(IS_BLIND) else 1)

        return answer

    @property
    def module(self) -> TensorRt:
        found: Any = super().module
        found.Builder = lambda logger: Builder(self, logger)
        found.OnnxParser = Parser
        return found  # type: ignore[no-any-return]  # of the fake's own kind


class Network:
    """A graph, once it has been read."""

    model: onnx.ModelProto
    serialized = b""


class Parser:
    """What reads it."""

    def __init__(self, network: Network, logger: Any) -> None:
        self._network, self._errors = network, list[str]()

    @property
    def num_errors(self) -> int:
        return len(self._errors)

    def get_error(self, index: int) -> Any:
        return type("Error", (), {"desc": lambda _: self._errors[index]})()

    def parse(self, model: bytes) -> bool:
        self._network.model, self._network.serialized = onnx.load_from_string(model), model
        operations = {node.op_type for node in self._network.model.graph.node}
        if "NonMaxSuppression" in operations:
            self._errors.append("In node 7 (importFallback): UNSUPPORTED_NODE: no importer for\nNonMaxSuppression")
        return not self._errors


class Config:
    """How it is built."""

    def __init__(self) -> None:
        self.profiles: list[Any] = []
        self.workspace_bytes = 0
        self.builder_optimization_level = 3
        self.progress_monitor: Any = None
        self._timings = b""

    def set_memory_pool_limit(self, pool: object, pool_size: int) -> None:
        self.workspace_bytes = pool_size

    def add_optimization_profile(self, profile: Any) -> int:
        self.profiles.append(profile.shapes)
        return len(self.profiles) - 1

    def create_timing_cache(self, serialized_timing_cache: bytes) -> Any:
        timings = serialized_timing_cache + b"+1"
        return type("Timings", (), {"serialize": lambda _: timings})()

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
        self._cache = cache
        return True

    def get_timing_cache(self) -> Any:
        return self._cache


class Profile:
    """Shapes."""

    def set_shape(self, input: str, min: Any, opt: Any, max: Any) -> None:
        self.shapes = (min, opt, max)


class Builder:
    """What builds."""

    def __init__(self, world: Computer, logger: Any) -> None:
        self._world, self._logger = world, logger

    def create_network(self, flags: int) -> Network:
        assert flags == 2
        return Network()

    def create_builder_config(self) -> Config:
        return Config()

    def create_optimization_profile(self) -> Profile:
        return Profile()

    def build_serialized_network(self, network: Network, config: Config) -> bytes | None:
        self._world.workspace_bytes = config.workspace_bytes
        monitor = config.progress_monitor
        monitor.phase_start("Building Engine", None, 2)
        assert monitor.step_complete("Building Engine", 0)
        monitor.phase_finish("Building Engine")
        if self._world.fails("build"):
            self._logger.log(Severity.ERROR, "[resizePhysical] Error Code 2: OutOfMemory (Requested size was 4096 bytes.)")
            return None
        if not config.profiles:
            self._logger.log(Severity.ERROR, "Network has dynamic inputs, but no optimization profile has been defined")
            return None
        kinds = [
            KINDS[each.type.tensor_type.elem_type].name for each in (*network.model.graph.input[:1], *network.model.graph.output)
        ]
        tree = {"version": self._world.version, "profiles": config.profiles, "dtype": kinds[0], "output": kinds[1]}
        return MAGIC + json.dumps(tree).encode() + b"\n" + network.serialized


class Gpu(FakeCudart):
    """One that may go while it is used."""

    def _enter(self, name: str, *, waits: bool = False) -> Error:
        if os.path.exists(os.environ.get(LOST, "")):
            self.lost = Error.cudaErrorLaunchFailure
        return super()._enter(name, waits=waits)


CUDA = Gpu(devices=int(os.environ.get(HAS_GPU, "1")), memory_bytes=int(os.environ.get(MEMORY_BYTES, 1 << 30)))
CUDA.faults |= {
    ("cudaEventSynchronize", int(number)): Error.cudaErrorMemoryAllocation
    for number in filter(None, os.environ.get(FULL_AT, "").split(","))
}
TENSORRT = Computer(CUDA, os.environ.get(VERSION, "10.3.0")).module


def have_gpu(monkeypatch: pytest.MonkeyPatch, **other: str) -> None:
    """From now on the processes that this test starts have this computer's GPU."""
    monkeypatch.setenv("PYTHONPATH", f"{STAND_INS}:{ROOT}")
    for name, value in other.items():
        monkeypatch.setenv(name, value)
