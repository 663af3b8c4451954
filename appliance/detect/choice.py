"""Which engine runs a network: the first backend that can, and why not those before it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from appliance.config import DetectorSettings, Precision
from appliance.detect.detector import Engine
from appliance.errors import Refusal
from appliance.models.built import has_engine


@dataclass(frozen=True, slots=True)
class Engines:
    """Where those of TensorRT are that this device has built, and the sha256 of the model that one is wanted of."""

    folder: Path | None = None
    model_sha256: str = ""


def open_engine(model: Path, settings: DetectorSettings, *, is_live: bool, engines: Engines = Engines()) -> Engine:
    """The engine of the wanted backend; ``auto`` takes TensorRT, then OpenVINO, then ONNX Runtime, whichever can be had first."""
    _keep_quiet()
    backends: dict[str, Callable[[], Engine]] = {
        "tensorrt": partial(_tensorrt, settings, engines),
        "openvino": partial(_openvino, model, settings, is_live=is_live),
        "onnxruntime": partial(_onnxruntime, model, settings),
    }
    if settings.backend != "auto":
        try:
            return backends[settings.backend]()
        except Unavailable as error:
            raise Refusal(f"the backend {settings.backend} is wanted, but {error}", usage=True) from None
    passed_over: tuple[str, ...] = ()
    is_outdated = is_missed = False
    for name, open_it in backends.items():
        try:
            engine = open_it()
        except Unavailable as error:
            passed_over += (f"not {name}: {error}",)
            is_outdated |= error.is_outdated
            is_missed |= error.is_missed
            continue
        engine.info = replace(engine.info, passed_over=passed_over, is_outdated=is_outdated, is_missed=is_missed)
        return engine
    raise Refusal(f"a backend is wanted, but there is none: {'; '.join(passed_over)}", usage=True)


class Unavailable(Exception):
    """A backend cannot be had, whatever the model; the end of a sentence."""

    def __init__(self, sentence: str, *, is_outdated: bool = False, is_missed: bool = False) -> None:
        super().__init__(sentence)
        self.is_outdated, self.is_missed = is_outdated, is_missed


def _tensorrt(settings: DetectorSettings, engines: Engines) -> Engine:
    if settings.precision is not Precision.AUTO:
        raise Unavailable(f"an engine calculates in what it was built in, found that {settings.precision.value} is wanted")
    from appliance.detect.tensorrt_engine import Outdated, open_tensorrt

    try:
        return open_tensorrt(engines.folder, engines.model_sha256, settings)
    except Refusal as refusal:
        is_missed = has_engine(engines.folder, engines.model_sha256)
        raise Unavailable(refusal.sentence, is_outdated=isinstance(refusal, Outdated), is_missed=is_missed) from None


def _openvino(model: Path, settings: DetectorSettings, *, is_live: bool) -> Engine:
    try:
        from appliance.detect.openvino_engine import OpenVinoEngine
    except ImportError as error:
        raise Unavailable(f"it cannot be loaded: {error}") from None
    return OpenVinoEngine(model, settings, is_live=is_live)


def _onnxruntime(model: Path, settings: DetectorSettings) -> Engine:
    try:
        from appliance.detect.onnx_engine import OnnxEngine
    except ImportError as error:
        raise Unavailable(f"it cannot be loaded: {error} (pip install 'appliance[onnxruntime]')") from None
    return OnnxEngine(model, settings)


def _keep_quiet() -> None:
    """Nobody is told what runs here: imported as they are, OpenVINO reports to Google Analytics, ONNX Runtime to Microsoft."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # None blocks the import, and OpenVINO takes a stub
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
