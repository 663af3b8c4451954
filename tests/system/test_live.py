"""The whole machine with real cameras: RTSP servers of their own processes, which are stalled, killed, and come back."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from appliance.messages.reports import Condition
from tests.cameras import Camera, needs_gstreamer
from tests.system.cli import assert_nothing_is_left_of, run_cli
from tests.system.sites import Site, camera_in, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video

pytestmark = [needs_gstreamer, pytest.mark.alone]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A block that crosses the middle once a second."""
    return write_video(tmp_path_factory.mktemp("clips") / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))


def test_a_camera_that_goes_and_comes_back_is_counted_again_and_the_other_one_loses_no_frame(tmp_path: Path, clip: Path) -> None:
    with ExitStack() as stack:
        gate, yard = (stack.enter_context(Camera(clip)) for _ in range(2))
        site = stack.enter_context(Site(tmp_path, {"gate": {"source": gate.url}, "yard": {"source": yard.url}}))
        site.until(lambda health: {camera.condition.state for camera in health.cameras} == {"ok"})
        site.until_counted("gate", 2)
        gate.tell("stall")
        site.until(state_of("gate", "down"))
        before = camera_in(site.health(), "yard")
        gate.kill()
        site.until(lambda health: "the connection is refused" in camera_in(health, "gate").condition.reason)
        site.until_counted("yard", 2)
        gate.start()
        site.until(state_of("gate", "ok"))
        site.until_counted("gate", 2)
        health = site.health()
        after = camera_in(health, "yard")
        assert after.frames > before.frames
        assert (after.skipped_busy, after.skipped_stale, after.connections) == (before.skipped_busy, before.skipped_stale, 1)
        assert camera_in(health, "gate").connections == 2
        assert {process.restarts for process in health.processes} == {0}
        assert site.stop() == 0
    assert_nothing_is_left_of(site.process.pid)
    assert "gate is down" in site.stderr


@pytest.mark.parametrize("name", ["decode.gate", "detect", "track.0", "count"])
def test_a_killed_process_is_back_and_counting_goes_on(tmp_path: Path, clip: Path, name: str) -> None:
    with Camera(clip) as gate, Site(tmp_path, {"gate": {"source": gate.url}}) as site:
        health = site.until(state_of("gate", "ok"))
        site.until_counted("gate", 1)
        os.kill(pid_of(health, name), signal.SIGKILL)
        site.until(lambda health: any(process.restarts for process in health.processes))
        site.until(state_of("gate", "ok"))
        site.until_counted("gate", 2)
        assert {process.name for process in site.health().processes if process.restarts} == {name}
        assert site.stop() == 0


def test_a_camera_that_is_not_there_does_not_keep_the_other_one_from_counting(tmp_path: Path, clip: Path) -> None:
    cameras: dict[str, dict[str, object]] = {"gone": {"source": "rtsp://127.0.0.1:9/live"}}
    with Camera(clip) as gate, Site(tmp_path, {**cameras, "gate": {"source": gate.url}}) as site:
        site.until(state_of("gate", "ok"))
        site.until_counted("gate", 2)
        refused = Condition("down", "rtsp://127.0.0.1:9/live: the connection is refused")
        site.until(lambda health: camera_in(health, "gone").condition == refused)
        assert site.stop() == 0


def test_a_picture_of_another_size_is_counted_on(tmp_path: Path, clip: Path) -> None:
    larger = write_video(tmp_path / "larger.mp4", traffic(4, (256, 192)), Encoding(options={"g": "25", "bf": "0"}))
    with Camera(clip) as gate, Site(tmp_path, {"gate": {"source": gate.url}}) as site:
        site.until(state_of("gate", "ok"))
        site.until_counted("gate", 1)
        gate.kill()
        gate.start(larger)
        site.until(lambda health: (source := camera_in(health, "gate").source) is not None and source.width == 256)
        site.until_counted("gate", 3)
        assert site.stop() == 0


