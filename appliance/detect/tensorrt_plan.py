"""An engine of TensorRT, loaded: what it takes and gives, and contexts to work with."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from appliance.detect.cuda import GpuError, OutOfGpuMemory
from appliance.detect.cuda_words import MEMORY
from appliance.detect.tensorrt_api import ICudaEngine, IExecutionContext, TensorRt, title_of
from appliance.detect.tensorrt_layout import InputLayout, Profile
from appliance.detect.tensorrt_words import NO_ROOM, Words, logger_of, recorder_of
from appliance.errors import Refusal

# What an allocation of the GPU is aligned to, and so the least that is worth asking for.
LEAST_WORKSPACE_BYTES = 256


class Plan(Protocol):
    """What a slot asks of an engine."""

    title: str
    input: InputLayout
    output_name: str
    output_dtype: np.dtype[Any]
    workspace_bytes: int
    """What a context needs beside its input and output, whatever the shape."""

    def new_context(self) -> IExecutionContext:
        """To work with, once it has a shape, addresses and a workspace."""

    def check(self, wanted: str, *, is_done: bool) -> None:
        """Raise ``GpuError`` where it is not done, or was not without an error."""


class LoadedPlan:
    """See ``Plan``. One engine; contexts share its weights, and work on their own.

    Raises ``Refusal`` where it is none for this GPU, and ``GpuError`` where there is no room for it.

    What TensorRT says goes to ``words``, which must outlive all that is made of it.
    """

    def __init__(self, trt: TensorRt, serialized: bytes) -> None:
        self._trt = trt
        self.title = title_of(trt)
        self._words = Words()
        self._logger = logger_of(trt, self._words)
        self._recorder = recorder_of(trt, self._words)
        self._runtime = trt.Runtime(self._logger)
        self._runtime.error_recorder = self._recorder
        engine = self._runtime.deserialize_cuda_engine(serialized)
        if engine is None:
            said = self._words.take()
            if NO_ROOM.search(said):
                raise OutOfGpuMemory(f"{self.title} was to load an engine, found no room for it: {said}; {MEMORY}")
            raise Refusal(f"an engine that this {self.title} built for this GPU is wanted, found another one: {said}")
        engine.error_recorder = self._recorder
        self._engine: ICudaEngine = engine
        self.input, self.output_name, self.output_dtype = self._ports()
        self.workspace_bytes = max(LEAST_WORKSPACE_BYTES, int(engine.device_memory_size_v2))

    def _ports(self) -> tuple[InputLayout, str, np.dtype[Any]]:
        engine, modes = self._engine, self._trt.TensorIOMode
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [name for name in names if engine.get_tensor_mode(name) == modes.INPUT]
        outputs = [name for name in names if engine.get_tensor_mode(name) == modes.OUTPUT]
        if len(inputs) != 1 or len(outputs) != 1:
            raise Refusal(f"an engine must have one input of pictures and one output, found {inputs} and {outputs}")
        profiles = tuple(self._profile(inputs[0], index) for index in range(engine.num_optimization_profiles))
        return InputLayout(inputs[0], self._dtype(inputs[0]), profiles), outputs[0], self._dtype(outputs[0])

    def _profile(self, name: str, index: int) -> Profile:
        smallest, _, largest = self._engine.get_tensor_profile_shape(name, index)
        return Profile(index, tuple(smallest), tuple(largest))

    def _dtype(self, name: str) -> np.dtype[Any]:
        kinds = self._trt.DataType
        found = self._engine.get_tensor_dtype(name)
        for kind, dtype in ((kinds.UINT8, np.uint8), (kinds.FLOAT, np.float32), (kinds.HALF, np.float16)):
            if found == kind:
                return np.dtype(dtype)
        raise Refusal(f"an engine must take and give uint8, f32 or f16, found {found} in {name}")

    def new_context(self) -> IExecutionContext:
        """See ``Plan``."""
        context = self._engine.create_execution_context(self._trt.ExecutionContextAllocationStrategy.USER_MANAGED)
        if context is None:
            raise self.failure("make a context")
        return context

    def failure(self, wanted: str) -> GpuError:
        """TensorRT was to do something, and has not; what else is on the GPU goes on."""
        said = self._words.take()
        sentence = f"{self.title} was to {wanted}, found that it does not: {said}"
        if NO_ROOM.search(said):
            return OutOfGpuMemory(f"{sentence}; {MEMORY}")
        return GpuError(sentence, is_final=False)

    def check(self, wanted: str, *, is_done: bool) -> None:
        """See ``Plan``."""
        if not is_done or self._words.errors():
            raise self.failure(wanted)
        self._words.forget()
