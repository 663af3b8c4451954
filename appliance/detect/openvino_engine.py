"""Networks on a CPU through OpenVINO: bf16 where the CPU has it, INT8 where the model has it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino.preprocess import PrePostProcessor

from appliance.boxes import Floats
from appliance.config import DetectorSettings, Precision
from appliance.detect.detector import NetworkInfo, input_rule, last_words
from appliance.detect.openvino_pairs import join_pairs
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels

# Batch, height, width.
Shape = tuple[int, int, int]


class OpenVinoEngine:
    """See ``Engine``. One compiled network per input shape; each core works on a batch of its own."""

    def __init__(self, model: Path, settings: DetectorSettings, *, is_live: bool) -> None:
        self._core = ov.Core()
        self._model = self._read(model)
        self._precision = self._choose_precision(settings.precision)
        threads = settings.threads or len(os.sched_getaffinity(0))
        streams = 1 if is_live else threads
        self._properties = {
            "INFERENCE_PRECISION_HINT": self._precision,
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY" if is_live else "THROUGHPUT",
        }
        shape = [None if side.is_dynamic else side.get_length() for side in self._model.inputs[0].partial_shape]
        rule = input_rule(shape, settings.input_px)
        self.info = NetworkInfo(rule, _metadata(self._model), f"OpenVINO {ov.__version__.split('-')[0]} {self._precision}")
        # One more than can be worked on, so that no core waits for the next.
        self.capacity = streams + 1
        self.max_batch = 1 if shape[0] == 1 else settings.max_batch or 1
        self._networks: dict[Shape, ov.CompiledModel] = {}
        self._idle: dict[Shape, list[ov.InferRequest]] = {}
        # The network reads the pixels in place.
        self._under_way: deque[tuple[Shape, ov.InferRequest, Pixels]] = deque()

    def _read(self, path: Path) -> ov.Model:
        try:
            model = self._core.read_model(str(path))
        except RuntimeError as error:
            reason = last_words(error)
            raise Refusal(f"the model {path} must be an ONNX file, found something OpenVINO cannot read ({reason})") from None
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise Refusal(
                f"the model {path} must have one input (N, 3, H, W) and one output, found "
                f"{[str(port.partial_shape) for port in model.inputs]} and {[str(port.partial_shape) for port in model.outputs]}"
            )
        join_pairs(model)
        return model

    def _choose_precision(self, wanted: Precision) -> str:
        has_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if wanted is Precision.BF16 and not has_bf16:
            raise Refusal("the precision bf16 is wanted, but this CPU does not have it", usage=True)
        return "bf16" if has_bf16 and wanted is not Precision.F32 else "f32"

    def submit(self, pictures: Sequence[Pixels]) -> None:
        """See ``Engine``; a single picture is read where it lies."""
        batch = pictures[0][None] if len(pictures) == 1 else np.stack(pictures)
        shape = (batch.shape[0], batch.shape[1], batch.shape[2])
        idle = self._idle.setdefault(shape, [])
        request = idle.pop() if idle else self._network(shape).create_infer_request()
        request.set_input_tensor(ov.Tensor(batch, shared_memory=True))
        request.start_async()
        self._under_way.append((shape, request, batch))

    def collect(self) -> Floats:
        """See ``Engine``."""
        shape, request, _ = self._under_way.popleft()
        request.wait()
        self._idle[shape].append(request)
        output: Floats = request.get_output_tensor(0).data
        return output

    def close(self) -> None:
        """See ``Engine``."""
        self._under_way.clear()
        self._idle.clear()
        self._networks.clear()

    def _network(self, shape: Shape) -> ov.CompiledModel:
        if shape not in self._networks:
            self._networks[shape] = self._core.compile_model(_with_pixels_in(self._model, shape), "CPU", self._properties)
        return self._networks[shape]


def _with_pixels_in(model: ov.Model, shape: Shape) -> ov.Model:
    """The network for uint8 (N, H, W, 3) pictures: the scaling to 0..1 and the transposition become part of it."""
    processor = PrePostProcessor(model.clone())
    batch, height, width = shape
    processor.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_shape([batch, height, width, 3])
    processor.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    processor.input().model().set_layout(ov.Layout("NCHW"))
    processor.output().tensor().set_element_type(ov.Type.f32)
    return processor.build()


def _metadata(model: ov.Model) -> dict[str, str]:
    """What the exporter wrote into the ONNX file."""
    information: dict[str, Any] = model.get_rt_info()
    if "framework" not in information:
        return {}
    framework: Any = information["framework"]
    return {str(key): _text(framework[key]) for key in framework}


def _text(value: Any) -> str:
    return str(value.astype(str)) if hasattr(value, "astype") else str(value)
