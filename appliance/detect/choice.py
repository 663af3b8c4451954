"""Which engine runs a network: the first backend that can, and why not those before it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from appliance.config import DetectorSettings, Precision
from appliance.detect.detector import Engine, last_words
from appliance.errors import Refusal
from appliance.models.built import has_engine
from appliance.models.strikes import MOST_STRIKES, Strikes

ON_GPU, GPU_PROVIDER = "onnxruntime on a GPU", "CUDAExecutionProvider"
# Of a picture, width to height.
USUAL_RATIO = (16, 9)
# That onnxruntime-gpu brings, and onnxruntime does not.
GPU_LIBRARY = Path("capi") / "libonnxruntime_providers_cuda.so"


@dataclass(frozen=True, slots=True)
class Engines:
    """Where those of TensorRT are that this device has built, and the sha256 of the model that one is wanted of."""

    folder: Path | None = None
    model_sha256: str = ""


def open_engine(model: Path, settings: DetectorSettings, *, is_live: bool, engines: Engines = Engines()) -> Engine:
    """The engine of the wanted backend; ``auto`` takes TensorRT, then ONNX Runtime where that is one for GPUs, then OpenVINO,
    then ONNX Runtime on the CPU, whichever can be had first.
    """
    _keep_quiet()
    backends: dict[str, Callable[[], Engine]] = {
        "tensorrt": partial(_tensorrt, settings, engines),
        ON_GPU: partial(_onnxruntime_on_gpu, model, settings, engines),
        "openvino": partial(_openvino, model, settings, is_live=is_live),
        "onnxruntime": partial(_onnxruntime, model, settings),
    }
    # What is calculated in f32 is so on a CPU.
    if settings.precision is not Precision.AUTO or not has_gpu_library():
        del backends[ON_GPU]
    wanted = [name for name in backends if settings.backend in ("auto", name.partition(" ")[0])]
    if len(wanted) == 1:
        try:
            return backends[settings.backend]()
        except Unavailable as error:
            raise Refusal(f"the backend {settings.backend} is wanted, but {error}", usage=True) from None
    return _first({name: backends[name] for name in wanted})


def _first(backends: dict[str, Callable[[], Engine]]) -> Engine:
    """That can be had; it tells why not those before it."""
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


def has_gpu_library() -> bool:
    """Whether the installed ONNX Runtime is one for NVIDIA's GPUs; it is not loaded for that."""
    found = find_spec("onnxruntime")
    return found is not None and any((Path(folder) / GPU_LIBRARY).exists() for folder in found.submodule_search_locations or ())


def _onnxruntime_on_gpu(model: Path, settings: DetectorSettings, engines: Engines) -> Engine:
    try:
        from appliance.detect.onnx_engine import OnnxEngine
    except ImportError as error:
        raise Unavailable(f"it cannot be loaded: {error}") from None
    # It may hang as an engine may, and has no file.
    folder = engines.folder or Path(os.devnull)
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
    strikes = Strikes(folder / f"onnxruntime-{engines.model_sha256[:20]}")
    if (count := strikes.count()) >= MOST_STRIKES:
        raise Unavailable(f"it has ended its detector {count} times within the hour; an hour later it is tried again")
    strikes.begin()
    try:
        engine = OnnxEngine(model, settings, provider=GPU_PROVIDER, strikes=strikes)
        # It may load and not run.
        engine.submit([np.zeros((*engine.info.rule.shape_for(*USUAL_RATIO), 3), np.uint8)])
        engine.collect()
    except (Refusal, RuntimeError) as error:
        strikes.withdraw()
        raise Unavailable(last_words(error)) from None
    return engine


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
