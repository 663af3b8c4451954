"""Which engine runs a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from appliance.config import DetectorSettings
from appliance.detect.detector import Engine
from appliance.errors import Refusal


def open_engine(model: Path, settings: DetectorSettings, *, is_live: bool) -> Engine:
    """The engine of the wanted backend; ``auto`` takes OpenVINO, and ONNX Runtime where it cannot be had."""
    _keep_quiet()
    if settings.backend != "onnxruntime":
        try:
            from appliance.detect.openvino_engine import OpenVinoEngine
        except ImportError as error:
            if settings.backend == "openvino":
                raise Refusal(f"the backend openvino is wanted, but it cannot be loaded: {error}", usage=True) from None
        else:
            return OpenVinoEngine(model, settings, is_live=is_live)
    try:
        from appliance.detect.onnx_engine import OnnxEngine
    except ImportError as error:
        raise Refusal(
            f"the backend onnxruntime is wanted, but it cannot be loaded: {error} (pip install 'appliance[onnxruntime]')",
            usage=True,
        ) from None
    return OnnxEngine(model, settings)


def _keep_quiet() -> None:
    """Nobody is told what runs here: imported as they are, OpenVINO reports to Google Analytics, ONNX Runtime to Microsoft."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # None blocks the import, and OpenVINO takes a stub
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
