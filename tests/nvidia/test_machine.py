"""A machine with a GPU that is none: its engine is outdated, is built anew while it counts, and then the GPU is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.messages.health import Health
from tests.cameras import Camera, needs_gstreamer
from tests.nvidia.computer import LOST, ROOT, STAND_INS, VERSION, have_gpu
from tests.system.cli import run_cli
from tests.system.models import write_detector
from tests.system.sites import Site, camera_in, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_gstreamer
CAR = {"name": "middle", "from": [0.5, 0.0], "to": [0.5, 1.0], "classes": ["car"]}


def runs_on(health: Health, backend: str) -> bool:
    return health.model is not None and health.model.backend.startswith(backend)


def why(health: Health) -> str:
    """What is told of the detector."""
    [reason] = [process.condition.reason for process in health.processes if process.name == "detect"]
    return reason


def test_an_engine_is_renewed_while_it_counts_and_a_lost_gpu_costs_no_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_video(tmp_path / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    data_dir = tmp_path / "data"
    model = str(write_detector(tmp_path / "tiny.onnx"))
    detector = {"model": model, "input_px": 128}
    # JetPack has been upgraded since the engine was built.
    have_gpu(monkeypatch, **{VERSION: "10.3.0"})
    sizes = ("--max-batch", "2", "--set", "detector.input_px=128", "--set", f"data_dir={data_dir}")
    built = run_cli("models", "build", model, *sizes)
    assert built.exit_code == 0, built.stderr
    assert "good latency: " in built.stdout
    assert "tiny.onnx in fp16 is built for Fake GPU, compute capability 8.7" in " ".join(built.stdout.split())
    lost = tmp_path / "lost"
    upgraded = {"PYTHONPATH": f"{STAND_INS}:{ROOT}", VERSION: "10.7.0", LOST: str(lost)}

    with Camera(clip) as gate:
        machine = Site(tmp_path, {"gate": {"source": gate.url, "lines": [CAR]}}, upgraded)
        machine.tree |= {"detector": detector, "gates": {"probation_s": 1, "slowest": 1000}}
        with machine:
            before = machine.until(state_of("gate", "ok"), 60)
            assert runs_on(before, "OpenVINO")
            assert why(before).startswith("on OpenVINO")
            assert "the engine of this model was built for tensorrt TensorRT 10.3.0 instead of TensorRT 10.7.0" in why(before)
            machine.until_counted("gate", 1)
            after = machine.until(lambda health: runs_on(health, "TensorRT 10.7.0 f16"), 90)
            machine.until_counted("gate", 2)
            machine.until(lambda health: why(health) == "", 30)
            # Nobody was started anew for it, and no frame had to wait for that.
            assert pid_of(after, "detect") == pid_of(before, "detect")
            assert camera_in(after, "gate").connections == camera_in(before, "gate").connections

            # Once it is kept, it is the only one.
            wait_until("the old engine is gone", lambda: len(list((data_dir / "built").glob("*.engine"))) == 1, 30)

            lost.touch()
            after = machine.until(lambda health: runs_on(health, "OpenVINO") and why(health) != "", 60)
            assert "found none, because the GPU was to be counted, found cudaErrorLaunchFailure" in why(after)
            assert "start the computer anew" in why(after)
            machine.until(state_of("gate", "ok"), 30)
            machine.until_counted("gate", 2)
            assert machine.stop() == 0
    assert "is built anew; meanwhile another backend counts" in machine.stderr
    assert "cudaErrorLaunchFailure" in machine.stderr
