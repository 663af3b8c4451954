"""How a camera is, from what its decoder says and how the others are."""

from __future__ import annotations

import pytest

from appliance.messages import CameraCondition, Condition
from appliance.supervise.health import OK, STARTING, of_camera
from appliance.supervise.recovery import CameraStream, Stage

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
