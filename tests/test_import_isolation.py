"""Every core can be imported where its heavy libraries cannot: each is imported in its leaf file alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "amqtt",
    "av",
    "cv2",
    "openvino",
    "onnxruntime",
    "torch",
    "tensorrt",
    "cuda",
    "fastapi",
    "paho",
    "gi",
    "pynvml",
    "PyNvVideoCodec",
    "ultralytics",
)
BLOCKED = f"""
import importlib, sys
for name in {HEAVY!r}:
    sys.modules[name] = None
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize(
    "module",
    [
        "appliance.cli",
        "appliance.pipeline",
        "appliance.supervise.entry",
        "appliance.readiness",
        "appliance.decode.process",
        "appliance.decode.choice",
        "appliance.decode.trial",
        "appliance.detect.process",
        "appliance.detect.choice",
        "appliance.track.botsort",
        "appliance.count.process",
        "appliance.access.guard",
        "appliance.configuration.store",
        "appliance.publish.agenda",
        "appliance.publish.asyncapi",
        "appliance.models.store",
        "appliance.detect.acceptance",
        "appliance.detect.looking",
        "appliance.detect.tensorrt_engine",
        "appliance.detect.cuda_python",
        "appliance.building.request",
        "appliance.precision.reduction",
        "appliance.drift.watch",
        "appliance.device.watching",
    ],
)
def test_imports_without_heavy_libraries(module: str) -> None:
    outcome = subprocess.run([sys.executable, "-c", BLOCKED, module], capture_output=True, text=True, timeout=30, check=False)
    assert outcome.returncode == 0, outcome.stderr
