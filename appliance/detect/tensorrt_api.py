"""What is used of TensorRT, 10.3 to 11, named as it is there, and loading it.

A test holds every name below against the releases that are supported, and mypy holds what uses them against this list. What only
some releases have is asked for with ``hasattr`` where it is used, and stands under "some releases".
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from appliance.errors import Refusal

# In the order in which they are tried; TensorRT for RTX has the same interface, and builds without a GPU.
MODULES = ("tensorrt", "tensorrt_rtx", "tensorrt_rtx_bindings")
# Before 10.3 nothing was tried, and 10.3 is what JetPack 6 has.
LEAST_VERSION = (10, 3)
Shape = Sequence[int]


class DataType(Protocol):
    """Kinds of numbers."""

    UINT8: object
    FLOAT: object
    HALF: object


class TensorIOMode(Protocol):
    """What a tensor of an engine is for."""

    INPUT: object
    OUTPUT: object


class MemoryPoolType(Protocol):
    """What memory is limited for."""

    WORKSPACE: object


class ExecutionContextAllocationStrategy(Protocol):
    """Who gives a context its memory."""

    USER_MANAGED: object


class NetworkDefinitionCreationFlag(Protocol):
    """How a network is read. Some releases: STRONGLY_TYPED; where it is gone, there is no other way."""


class BuilderFlag(Protocol):
    """How an engine is built. TensorRT for RTX: REQUIRE_USER_ALLOCATION, without which no graph can be made of its work."""


class IExecutionContext(Protocol):
    """An engine at work on one batch of one shape."""

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool: ...
    def set_input_shape(self, name: str, shape: Shape) -> bool: ...
    def infer_shapes(self) -> list[str]: ...
    def get_tensor_shape(self, name: str) -> Shape: ...
    def set_device_memory(self, memory: int, size: int) -> None: ...
    def set_tensor_address(self, name: str, memory: int) -> bool: ...
    def execute_async_v3(self, stream_handle: int) -> bool: ...


class ICudaEngine(Protocol):
    """A network as it was built for one kind of GPU."""

    num_io_tensors: int
    num_optimization_profiles: int
    device_memory_size_v2: int
    error_recorder: Any

    def get_tensor_name(self, index: int) -> str: ...
    def get_tensor_mode(self, name: str) -> object: ...
    def get_tensor_dtype(self, name: str) -> object: ...
    def get_tensor_shape(self, name: str) -> Shape: ...
    def get_tensor_profile_shape(self, name: str, profile_index: int) -> Sequence[Shape]: ...
    def create_execution_context(self, strategy: object) -> IExecutionContext | None: ...


class Runtime(Protocol):
    """What engines are loaded by."""

    error_recorder: Any

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> ICudaEngine | None: ...


class ITensor(Protocol):
    """A tensor of a network."""

    name: str
    shape: Shape


class INetworkDefinition(Protocol):
    """A network as it was read."""

    num_inputs: int
    num_layers: int

    def get_input(self, index: int) -> ITensor: ...


class IOptimizationProfile(Protocol):
    """The shapes that an engine is built for."""

    def set_shape(self, input: str, min: Shape, opt: Shape, max: Shape) -> None: ...


class IHostMemory(Protocol):
    """Something serialized; ``bytes`` takes it."""

    nbytes: int

    def __buffer__(self, flags: int, /) -> memoryview: ...


class ITimingCache(Protocol):
    """How fast parts of networks were found to be."""

    def serialize(self) -> IHostMemory: ...


class IBuilderConfig(Protocol):
    """How an engine is built."""

    builder_optimization_level: int
    progress_monitor: Any

    def set_flag(self, flag: object) -> None: ...
    def set_memory_pool_limit(self, pool: object, pool_size: int) -> None: ...
    def add_optimization_profile(self, profile: IOptimizationProfile) -> int: ...
    def create_timing_cache(self, serialized_timing_cache: bytes) -> ITimingCache | None: ...
    def set_timing_cache(self, cache: ITimingCache, ignore_mismatch: bool) -> bool: ...
    def get_timing_cache(self) -> ITimingCache | None: ...


class Builder(Protocol):
    """What builds engines."""

    error_recorder: Any

    def create_network(self, flags: int) -> INetworkDefinition: ...
    def create_builder_config(self) -> IBuilderConfig: ...
    def create_optimization_profile(self) -> IOptimizationProfile: ...
    def build_serialized_network(self, network: INetworkDefinition, config: IBuilderConfig) -> IHostMemory | None: ...


class ParserError(Protocol):
    """Why a model could not be read."""

    def desc(self) -> str: ...


class OnnxParser(Protocol):
    """What reads ONNX models."""

    num_errors: int

    def parse(self, model: bytes) -> bool: ...
    def get_error(self, index: int) -> ParserError: ...


class TensorRt(Protocol):
    """The module. What is a class there to be derived from is of any type here: it is derived from at run time."""

    __name__: str
    __version__: str
    DataType: DataType
    TensorIOMode: TensorIOMode
    MemoryPoolType: MemoryPoolType
    ExecutionContextAllocationStrategy: ExecutionContextAllocationStrategy
    NetworkDefinitionCreationFlag: NetworkDefinitionCreationFlag
    BuilderFlag: BuilderFlag
    ILogger: Any
    IErrorRecorder: Any
    IProgressMonitor: Any
    Runtime: Callable[[Any], Runtime]
    Builder: Callable[[Any], Builder]
    OnnxParser: Callable[[INetworkDefinition, Any], OnnxParser]


def load_tensorrt(modules: Sequence[str] = MODULES) -> TensorRt:
    """The library; raises ``Refusal`` where there is none, or one that is too old."""
    reasons = []
    for name in modules:
        try:
            module: TensorRt = importlib.import_module(name)
        except (ImportError, OSError) as error:
            reasons.append(" ".join(str(error).split()))
            continue
        refuse_old(module)
        return module
    raise Refusal(
        f"TensorRT is wanted, but it cannot be loaded: {reasons[0]} (it comes with JetPack, and with NVIDIA's images)", usage=True
    )


def refuse_old(trt: TensorRt) -> None:
    """Raise ``Refusal`` where the release lacks what is used here; TensorRT for RTX counts for itself."""
    found = tuple(int(part) for part in trt.__version__.split(".")[:2] if part.isdecimal())
    if not is_rtx(trt) and found < LEAST_VERSION:
        wanted = ".".join(str(part) for part in LEAST_VERSION)
        raise Refusal(f"TensorRT {wanted} or later is wanted, found {trt.__version__}", usage=True)


def is_rtx(trt: TensorRt) -> bool:
    """Whether it is TensorRT for RTX, which settles what is fastest when an engine is loaded."""
    return "rtx" in trt.__name__


def title_of(trt: TensorRt) -> str:
    """What it is called, and its release; engines of another one cannot be used."""
    return f"{'TensorRT-RTX' if is_rtx(trt) else 'TensorRT'} {trt.__version__}"
