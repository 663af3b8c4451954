"""``appliance models compare``: two models on one video, with the truth beside them, as tables, JSON and a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from appliance.cli import app
from appliance.errors import Refusal
from appliance.evaluate.two_models_picture import has_partner
from tests.precision.boxes import detections, square
from tests.shared_data import shared
from tests.system.models import CLASSES, write_detector
from tests.system.videos import PASS_FRAMES, traffic, write_video

RUNNER = CliRunner()
MIDDLE = "road=0.5,1,0.5,0"
PASSES = 4


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "block.mp4", traffic(PASSES))


def compare(*words: object, data_dir: Path) -> str:
    """What it prints."""
    out = RUNNER.invoke(app, ["models", "compare", *map(str, words), "--set", f"data_dir={data_dir}"], catch_exceptions=False)
    assert out.exit_code == 0, out.output
    return out.output


def test_the_same_model_twice_agrees_in_everything(tmp_path: Path, video: Path) -> None:
    model = write_detector(tmp_path / "one.onnx")
    result, picture = tmp_path / "result.json", tmp_path / "worst.png"
    words = ("--line", MIDDLE, "--json", result, "--picture", picture)
    printed = compare(model, model, video, *words, data_dir=tmp_path)
    tree: dict[str, Any] = json.loads(result.read_text())
    assert tree["agreement"]["f1"] == 1
    assert tree["frames"] == PASSES * PASS_FRAMES
    one, other = tree["models"]
    assert one["lines"] == other["lines"] == {"road": {"forward": {"total": 2, "car": 2}, "backward": {"total": 2, "car": 2}}}
    assert min(one["p50_ms"], one["p99_ms"], other["p50_ms"]) > 0
    assert one["backend"].startswith("OpenVINO")
    assert "the two never disagree" in printed
    assert not picture.exists()


def test_models_of_other_classes_are_told_apart_by_name(tmp_path: Path, video: Path) -> None:
    one = write_detector(tmp_path / "one.onnx")
    other = write_detector(tmp_path / "other.onnx", classes=(*CLASSES[::-1], "bus"))
    result, picture = tmp_path / "result.json", tmp_path / "worst.png"
    words = ("--line", MIDDLE, "--json", result, "--picture", picture)
    printed = compare(one, other, video, *words, data_dir=tmp_path)
    tree = json.loads(result.read_text())
    assert tree["agreement"]["f1"] == 0
    assert set(tree["agreement"]["classes"]) == {"car", "person"}
    assert tree["models"][1]["lines"]["road"]["forward"] == {"total": 2, "person": 2}
    assert f"they disagree most on frame {tree['most_different_frame']}" in printed
    drawn = cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    assert drawn.shape == (72, 2 * 128 + 8, 3)


def test_the_truth_stands_beside_them(tmp_path: Path, video: Path) -> None:
    model, truth, result = write_detector(tmp_path / "one.onnx"), tmp_path / "truth.json", tmp_path / "result.json"
    # Half a pass from one side to the middle; there it is after 12.5 frames, and every 25 from then on.
    crossings = [
        {"frame": 12.5 + PASS_FRAMES * number, "class": "car", "direction": "right" if number % 2 == 0 else "left"}
        for number in range(PASSES + 1)
    ]
    truth.write_text(json.dumps({"fps": 25, "frames": PASS_FRAMES * PASSES, "crossings": crossings[:PASSES]}))
    directions = "--directions=right=forward,left=backward"
    printed = compare(model, model, video, "--line", MIDDLE, "--truth", truth, directions, "--json", result, data_dir=tmp_path)
    assert re.search(r"missing", printed)
    movements = json.loads(result.read_text())["models"][0]["against_truth"]["movements"]
    assert [(each["direction"], each["truth"], each["counted"], each["matched"]) for each in movements] == [
        ("backward", 2, 2, 2),
        ("forward", 2, 2, 2),
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["{model}", "{model}", "{here}/gone.mp4"], "gone.mp4 does not exist", id="no video"),
        pytest.param(["{model}", "{here}/gone.onnx", "{video}"], "gone.onnx does not exist", id="no model"),
        pytest.param(["{model}", "river", "{video}"], "found 'river'", id="an unknown name"),
        pytest.param(["{model}", "{model}", "{video}", "--picture", "{here}/x.jpg"], "ends with .png", id="no PNG"),
        pytest.param(
            ["{model}", "{model}", "{video}", "--from", "9", "--to", "3"], "the first not after the last", id="backwards"
        ),
        pytest.param(["{model}", "{model}", "{video}", "--line", MIDDLE, "--classes", "tram"], "'tram' is wanted", id="no class"),
        pytest.param(["{model}", "{model}", "{video}", "--camera", "x"], "--camera with one of", id="no camera"),
        pytest.param(["{model}", "{model}", "{video}", "--json", "{video}"], "--json wants a file of its own", id="the video"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, video: Path, words: list[str], says: str) -> None:
    places = {"{model}": str(write_detector(tmp_path / "one.onnx")), "{video}": str(video), "{here}": str(tmp_path)}
    for mark, place in places.items():
        words = [word.replace(mark, place) for word in words]
    with pytest.raises(Refusal, match=re.escape(says)):
        compare(*words, data_dir=tmp_path)


def test_lines_of_a_site_are_taken_by_camera(tmp_path: Path, video: Path) -> None:
    model, result = write_detector(tmp_path / "one.onnx"), tmp_path / "result.json"
    site = tmp_path / "north.yaml"
    cameras = [
        {"name": name, "source": "rtsp://127.0.0.1/x", "lines": [{"name": line, "from": [0.5, 1], "to": [0.5, 0]}]}
        for name, line in (("gate", "in"), ("yard", "out"))
    ]
    site.write_text(json.dumps({"cameras": cameras, "detector": {"model": "demo"}}))
    words = (model, model, video, "--config", site, "--json", result)
    with pytest.raises(Refusal, match=r"is wanted \(gate, yard\), found ''"):
        compare(*words, data_dir=tmp_path)
    compare(*words, "--camera", "yard", data_dir=tmp_path)
    assert list(json.loads(result.read_text())["models"][0]["lines"]) == ["out"]


def test_partners_are_of_one_class_and_overlap_by_half() -> None:
    mine = detections(square(0), square(0, 0.9, 1), square(100))
    assert has_partner(mine, detections(square(2), square(50))).tolist() == [True, False, False]
    assert has_partner(mine, detections()).tolist() == [False] * 3
    assert has_partner(detections(), mine).tolist() == []


@pytest.mark.slow
@pytest.mark.long
def test_real_weights_on_real_footage_with_the_truth_of_eyes(tmp_path: Path) -> None:
    small, larger = shared("models", "yolov8n_dynamic.onnx"), shared("models", "yolov8s_dynamic.onnx")
    video, truth = shared("videos", "highway_two_way_720p.mp4"), shared("counts", "highway_two_way_720p.json")
    result = tmp_path / "result.json"
    words = ("--line", "road=0,0.7,1,0.7", "--classes", "car,truck,bus", "--to", "199", "--json", result)
    compare(small, larger, video, *words, "--truth", truth, "--directions", "up=backward,down=forward", data_dir=tmp_path)
    tree = json.loads(result.read_text())
    for model in tree["models"]:
        assert [each["error"] for each in model["against_truth"]["movements"]] == [0, 0]
    assert tree["agreement"]["f1"] > 0.7
