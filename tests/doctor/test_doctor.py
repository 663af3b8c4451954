"""The doctor on real sites: a good one, and one whose every part is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.decode.choice import for_cameras
from appliance.doctor.checks import Finding, device
from tests.cameras import Camera, needs_gstreamer
from tests.device.trees import ORIN_NANO, XAVIER_NX, planted
from tests.system.cli import run_cli
from tests.system.models import write_detector
from tests.system.videos import numbered, write_video


def site_file(folder: Path, cameras: list[dict[str, object]], **more: object) -> Path:
    model = str(write_detector(folder / "model.onnx"))
    path = folder / "site.json"
    data = {"cameras": cameras, "detector": {"model": model, "input_px": 128}, "data_dir": str(folder / "data"), **more}
    path.write_text(json.dumps(data))
    return path


def findings_in(path: Path) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in json.loads(path.read_text())["findings"]}


@needs_gstreamer
def test_a_good_site_is_called_good_and_nothing_is_left_behind(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", numbered(50))
    with Camera(video) as camera:
        site = site_file(tmp_path, [{"name": "file", "source": str(video)}, {"name": "live", "source": camera.url}])
        outcome = run_cli("doctor", "--config", str(site), "--json", str(tmp_path / "out.json"))
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    found = findings_in(tmp_path / "out.json")
    assert list(found) == [
        "system", "device", "decoding", "shared memory", "sockets", "disk", "clock", "detector", "camera file", "camera live",
    ]  # fmt: skip
    assert all(finding["verdict"] in ("good", "doubtful") for finding in found.values())
    assert found["decoding"]["said"] == for_cameras()[0]
    assert found["camera file"]["said"].startswith("128x72, 25 frames per second; PyAV")
    assert found["camera live"]["said"].startswith("128x72, 25 frames per second, the first after ")
    assert not (tmp_path / "data").exists()


def test_whatever_is_wrong_is_said_all_at_once(tmp_path: Path) -> None:
    cameras: list[dict[str, object]] = [
        {"name": "gone", "source": str(tmp_path / "gone.mp4")},
        {"name": "closed", "source": "rtsp://127.0.0.1:9/live"},
        {"name": "secret", "source": "rtsp://127.0.0.1:9/live", "login": "env:NOT_SET_AT_ALL"},
    ]
    site = site_file(tmp_path, cameras, shm_dir=str(tmp_path / "nowhere"))
    (tmp_path / "model.onnx").write_bytes(b"no model")
    (tmp_path / "data").write_text("no folder")
    outcome = run_cli("doctor", "--config", str(site), "--json", str(tmp_path / "out.json"))
    assert outcome.exit_code == 1
    found = findings_in(tmp_path / "out.json")
    bad = {name: finding["said"] for name, finding in found.items() if finding["verdict"] == "bad"}
    for name, words in {
        "shared memory": "shared memory is wanted in",
        "disk": "data",
        "detector": "model.onnx",
        "camera gone": "gone.mp4 does not exist",
        "camera closed": "rtsp://127.0.0.1:9/live: the connection is refused",
        "camera secret": "a login is wanted as user:password in the environment variable NOT_SET_AT_ALL, found nothing",
    }.items():
        assert words in bad[name]
    assert outcome.stderr.startswith("appliance: shared memory: ")


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "--config", "/nowhere.yaml")])
def test_a_site_is_wanted(words: tuple[str, ...]) -> None:
    assert run_cli(*words).exit_code == 2


def test_what_it_runs_on_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert device(tmp_path) == Finding("device", "good", "none of NVIDIA's")
    planted(
        tmp_path, {"proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release"}
    )
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert (device(tmp_path).verdict, "(nvidia-ml-py)" in device(tmp_path).said) == ("doubtful", True)
    said = "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super, JetPack 6.2 (L4T 36.4.3), power mode MAXN_SUPER"
    assert device(planted(tmp_path / "orin", ORIN_NANO)) == Finding("device", "good", said)
    hot = device(planted(tmp_path / "xavier", XAVIER_NX))
    assert (hot.verdict, hot.said.endswith("the device is too hot: its clocks are down")) == ("doubtful", True)
