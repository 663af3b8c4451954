"""``appliance count`` on a real road: the counts are those of a patient human, and every output says the same."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tests.shared_data import shared
from tests.system.cli import run_cli

pytestmark = pytest.mark.slow

LAST_FRAME = 735
MOST_FRAMES_OFF = 13  # half a second


@dataclass(frozen=True)
class Counted:
    """One run of the command and the files that it wrote."""

    result: dict[str, Any]
    folder: Path
    stdout: str


def count(folder: Path, *options: str, last: int = LAST_FRAME) -> Counted:
    video, model = shared("videos", "highway_two_way_720p.mp4"), shared("models", "yolov8n_dynamic.onnx")
    outcome = run_cli(
        "count",
        str(video),
        *("--model", str(model), "--line", "road=0,0.7,1,0.7", "--classes", "car,truck,bus"),
        *("--to", str(last), "--json", str(folder / "out.json"), *options),
        deadline_s=120,
    )
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stderr == ""
    return Counted(json.loads((folder / "out.json").read_text()), folder, outcome.stdout)


@pytest.fixture(scope="module")
def by_centre(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp("centre")
    return count(folder, "--csv", str(folder / "out.csv"))


def totals(counted: Counted) -> tuple[int, int]:
    road = counted.result["lines"]["road"]
    return road["forward"]["total"], road["backward"]["total"]


def test_centres_cross_as_often_as_counted_by_eye(by_centre: Counted) -> None:
    assert totals(by_centre) == (35, 36)


@pytest.mark.parametrize(("direction", "by_eye"), [("forward", "down"), ("backward", "up")])
def test_every_crossing_is_when_it_was_seen(by_centre: Counted, direction: str, by_eye: str) -> None:
    truth = json.loads(shared("counts", "highway_two_way_720p.json").read_text())
    seen = [c["frame"] for c in truth["crossings"] if c["direction"] == by_eye and c["frame"] <= LAST_FRAME]
    found = [c["frame"] for c in by_centre.result["crossings"] if c["direction"] == direction]
    off = np.abs(np.subtract.outer(np.array(seen), np.array(found)))
    rows, columns = linear_sum_assignment(off)
    assert off[rows, columns].max() <= MOST_FRAMES_OFF


def test_evaluated_it_is_the_hand_count(by_centre: Counted) -> None:
    truth = shared("counts", "highway_two_way_720p.json")
    words = ("--directions", "down=forward,up=backward", "--classes", "car+truck+bus+van=vehicle", "--to", str(LAST_FRAME))
    outcome = run_cli("evaluate", "counts", str(by_centre.folder / "out.json"), str(truth), *words, "--most-wmape", "0")
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr


@pytest.mark.long
def test_bottom_centres_cross_as_often(tmp_path: Path) -> None:
    assert totals(count(tmp_path, "--anchor", "bottom_center")) == (35, 36)


def test_onnx_runtime_agrees(tmp_path: Path, by_centre: Counted) -> None:
    counted = count(tmp_path, "--backend", "onnxruntime", last=150)
    assert counted.result["backend"].startswith("ONNX Runtime")
    openvino = [c for c in by_centre.result["crossings"] if c["frame"] < 145]
    onnx = [c for c in counted.result["crossings"] if c["frame"] < 145]
    assert [c["direction"] for c in onnx] == [c["direction"] for c in openvino]
    assert max(abs(a["frame"] - b["frame"]) for a, b in zip(onnx, openvino)) <= 1


def test_the_json_is_complete(by_centre: Counted) -> None:
    result = by_centre.result
    assert result["frames"] == LAST_FRAME + 1
    assert result["fps"] == 25.0
    assert result["complete"] is True
    assert result["restarts"] == 0
    assert set(result["stages"]) == {"decode.video", "detect", "track.0", "count"}
    for directions in result["lines"].values():
        for counts in directions.values():
            assert counts["total"] == sum(number for name, number in counts.items() if name != "total")
    assert set(result["crossings"][0]) == {"line", "direction", "class", "frame", "pts_s", "track_id", "confidence"}
    assert all(abs(c["pts_s"] * 25 - c["frame"]) <= 1 for c in result["crossings"])


def test_memory_of_all_processes_together_stays_below_600_mb(by_centre: Counted) -> None:
    assert sum(stage["peak_memory_mb"] for stage in by_centre.result["stages"].values()) < 600


def test_the_csv_and_the_table_say_the_same(by_centre: Counted) -> None:
    with (by_centre.folder / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == [c["frame"] for c in by_centre.result["crossings"]]
    assert "│ 35 " in by_centre.stdout
    assert "│ 36 " in by_centre.stdout


def test_the_annotated_video_has_every_frame_at_its_time(tmp_path: Path) -> None:
    counted = count(tmp_path, "--video", str(tmp_path / "out.mp4"), "--from", "100", last=130)
    assert counted.result["frames"] == 31
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 31
    assert (frames[0].width, frames[0].height) == (1280, 720)
    steps = np.diff([float(frame.time or 0) for frame in frames])
    np.testing.assert_allclose(steps, 0.04, atol=0.002)
