"""Jobs that cannot be done to the end: damaged videos, full disks. What was counted before stays counted, and is told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import pytest

from tests.system.conftest import Appliance, sentence_of
from tests.system.models import write_detector
from tests.system.videos import FAST_START, PLAIN, Encoding, cut, damage, join, traffic, write_video

PASSES = 12
LONG = Encoding(options={**PLAIN.options, "preset": "ultrafast"})


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    write_detector(folder / "tiny.onnx")
    fast = write_video(folder / "fast.mp4", traffic(PASSES), FAST_START)
    cut(fast, folder / "cut.mp4", 0.6)
    damage(fast, folder / "damaged.mp4", 0.5, 0.55)
    cut(write_video(folder / "whole.mkv", traffic(PASSES)), folder / "cut.mkv", 0.5)
    cut(write_video(folder / "whole.avi", traffic(PASSES)), folder / "cut.avi", 0.5)
    parts = [write_video(folder / f"{size[0]}.ts", traffic(PASSES // 2, size)) for size in ((128, 72), (160, 96))]
    join(parts, folder / "resized.ts")
    write_video(folder / "long.mp4", traffic(40), LONG)
    return folder


def words(here: Path, video: str, *more: str) -> tuple[str, ...]:
    model = str(here / "tiny.onnx")
    return ("count", str(here / video), "--model", model, "--line=middle=0.5,1,0.5,0", "--set=detector.input_px=128", *more)


def result_in(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def totals(result: dict[str, Any]) -> tuple[int, int]:
    directions = result["lines"]["middle"]
    return directions["forward"]["total"], directions["backward"]["total"]


def frames_in(ledger: Path) -> list[int]:
    """The frames of the crossings in a ledger."""
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as connection:
        return [frame for (frame,) in connection.execute("SELECT frame FROM crossings ORDER BY sequence")]


@pytest.mark.parametrize(("video", "decoder"), [("fast.mp4", "pyav"), ("whole.mkv", "pyav"), ("whole.avi", "opencv")])
def test_a_whole_video_is_counted_without_a_word(
    appliance: Appliance, here: Path, tmp_path: Path, video: str, decoder: str
) -> None:
    json_file = tmp_path / "out.json"
    outcome = appliance(*words(here, video, f"--json={json_file}", f"--set=cameras.video.decoder={decoder}"))
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    result = result_in(json_file)
    assert (result["frames"], result["damaged"], result["complete"]) == (300, 0, True)
    assert totals(result) == (PASSES // 2, PASSES // 2)


CUT_SHORT = "is cut short: 12.0 s of video wanted, the last frame found is at"


@pytest.mark.parametrize(
    ("video", "more", "says", "frames"),
    [
        pytest.param("cut.mp4", (), CUT_SHORT, (50, 250), id="cut, fast start"),
        pytest.param("cut.mp4", ("--set=cameras.video.decoder=opencv",), CUT_SHORT, (50, 250), id="cut, fast start, OpenCV"),
        pytest.param("cut.mkv", (), CUT_SHORT, (50, 250), id="cut, Matroska"),
        pytest.param("cut.avi", (), CUT_SHORT, (50, 250), id="cut, AVI"),
        pytest.param("resized.ts", (), "128x72 wanted, 160x96 found at frame 150", (150, 150), id="another size"),
    ],
)
def test_what_came_before_the_end_is_counted(  # a table's columns
    appliance: Appliance, here: Path, tmp_path: Path, video: str, more: tuple[str, ...], says: str, frames: tuple[int, int]
) -> None:
    ledger, json_file = tmp_path / "ledger.sqlite", tmp_path / "out.json"
    outcome = appliance(*words(here, video, *more, f"--ledger={ledger}", f"--json={json_file}"))
    assert outcome.exit_code == 1
    assert says in sentence_of(outcome)
    result = result_in(json_file)
    assert frames[0] <= result["frames"] <= frames[1]
    assert not result["complete"]
    assert says in result["problem"]
    assert frames_in(ledger) == [crossing["frame"] for crossing in result["crossings"]]
    assert sum(totals(result)) >= 2


def test_a_damaged_stretch_is_left_out_and_reported(appliance: Appliance, here: Path, tmp_path: Path) -> None:
    json_file, video_file = tmp_path / "out.json", tmp_path / "out.mp4"
    outcome = appliance(*words(here, "damaged.mp4", f"--json={json_file}", f"--video={video_file}"))
    assert outcome.exit_code == 0
    assert "damaged.mp4 has 1 damaged stretch" in sentence_of(outcome)
    result = result_in(json_file)
    assert (result["damaged"], result["complete"]) == (1, True)
    assert 250 < result["frames"] < 300
    with av.open(str(video_file)) as video:
        assert len(list(video.decode(video=0))) == result["frames"]
    assert sum(totals(result)) >= PASSES - 2


@pytest.mark.parametrize("name", ["12:30:00.mp4", "line\nbreak.mp4"])
def test_a_video_may_have_any_name(appliance: Appliance, here: Path, tmp_path: Path, name: str) -> None:
    video = tmp_path / name
    video.write_bytes((here / "fast.mp4").read_bytes())
    outcome = appliance(*words(tmp_path, name, "--model", str(here / "tiny.onnx"), "--to=30"))
    assert (outcome.exit_code, outcome.stderr) == (0, "")


def test_shared_memory_that_is_too_small_is_refused(appliance: Appliance, here: Path, tiny_disk: Callable[[int], Path]) -> None:
    folder = tiny_disk(2048)
    outcome = appliance(*words(here, "fast.mp4", f"--set=shm_dir={folder}"))
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "is too small for the frames in flight: 21.2 MB wanted, 2.1 MB free" in sentence_of(outcome)


@pytest.mark.parametrize("size_kb", [16, 64])
def test_a_disk_too_small_for_a_ledger_is_refused(
    appliance: Appliance, here: Path, tiny_disk: Callable[[int], Path], size_kb: int
) -> None:
    folder = tiny_disk(size_kb)
    outcome = appliance(*words(here, "fast.mp4", f"--ledger={folder / 'ledger.sqlite'}"))
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "ledger.sqlite cannot be opened: " in sentence_of(outcome)
    assert list(folder.iterdir()) == []


def test_a_disk_that_fills_up_costs_nothing_that_was_counted(
    appliance: Appliance, here: Path, tmp_path: Path, tiny_disk: Callable[[int], Path]
) -> None:
    json_file, ledger = tmp_path / "out.json", tiny_disk(360) / "ledger.sqlite"
    outcome = appliance(*words(here, "long.mp4", f"--ledger={ledger}", f"--json={json_file}"))
    assert outcome.exit_code == 1
    assert "ledger.sqlite cannot be written: database or disk is full" in sentence_of(outcome)
    result = result_in(json_file)
    assert not result["complete"]
    assert "disk is full" in result["problem"]
    assert 0 < sum(totals(result)) < 40
    assert frames_in(ledger) == [crossing["frame"] for crossing in result["crossings"]]


def test_a_result_that_cannot_be_written_is_in_the_ledger(appliance: Appliance, here: Path) -> None:
    outcome = appliance(*words(here, "fast.mp4", "--json=/dev/full"), keeps_ledger=True)
    assert outcome.exit_code == 1
    (ledger,) = appliance.files_at_home()
    sentence = sentence_of(outcome)
    assert "cannot be written to /dev/full: No space left on device" in sentence
    assert f"(counted so far: {ledger})" in sentence
    assert len(frames_in(ledger)) == PASSES


def test_a_ledger_that_was_there_survives_a_refusal(appliance: Appliance, here: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    appliance(*words(here, "fast.mp4", f"--ledger={ledger}"))
    outcome = appliance(*words(here, "nowhere.mp4", f"--ledger={ledger}"))
    assert outcome.exit_code == 2
    assert "counted so far" not in sentence_of(outcome)
    assert len(frames_in(ledger)) == PASSES
