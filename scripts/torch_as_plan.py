"""A network of torch's in the place of TensorRT's, for scripts/bench_gpu.py: what runs on every GPU that torch knows.

It calculates in the stream that it is given, and so can be captured into our graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from onnx_in_torch import OnnxInTorch

from appliance.detect.cuda import GpuError
from appliance.detect.tensorrt_layout import InputLayout, Profile

INPUT, OUTPUT = "pictures", "answers"


class TorchPlan:
    """See ``Plan``."""

    def __init__(self, model: Path, batches: Sequence[int], shape: tuple[int, int]) -> None:
        self.title = f"torch {torch.__version__}"
        sizes = [(batch, *shape) for batch in dict.fromkeys((1, *batches))]
        profiles = tuple(Profile(index, (*size, 3), (*size, 3)) for index, size in enumerate(sizes))
        self.input = InputLayout(INPUT, np.dtype(np.uint8), profiles)
        self.output_name, self.output_dtype = OUTPUT, np.dtype(np.float32)
        # Torch has memory of its own.
        self.workspace_bytes = 256
        torch.backends.cudnn.benchmark = True
        self.networks = {size: OnnxInTorch(model, size, "cuda", is_halved=True) for size in sizes}

    def new_context(self) -> TorchContext:
        """See ``Plan``."""
        return TorchContext(self)

    def check(self, wanted: str, *, is_done: bool) -> None:
        """See ``Plan``."""
        if not is_done:
            raise GpuError(f"{self.title} was to {wanted}, found that it does not", is_final=False)


class TorchContext:
    """See ``IExecutionContext``."""

    def __init__(self, plan: TorchPlan) -> None:
        self._plan = plan
        self._addresses: dict[str, int] = {}
        self._shape: tuple[int, ...] = ()
        self._answer: tuple[int, ...] = ()

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        return True

    def set_input_shape(self, name: str, shape: Sequence[int]) -> bool:
        self._shape = tuple(shape)
        with torch.no_grad():
            pixels = torch.zeros(self._shape, dtype=torch.uint8, device="cuda")
            self._answer = tuple(self._network(pixels).shape)
        torch.cuda.synchronize()
        return True

    def infer_shapes(self) -> list[str]:
        return []

    def get_tensor_shape(self, name: str) -> Sequence[int]:
        return self._shape if name == INPUT else self._answer

    def set_device_memory(self, memory: int, size: int) -> None:
        """It needs none."""

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        with torch.no_grad(), torch.cuda.stream(torch.cuda.ExternalStream(stream_handle)):
            pixels = tensor_at(self._addresses[INPUT], self._shape, "|u1")
            tensor_at(self._addresses[OUTPUT], self._answer, "<f4").copy_(self._network(pixels))
        return True

    @property
    def _network(self) -> OnnxInTorch:
        return self._plan.networks[self._shape[:3]]  # type: ignore[index]  # batch, height, width


def tensor_at(address: int, shape: tuple[int, ...], kind: str) -> torch.Tensor:
    """Memory of the GPU as torch sees it."""
    interface = {"data": (address, False), "shape": shape, "typestr": kind, "version": 3, "strides": None}
    return torch.as_tensor(SimpleNamespace(__cuda_array_interface__=interface), device="cuda")
