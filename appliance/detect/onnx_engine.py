"""Networks on a CPU through ONNX Runtime."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

from appliance.boxes import Floats
from appliance.config import DetectorSettings, Precision
from appliance.detect.detector import NetworkInfo
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import InputRule

UNREADABLE = (
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.InvalidProtobuf,
    state.NoModel,
    state.NotImplemented,
    state.RuntimeException,
)
INPUT_TYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}


class OnnxEngine:
    """See ``Engine``. Works on one batch at a time, on all threads."""

    def __init__(self, model: Path, settings: DetectorSettings) -> None:
        if settings.precision is Precision.BF16:
            raise Refusal("the precision bf16 is wanted, but ONNX Runtime has none on a CPU", usage=True)
        self._session = _open(model, settings.threads)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = inputs[0].shape
        if len(inputs) != 1 or len(outputs) != 1 or len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
            found = [port.shape for port in inputs], [port.shape for port in outputs]
            raise Refusal(f"the model {model} must have one input (N, 3, H, W) and one output, found {found[0]} and {found[1]}")
        if inputs[0].type not in INPUT_TYPES:
            raise Refusal(f"the model {model} must take one of {list(INPUT_TYPES)}, found {inputs[0].type}")
        self._name, self._type = inputs[0].name, INPUT_TYPES[inputs[0].type]
        fixed = (shape[2], shape[3]) if isinstance(shape[2], int) and isinstance(shape[3], int) else None
        rule = InputRule(size_px=settings.input_px, fixed=fixed)
        metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self.info = NetworkInfo(rule, metadata, f"ONNX Runtime {onnxruntime.__version__} f32")
        self.capacity = 1
        self.max_batch = 1 if isinstance(shape[0], int) else settings.max_batch or 1
        self._outputs: deque[Floats] = deque()

    def submit(self, pictures: Sequence[Pixels]) -> None:
        """See ``Engine``."""
        batch = np.stack(pictures).transpose(0, 3, 1, 2)
        content = batch * np.float32(1 / 255) if self._type is np.float32 else batch
        (output,) = self._session.run(None, {self._name: np.ascontiguousarray(content)})
        self._outputs.append(np.asarray(output, np.float32))

    def collect(self) -> Floats:
        """See ``Engine``."""
        return self._outputs.popleft()

    def close(self) -> None:
        """See ``Engine``."""
        self._outputs.clear()


def _open(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the cores are shared with the decoders
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except UNREADABLE as error:
        reason = " ".join(str(error).split())[-200:]
        raise Refusal(f"the model {model} must be an ONNX file, found something ONNX Runtime cannot read ({reason})") from None