def test_systemd_hears_that_it_is_ready_alive_and_stopping(tmp_path: Path, clip: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        with Camera(clip) as gate, Site(tmp_path, {"gate": {"source": gate.url}}, environment) as site:
            heard: list[str] = []
            while not {"READY=1", "STATUS=1 of 1 cameras ok"} <= set(heard) or heard.count("WATCHDOG=1") < 3:
                heard.append(manager.recv(4096).decode())
            gate.kill()
            while not heard[-1].startswith("STATUS=0 of 1 cameras ok; gate is down: "):
                heard.append(manager.recv(4096).decode())
            assert site.stop() == 0
            while heard[-1] != "STOPPING=1":
                heard.append(manager.recv(4096).decode())


def test_the_status_of_a_running_machine_can_be_asked_for(tmp_path: Path, clip: Path) -> None:
    with Camera(clip) as gate, Site(tmp_path, {"gate": {"source": gate.url}}) as site:
        site.until(state_of("gate", "ok"))
        outcome = run_cli("status", "--json", str(tmp_path / "status.json"), environment={"TMPDIR": str(tmp_path)})
        assert outcome.exit_code == 0
        [machine] = json.loads((tmp_path / "status.json").read_text())
        [camera] = machine["cameras"]
        assert (camera["name"], camera["state"], camera["connections"]) == ("gate", "ok", 1)
        assert {process["name"] for process in machine["processes"]} == {"decode.gate", "detect", "track.0", "count"}
        assert site.stop() == 0
    outcome = run_cli("status", environment={"TMPDIR": str(tmp_path)})
    assert (outcome.exit_code, "no machine of this user runs" in outcome.stderr) == (1, True)


STRANGE = {
    "tiny": "gst:videotestsrc is-live=true ! video/x-raw,width=1,height=1,framerate=10/1",
    "huge": "gst:videotestsrc is-live=true pattern=black ! video/x-raw,format=I420,width=7680,height=4320,framerate=1/1",
    "fast": "gst:videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=240/1",
    "timeless": "gst:videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=0/1",
    "frozen": "gst:videotestsrc is-live=true pattern=black ! video/x-raw,width=64,height=48,framerate=10/1",
}


def test_strange_pictures_neither_crash_nor_disturb(tmp_path: Path, clip: Path) -> None:
    cameras: dict[str, dict[str, object]] = {name: {"source": line, "stall_s": 4} for name, line in STRANGE.items()}
    with Camera(clip) as gate, Site(tmp_path, {"gate": {"source": gate.url}, **cameras}) as site:
        site.until(state_of("gate", "ok"))
        site.until(lambda health: all(camera.condition.state != "starting" for camera in health.cameras))
        site.until_counted("gate", 3)
        health = site.until(lambda health: all(camera_in(health, name).frames > 0 for name in ("tiny", "fast", "frozen")))
        assert {process.restarts for process in health.processes} == {0}
        assert camera_in(health, "huge").condition.state in ("ok", "down")
        assert site.stop() == 0


def test_a_full_disk_is_told_and_counting_goes_on_when_there_is_room_again(
    tmp_path: Path, clip: Path, tiny_disk: Callable[[int], Path]
) -> None:
    disk = tiny_disk(400)
    with Camera(clip) as gate:
        site = Site(tmp_path, {"gate": {"source": gate.url}})
        site.tree |= {"data_dir": str(disk), "counter": {"record_tracks": True}}
        site.ledger = disk / "ledger.sqlite"
        with site:
            site.until(state_of("gate", "ok"))
            site.until_counted("gate", 1)
            full = site.until(lambda health: any("disk is full" in process.condition.reason for process in health.processes), 60)
            assert {process.name for process in full.processes if process.condition.state != "ok"} == {"count"}
            assert camera_in(full, "gate").condition.state == "degraded"
            subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
            site.until(state_of("gate", "ok"))
            site.until_counted("gate", 2)
            assert site.stop() == 0
