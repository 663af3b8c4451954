"""scripts/bench gpu, on a GPU that is none: that it measures at all, gives everything back, and says what it could not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.nvidia.computer import ROOT, STAND_INS
from tests.system.models import write_detector


def test_the_bench_of_a_gpu_tells_what_it_measured_and_what_it_could_not(tmp_path: Path) -> None:
    model, out = write_detector(tmp_path / "tiny.onnx"), tmp_path / "gpu.json"
    words = ("--model", str(model), "--shape", "32x64", "--seconds", "0.02", "--without-cameras", "--json", str(out))
    outcome = subprocess.run(
        [str(ROOT / "scripts" / "bench"), "gpu", *words],
        env=os.environ | {"PYTHONPATH": f"{STAND_INS}:{ROOT}", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    report = json.loads(out.read_text())
    assert report["gpu"].startswith("Fake GPU, compute capability 8.7")
    assert [(case["network"], case["batch"]) for case in report["cases"]] == [("TensorRT 10.3.0", batch) for batch in (1, 8, 32)]
    for case in report["cases"]:
        assert min(case["bare_pictures_per_s"], case["ours_pictures_per_s"], case["share"]) > 0
        assert case["bare_p50_ms"] <= case["bare_p99_ms"]
    assert any("torch could not be measured" in remark for remark in report["remarks"])
