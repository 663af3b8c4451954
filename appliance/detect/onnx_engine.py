"""Networks on a CPU through ONNX Runtime."""

from __future__ import annotations

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
from appliance.detect.detector import NetworkInfo, input_rule, last_words
from appliance.detect.pixels_in import PIXELS, with_pixels_in
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels

UNREADABLE = (
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

    def __init__(self, model: Path, settings: DetectorSettings) -> None:
        if settings.precision is Precision.BF16:
            raise Refusal("the precision bf16 is wanted, but ONNX Runtime has none on a CPU", usage=True)
        network = with_pixels_in(_load(model), str(model))
        self._session = _start(network, model, settings.threads)
        batch, height, width, _ = (side if isinstance(side, int) else None for side in self._session.get_inputs()[0].shape)
        rule = input_rule((batch, 3, height, width), settings.input_px)
        metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self.info = NetworkInfo(rule, metadata, f"ONNX Runtime {onnxruntime.__version__} f32")
        self.capacity = 1
        self.max_batch = 1 if batch == 1 else settings.max_batch or 1
        self._outputs: deque[Floats] = deque()

    def submit(self, pictures: Sequence[Pixels]) -> None:
        """See ``Engine``; a single picture is read where it lies."""
        batch = pictures[0][None] if len(pictures) == 1 else np.stack(pictures)
        try:
            (output,) = self._session.run(None, {PIXELS: batch})
        except UNREADABLE as error:
            raise RuntimeError(str(error)) from error
        self._outputs.append(np.asarray(output, np.float32))

    def collect(self) -> Floats:
        """See ``Engine``."""
        return self._outputs.popleft()

    def close(self) -> None:
        """See ``Engine``."""
        self._outputs.clear()


def _load(model: Path) -> onnx.ModelProto:
    try:
        return onnx.load(str(model))
    except (DecodeError, OSError, ValueError) as error:
        reason = last_words(error)
        raise Refusal(f"the model {model} must be an ONNX file, found something that is not one ({reason})") from None


def _start(network: onnx.ModelProto, model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # What is wrong is said in the refusal.
    options.log_severity_level = 4
    # The cores are shared with the decoders.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(network.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except UNREADABLE as error:
        reason = last_words(error)
        raise Refusal(f"the model {model} must be an ONNX file, found something ONNX Runtime cannot read ({reason})") from None
