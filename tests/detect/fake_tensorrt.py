"""TensorRT without a GPU, at the interface of its Python module: engines run on ``fake_cuda``, by ONNX Runtime or by plain sums.

What TensorRT leaves undefined is noted as a violation: a context that is changed once a graph was made of it, a graph made before
the context's first run, a context that is gone while it works.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from appliance.detect.tensorrt_api import TensorRt
from appliance.detect.yolo import anchor_count
from tests.detect.fake_cuda import OK, FakeCudart, Work

MAGIC = b"ftrt"
CHANNELS = 6
Shape = tuple[int, ...]
Answer = Callable[[NDArray[Any]], NDArray[Any]]


class DataType(Enum):
    UINT8 = np.dtype(np.uint8)
    FLOAT = np.dtype(np.float32)
    HALF = np.dtype(np.float16)
    INT64 = np.dtype(np.int64)


class TensorIOMode(Enum):
    INPUT = 1
    OUTPUT = 2


class MemoryPoolType(Enum):
    WORKSPACE = 1


class ExecutionContextAllocationStrategy(Enum):
    STATIC = 0
    USER_MANAGED = 2


class NetworkDefinitionCreationFlag(IntEnum):
    STRONGLY_TYPED = 1


class BuilderFlag(IntEnum):
    TF32 = 1


class Severity(IntEnum):
    ERROR = 1


class Heard:
    """A class to be derived from."""


@dataclass
class Engine:
    """A network, as the fake has it: its ranges of shapes, and how it answers an input."""

    profiles: list[tuple[Shape, Shape, Shape]]
    answer: Answer
    dtype: DataType = DataType.UINT8
    output_dtype: DataType = DataType.FLOAT
    device_memory_size_v2: int = 4096
    num_io_tensors: int = 2
    error_recorder: Any = None
    world: Fake = field(default=cast("Fake", None))
    logger: Any = None

    @property
    def num_optimization_profiles(self) -> int:
        return len(self.profiles)

    def get_tensor_name(self, index: int) -> str:
        return ("pictures", "output0")[index]

    def get_tensor_mode(self, name: str) -> object:
        return TensorIOMode.INPUT if name == "pictures" else TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name: str) -> object:
        return self.dtype if name == "pictures" else self.output_dtype

    def get_tensor_shape(self, name: str) -> Sequence[int]:
        return self.profiles[0][1]

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> Sequence[Sequence[int]]:
        return list(self.profiles[profile_index])

    def create_execution_context(self, strategy: object) -> Context | None:
        assert strategy is ExecutionContextAllocationStrategy.USER_MANAGED
        if self.world.fails("context"):
            self.error_recorder.report_error(1, "no context, as a test wanted")
            return None
        if self.world.fails("roomy context"):
            self.error_recorder.report_error(2, "[resizePhysical] Error Code 2: OutOfMemory (Requested size was 4096 bytes.)")
            return None
        return Context(self)


class Context:
    """An engine at work."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._world = engine, engine.world
        self._profile = 0
        self._shape: Shape = ()
        self._addresses: dict[str, int] = {}
        self._workspace = (0, 0)
        self._changes = self._ran_at = 0
        self._has_graph = False
        self._world.contexts += 1

    def __del__(self) -> None:
        self._world.contexts -= 1
        if self._world.cuda.is_needed(id(self)) and self._world.cuda.lost is None:
            self._world.cuda.violate("a context is gone while it works")
        if self._workspace[0] and not self._world.cuda.place_of(self._workspace[0]):
            self._world.cuda.violate("a context outlives its memory")

    def _change(self) -> bool:
        self._changes += 1
        if self._has_graph:
            self._world.cuda.violate("a context is changed of which there is a graph")
        return True

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        self._profile = profile_index
        return self._change()

    def set_input_shape(self, name: str, shape: Sequence[int]) -> bool:
        smallest, _, largest = self._engine.profiles[self._profile]
        if not all(least <= side <= most for least, side, most in zip(smallest, shape, largest)):
            self._engine.error_recorder.report_error(3, f"{shape} is not in the profile")
            return False
        self._shape = tuple(shape)
        return self._change()

    def infer_shapes(self) -> list[str]:
        return [] if self._shape else ["pictures"]

    def get_tensor_shape(self, name: str) -> Sequence[int]:
        if name == "pictures":
            return self._shape
        return self._engine.answer(np.zeros(self._shape, self._engine.dtype.value)).shape

    def set_device_memory(self, memory: int, size: int) -> None:
        assert size >= self._engine.device_memory_size_v2
        self._workspace = (memory, size)
        self._change()

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self._addresses[name] = memory
        return self._change()

    def execute_async_v3(self, stream_handle: int) -> bool:
        cuda, changes, is_noted = self._world.cuda, self._changes, self._world.is_noted(stream_handle)
        if is_noted and not self._world.can_be_captured:
            cuda.streams[stream_handle].is_spoilt = True
            return False
        if cuda.last:
            self._engine.error_recorder.report_error(1, f"a kernel was to be launched, found {cuda.last.name}")
            return False
        if self._world.fails("execute"):
            self._engine.error_recorder.report_error(1, "no execution, as a test wanted")
            return False
        if self._world.fails("chatty execute"):
            self._engine.logger.log(Severity.ERROR, "something else, long ago")
        if self._world.fails("silent execute"):
            return False
        if self._world.fails("doubtful execute"):
            self._engine.error_recorder.report_error(1, "an execution in doubt, as a test wanted")
        if is_noted and self._ran_at != changes:
            cuda.violate("a graph is made before the first run with this shape and these addresses")
        self._has_graph |= is_noted
        self._ran_at = changes
        weak, places = weakref.ref(self), (*self._addresses.values(), self._workspace[0])
        work = Work("network", frozenset(cuda.place_of(place) for place in places), lambda: _run(weak, changes), (id(self),))
        return cuda.ask(stream_handle, work) is OK

    def run(self, changes: int) -> None:
        """What the GPU does, in its turn."""
        cuda, dtype, out = self._world.cuda, self._engine.dtype.value, self._engine.output_dtype.value
        if changes != self._changes:
            cuda.violate("a context was changed while it worked, or after a graph was made of it")
        cuda.view(self._workspace[0], self._workspace[1]).fill(changes % 251)
        size_bytes = int(np.prod(self._shape)) * dtype.itemsize
        pictures = cuda.view(self._addresses["pictures"], size_bytes).view(dtype).reshape(self._shape)
        answer = self._engine.answer(pictures).astype(out)
        cuda.view(self._addresses["output0"], answer.nbytes)[:] = np.ascontiguousarray(answer).reshape(-1).view(np.uint8)


