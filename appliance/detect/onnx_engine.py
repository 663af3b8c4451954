"""Networks through ONNX Runtime: on a CPU, or on a GPU of NVIDIA's where the installed one can (onnxruntime-gpu)."""

from __future__ import annotations

import re
import weakref
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from onnxruntime.capi import onnxruntime_pybind11_state as state

from appliance.boxes import Floats
from appliance.config import DetectorSettings, Precision
from appliance.detect.cuda import OutOfGpuMemory
from appliance.detect.cuda_words import MEMORY
from appliance.detect.detector import NetworkInfo, input_rule, last_words
from appliance.detect.pixels_in import PIXELS, with_pixels_in
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.models.strikes import Strikes

CPU, CUDA, PROVIDER = "CPUExecutionProvider", "CUDAExecutionProvider", "ExecutionProvider"
# It takes whatever it is given, and shapes come and go: what takes seconds for each of them is not worth it.
OPTIONS = {CUDA: {"device_id": "0", "cudnn_conv_algo_search": "HEURISTIC"}}
GPU_BATCH = 8
# As its own memory, CUDA and CUDA's libraries say that there was no room.
NO_ROOM = re.compile(r"failed to allocate memory|out of memory|ALLOC_FAILED", re.IGNORECASE)
UNREADABLE = (
    state.EPFail,
    state.EngineError,
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.InvalidProtobuf,
    state.NoModel,
    state.NotImplemented,
    state.RuntimeException,
)


class OnnxEngine:
    """See ``Engine``. Works on one batch at a time, on all threads."""

    def __init__(self, model: Path, settings: DetectorSettings, *, provider: str = CPU, strikes: Strikes | None = None) -> None:
        """``provider`` is what it works on, as ONNX Runtime calls it, or ``Refusal`` is raised; ``strikes`` hears how it does."""
        if settings.precision is Precision.BF16:
            raise Refusal("the precision bf16 is wanted, but ONNX Runtime has none on a CPU", usage=True)
        network = with_pixels_in(_load(model), str(model))
        self._session = _start(network, model, settings.threads, provider)
        batch, height, width, _ = (side if isinstance(side, int) else None for side in self._session.get_inputs()[0].shape)
        rule = input_rule((batch, 3, height, width), settings.input_px)
        metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        # A GPU multiplies f32 in TF32.
        where = "f32" if provider == CPU else f"{provider.removesuffix(PROVIDER)} tf32"
        self.info = NetworkInfo(rule, metadata, f"ONNX Runtime {onnxruntime.__version__} {where}")
        self._is_on_gpu = provider != CPU
        self.capacity = 1
        self.max_batch = 1 if batch == 1 else settings.max_batch or (1 if provider == CPU else GPU_BATCH)
        self._outputs: deque[Floats] = deque()
        self._strikes = strikes
        self._close = weakref.finalize(self, _nothing if strikes is None else strikes.end)

    def submit(self, pictures: Sequence[Pixels]) -> None:
        """See ``Engine``; a single picture is read where it lies."""
        batch = pictures[0][None] if len(pictures) == 1 else np.stack(pictures)
        try:
            (output,) = self._session.run(None, {PIXELS: batch})
        except UNREADABLE as error:
            if self._strikes is not None:
                self._strikes.has_failed()
            if self._is_on_gpu and NO_ROOM.search(str(error)):
                raise OutOfGpuMemory(
                    f"the GPU was to look at {len(pictures)} at a time: {last_words(error)}; {MEMORY}"
                ) from error
            raise RuntimeError(str(error)) from error
        if self._strikes is not None:
            self._strikes.has_worked()
        self._outputs.append(np.asarray(output, np.float32))

    def collect(self) -> Floats:
        """See ``Engine``."""
        return self._outputs.popleft()

    def close(self) -> None:
        """See ``Engine``."""
        self._outputs.clear()
        self._close()


def _load(model: Path) -> onnx.ModelProto:
    try:
        return onnx.load(str(model))
    except (DecodeError, OSError, ValueError) as error:
        reason = last_words(error)
        raise Refusal(f"the model {model} must be an ONNX file, found something that is not one ({reason})") from None


def _start(network: onnx.ModelProto, model: Path, threads: int, provider: str) -> onnxruntime.InferenceSession:
    if provider not in (there := onnxruntime.get_available_providers()):
        raise Refusal(f"ONNX Runtime for {provider} is wanted, found one for {' and '.join(there)} (pip install onnxruntime-gpu)")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # What is wrong is said in the refusal.
    options.log_severity_level = 4
    # The cores are shared with the decoders.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = [provider] if provider == CPU else [provider, CPU]
    try:
        session = onnxruntime.InferenceSession(
            network.SerializeToString(),
            options,
            providers=[(each, OPTIONS.get(each, {})) for each in wanted],
            # It would say so on standard output, and go on with less.
            enable_fallback=0,
        )
    except UNREADABLE as error:
        reason = last_words(error)
        if provider != CPU:
            raise Refusal(f"ONNX Runtime was to load the model on {provider}, found that it does not ({reason})") from None
        raise Refusal(f"the model {model} must be an ONNX file, found something ONNX Runtime cannot read ({reason})") from None
    if (found := session.get_providers())[0] != provider:
        remedy = "it wants the CUDA and the cuDNN that its release was made for"
        raise Refusal(f"ONNX Runtime was to work on {provider}, found that it works on {found[0]}; {remedy}")
    return session


def _nothing() -> None:
    """Is to be done."""
