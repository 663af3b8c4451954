"""Zones: who comes in, who goes out, and how many are inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config import CameraSettings, CounterSettings
from appliance.count.camera import CountedCamera
from appliance.count.counter import Counter
from appliance.count.diary import Diary
from appliance.ledger.ledger import Ledger
from appliance.letterbox import InputRule
from appliance.messages.orders import Begin, Checkpoint, ModelInfo
from tests.count.scenes import CARS_ONLY, PERSON, SQUARE, Scene, down, hidden, looks, still, walk
from tests.count.test_camera import a_frame

WITHIN, OUTSIDE = (500.0, 500.0), (100.0, 100.0)
INSIDE: dict[str, tuple[Scene, list[int]]] = {
    "walks through": (Scene(walk(down(50, 850, 9)), (SQUARE,)), [0, 0, 0, 0, 1, 1, 0, 0, 0]),
    "stands within, once he is known": (Scene(walk(still(WITHIN, 4)), (SQUARE,)), [0, 1, 1, 1]),
    "stands outside": (Scene(walk(still(OUTSIDE, 4)), (SQUARE,)), [0, 0, 0, 0]),
    "two": (Scene([*walk(still(WITHIN, 4)), *walk(still((450, 450), 4), look=looks(2))], (SQUARE,)), [0, 2, 2, 2]),
    "hidden for a moment": (Scene(walk(still(WITHIN, 3) + hidden(15) + still(WITHIN, 1)), (SQUARE,)), [0] + [1] * 18),
    "gone": (Scene([*walk(still(WITHIN, 2)), *walk(still(OUTSIDE, 60), look=looks(2))], (SQUARE,)), [0] + [1] * 31 + [0] * 28),
}


@pytest.mark.parametrize(("scene", "truth"), INSIDE.values(), ids=INSIDE.keys())
def test_who_is_inside(scene: Scene, truth: list[int]) -> None:
    counter, found = scene.counter(), []
    for frame in scene.frames():
        counter.update(*frame)
        found.append(counter.inside(0))
    assert found == truth


def test_only_what_is_counted_is_inside() -> None:
    zone = type(SQUARE)(SQUARE.line, class_ids=CARS_ONLY.class_ids)
    scene = Scene([*walk(still(WITHIN, 3)), *walk(still((450, 450), 3), look=looks(2, PERSON))], (zone,))
    counter: Counter = scene.counter()
    for frame in scene.frames():
        counter.update(*frame)
    assert counter.inside(0) == 1


CORNERS = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]


@pytest.mark.parametrize("corners", [CORNERS, CORNERS[::-1]], ids=["clockwise", "the other way"])
def test_in_is_in_whichever_way_the_corners_go(tmp_path: Path, corners: list[list[float]]) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite", "run1")
    camera = CameraSettings.model_validate(
        {"name": "yard", "source": "rtsp://a/", "zones": [{"name": "island", "points": corners}]}
    )
    order = Begin("yard", 1, Checkpoint(), ModelInfo(("person", "car"), InputRule(), ""), "")
    counted = CountedCamera(camera, CounterSettings(), order, Checkpoint(), ledger, Diary(ledger, (1,)))
    for frame in range(60):
        counted.count(a_frame(frame, (1, 500, 200 + 10.0 * frame, 1)))
    counted.finish("")
    assert [(record.line, record.direction) for record in ledger.crossings("yard")] == [("island", "enter"), ("island", "exit")]
    ledger.close()


def test_who_is_inside_survives_a_death() -> None:
    scene, _ = INSIDE["stands within, once he is known"]
    counter = scene.counter()
    for frame in scene.frames()[:3]:
        counter.update(*frame)
    assert scene.counter(counter.state).inside(0) == 1