def _run(context: weakref.ref[Context], changes: int) -> None:
    # Whoever lets go of it too early has been told of.
    if (alive := context()) is not None:
        alive.run(changes)


class Fake:
    """One computer's TensorRT, on one fake GPU."""

    def __init__(self, cuda: FakeCudart, version: str = "10.3.0", name: str = "tensorrt") -> None:
        self.cuda, self.version, self.name = cuda, version, name
        self.contexts = 0
        self.can_be_captured = True
        self.faults: dict[tuple[str, int], bool] = {}
        """Which context or execution, counted from 1, comes to nothing."""
        self._counted: dict[str, int] = {}

    def answer_of(self, model: bytes) -> Answer:
        """How a network answers that is no plain sum."""
        raise NotImplementedError

    def fails(self, name: str) -> bool:
        """Whether this one does."""
        self._counted[name] = self._counted.get(name, 0) + 1
        return self.faults.get((name, self._counted[name]), False)

    def is_noted(self, stream: int) -> bool:
        """Whether a stream only notes what it is asked for."""
        return self.cuda.streams[stream].captured is not None

    @property
    def module(self) -> TensorRt:
        """What would be imported."""
        found = SimpleNamespace(
            __name__=self.name,
            __version__=self.version,
            DataType=DataType,
            TensorIOMode=TensorIOMode,
            MemoryPoolType=MemoryPoolType,
            ExecutionContextAllocationStrategy=ExecutionContextAllocationStrategy,
            NetworkDefinitionCreationFlag=NetworkDefinitionCreationFlag,
            BuilderFlag=BuilderFlag,
            ILogger=Heard,
            IErrorRecorder=Heard,
            IProgressMonitor=Heard,
            Runtime=lambda logger: Runtime(self, logger),
        )
        return cast("TensorRt", found)


class Runtime:
    """What loads engines that ``serialized`` has made for the same release."""

    def __init__(self, world: Fake, logger: Any) -> None:
        self._world, self._logger = world, logger
        self.error_recorder: Any = None

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> Engine | None:
        if self._world.fails("roomy engine"):
            self._logger.log(Severity.ERROR, "[defaultAllocator.cpp] Error Code 1: Cuda Runtime (out of memory)")
            return None
        if not serialized_engine.startswith(MAGIC):
            self._logger.log(Severity.ERROR, "the magic tag does not match")
            return None
        header, _, model = serialized_engine[len(MAGIC) :].partition(b"\n")
        tree = json.loads(header)
        if tree["version"] != self._world.version:
            self._logger.log(Severity.ERROR, f"built by {tree['version']}, this is {self._world.version}")
            return None
        profiles = [(tuple(low), tuple(best), tuple(high)) for low, best, high in tree["profiles"]]
        answer = sums if not model else self._world.answer_of(model)
        engine = Engine(profiles, answer, DataType[tree["dtype"]], DataType[tree["output"]])
        engine.world, engine.logger = self._world, self._logger
        return engine


def serialized(
    profiles: Sequence[tuple[Shape, Shape, Shape]], *, version: str = "10.3.0", dtype: str = "UINT8", output: str = "FLOAT"
) -> bytes:
    """An engine that answers with sums."""
    tree = {"version": version, "profiles": list(profiles), "dtype": dtype, "output": output}
    return MAGIC + json.dumps(tree).encode()


def sums(pictures: NDArray[Any]) -> NDArray[Any]:
    """An answer (N, 6, A) as a detector's, which tells from which pictures it is: each one's mean, and its first value."""
    is_pixels = pictures.dtype == np.uint8
    height, width = pictures.shape[1:3] if is_pixels else pictures.shape[2:4]
    answer = np.zeros((len(pictures), CHANNELS, anchor_count(height, width)), np.float32)
    numbers = pictures.reshape(len(pictures), -1).astype(np.float64)
    answer[:, 0, :] = numbers.mean(axis=1)[:, None]
    answer[:, 1, :] = numbers[:, :1]
    return answer
