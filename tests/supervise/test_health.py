"""How a camera is, from what its decoder says and how the others are."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from appliance.clock import wall_ns
from appliance.messages.health import DeviceHealth, Health, ProcessHealth
from appliance.messages.reports import Beat, CameraCondition, CameraDrift, Condition, DriftHealth, ProcessCondition
from appliance.supervise.child import Child
from appliance.supervise.health import OK, STARTING, HealthWatch, of_camera, of_process
from appliance.supervise.recovery import CameraStream, Stage
from appliance.supervise.service import in_one_line
from tests.supervise.players import player

NAMES = ("decode.yard", "detect", "track.0", "count")
GONE = Condition("down", "has died (SIGKILL); is started again")
LOOP = Condition("degraded", "has ended 4 times in a row")
SILENT = Condition("down", "rtsp://cam/ has sent no picture for 3.0 s")

CASES = {
    "all is well": (Stage.PLAYING, {}, OK, OK),
    "a file says nothing": (Stage.PLAYING, {}, None, OK),
    "it has not begun": (Stage.STARTING, {}, None, STARTING),
    "the camera is silent": (Stage.PLAYING, {}, SILENT, SILENT),
    "its decoder is gone": (Stage.WAITING, {"decode.yard": GONE}, OK, Condition("down", f"its decoder {GONE.reason}")),
    "the detector is gone": (
        Stage.WAITING, {"detect": GONE}, OK, Condition("degraded", f"its pictures are not counted: detect {GONE.reason}")
    ),
    "the counter crashes again and again": (
        Stage.PLAYING, {"count": LOOP}, OK, Condition("degraded", f"its pictures are not counted: count {LOOP.reason}")
    ),
    "another camera's decoder is gone": (Stage.PLAYING, {"decode.gate": GONE}, OK, OK),
    "its file is finished": (Stage.FINISHED, {}, None, Condition("ok", "finished")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_camera_is_as_its_weakest_part(case: str) -> None:
    stage, others, told, expected = CASES[case]
    stream = CameraStream("yard", NAMES, stage=stage)
    processes = dict.fromkeys(NAMES, OK) | others
    report = None if told is None else CameraCondition(1, "yard", told)
    assert of_camera(stream, processes, report) == expected


def test_who_refuses_to_work_is_down_however_often_he_was_asked(tmp_path: Path) -> None:
    child = Child(player("a-child", "idle"), tmp_path, "error")
    child.restarts = child.deaths_in_a_row = 7
    assert of_process(child).state == "degraded"
    child.complaint = "there is no token"
    assert of_process(child) == Condition("down", "there is no token; is started again")


def test_when_the_last_frame_came_is_remembered(tmp_path: Path) -> None:
    watch = HealthWatch()

    def told(child: Child, *, frames: int = 0, skipped: int = 0) -> ProcessHealth:
        child.hear(Beat(1, frames, skipped))
        [process] = watch.health({"a-child": child}, ()).processes
        return process

    child = Child(player("a-child", "idle"), tmp_path, "error")
    assert told(child).worked_ns == 0, "none has come"
    before_ns = wall_ns()
    first = told(child, frames=1)
    assert before_ns <= first.worked_ns <= wall_ns()
    assert first.work.frames == 1
    assert told(child, frames=1).worked_ns == first.worked_ns
    # One that is not passed on has come, too.
    second = told(child, frames=1, skipped=1)
    assert second.worked_ns > first.worked_ns
    # A changed camera gets another process of the same name, which begins at nothing.
    other = Child(player("a-child", "idle"), tmp_path, "error")
    assert told(other).worked_ns == second.worked_ns
    assert told(other, frames=1).worked_ns > second.worked_ns


def test_what_is_told_of_a_camera_is_its_health_and_what_is_new_of_it_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    watch, streams = HealthWatch(), [CameraStream("yard", ("decode",), stage=Stage.PLAYING)]
    children = {"decode": Child(player("decode", "idle"), tmp_path, "error")}
    children["decode"].is_ready = True
    steady, drifting = DriftHealth("steady", 1), DriftHealth("drifting", 2, "it is darker than ever")
    for connections in (1, 2):
        watch.hear_camera(CameraCondition(1, "yard", SILENT, connections=connections))
    # What it begins with is no change.
    for drift in (steady, drifting, drifting):
        watch.hear_drift(CameraDrift(1, "yard", drift))
    [camera] = watch.health(children, streams).cameras
    assert (camera.condition, camera.connections, camera.drift) == (SILENT, 2, drifting)
    watch.hear_process(children["decode"], ProcessCondition(1, GONE))
    [process] = watch.health(children, streams).processes
    assert process.condition == GONE
    watch.hear_process(children["decode"], ProcessCondition(1, OK))
    watch.forget("yard")
    [camera] = watch.health(children, streams).cameras
    assert (camera.condition, camera.connections, camera.drift) == (OK, 0, None)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"yard is down: {SILENT.reason}"),
        ("WARNING", "yard is drifting: it is darker than ever"),
        ("WARNING", f"decode is down: {GONE.reason}"),
        ("INFO", "decode is ok"),
    ]


def test_a_device_that_is_held_back_is_told_in_the_line_for_systemd() -> None:
    hot = Condition("degraded", "the device is too hot: its clocks are down")
    health = Health(0, (), (), devices=(DeviceHealth("jetson", "jetson", "NVIDIA Jetson Orin NX", "JetPack 6.2", hot),))
    assert in_one_line(health) == "no cameras yet; jetson is degraded: the device is too hot: its clocks are down"
