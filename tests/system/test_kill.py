"""Whoever is killed, and however often: the counts are the truth, no crossing is there twice, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.supervise.preflight import is_alive
from tests.shared_data import shared
from tests.system.killing import CountRun, Job, Kill, Outcome, run_disturbed, run_quietly
from tests.system.models import write_detector
from tests.system.videos import PLAIN, Encoding, traffic, write_video
from tests.waiting import wait_until

PROCESSES = ("decode.video", "detect", "track.0", "count")
BACK_S, GONE_S = 30.0, 30.0  # 2 on a quiet machine; a busy one must not fail the test
PASSES = 160
TINY_FRAMES = 25 * PASSES


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A block that crosses the middle once a second, for some seconds of work."""
    folder = tmp_path_factory.mktemp("tiny")
    video = write_video(folder / "block.mp4", traffic(PASSES), Encoding(options={**PLAIN.options, "preset": "ultrafast"}))
    model = write_detector(folder / "tiny.onnx")
    words = (str(video), "--model", str(model), "--line", "middle=0.5,1,0.5,0", "--set=detector.input_px=128")
    return Job(words)


@pytest.fixture(scope="module")
def quiet_tiny(tiny: Job, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_quietly(tiny, tmp_path_factory.mktemp("quiet"))


@pytest.fixture(scope="module")
def highway() -> Job:
    video, model = shared("videos", "highway_two_way_720p.mp4"), shared("models", "yolov8n_dynamic.onnx")
    line = ("--line", "road=0,0.7,1,0.7", "--classes", "car,truck,bus", "--to", "735")
    return Job((str(video), "--model", str(model), *line))


@pytest.fixture(scope="module")
def quiet_highway(highway: Job, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_quietly(highway, tmp_path_factory.mktemp("quiet"))


def assert_the_same(disturbed: Outcome, quiet: Outcome, kills: tuple[Kill, ...]) -> None:
    """Nobody could tell from the results which run was disturbed."""
    assert disturbed.exit_code == 0, disturbed.stderr
    assert disturbed.result["crossings"] == quiet.result["crossings"]
    assert disturbed.result["frames"] == quiet.result["frames"]
    assert disturbed.tracker == quiet.tracker, "the state of every track in the end, bit for bit"
    assert len(set(disturbed.event_ids)) == len(disturbed.event_ids) == len(quiet.event_ids)
    assert disturbed.result["restarts"] == len(disturbed.back_s) == sum(len(kill.processes) for kill in kills)
    assert max(disturbed.back_s) < BACK_S


def test_the_block_is_counted(quiet_tiny: Outcome) -> None:
    assert quiet_tiny.totals("middle") == (PASSES // 2, PASSES // 2)
    assert quiet_tiny.result["frames"] == TINY_FRAMES


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(tuple(Kill(-1, (name,)) for name in PROCESSES), id="before anything was counted"),
        pytest.param(tuple(Kill(400 * number, (name,)) for number, name in enumerate(PROCESSES * 2)), id="one after the other"),
        pytest.param((Kill(200, PROCESSES), Kill(800, PROCESSES), Kill(1400, PROCESSES)), id="everybody at once"),
        pytest.param((Kill(300, ("detect",)), Kill(300, ("decode.video",)), Kill(300, ("count",))), id="during a recovery"),
    ],
)
def test_killed_processes_leave_no_trace_in_the_count(
    tiny: Job, quiet_tiny: Outcome, tmp_path: Path, kills: tuple[Kill, ...]
) -> None:
    assert_the_same(run_disturbed(tiny, tmp_path, kills), quiet_tiny, kills)


def test_killed_shortly_before_the_end_they_leave_none_either(tiny: Job, tmp_path: Path) -> None:
    """The last seconds take as long as they did when they were filmed: nobody is killed too late."""
    passes, folders = 6, (tmp_path / "quiet", tmp_path / "disturbed")
    for folder in folders:
        folder.mkdir()
    video = write_video(tmp_path / "short.mp4", traffic(passes))
    job = Job((str(video), *tiny.words[1:], "--set=cameras.video.pace=played"))
    kills = (Kill(25 * passes - 75, ("decode.video", "count")),)
    quiet = run_quietly(job, folders[0])
    assert len(quiet.crossings) == passes
    assert_the_same(run_disturbed(job, folders[1], kills), quiet, kills)


@pytest.mark.slow
def test_killed_processes_leave_no_trace_in_the_count_of_a_real_road(
    highway: Job, quiet_highway: Outcome, tmp_path: Path
) -> None:
    kills = (
        Kill(40, ("detect",)),
        Kill(130, ("track.0",)),
        Kill(220, ("count",)),
        Kill(300, ("decode.video",)),
        Kill(390, ("count", "track.0")),
        Kill(470, ("detect", "decode.video")),
        Kill(560, PROCESSES),
        Kill(650, ("count",)),
    )
    disturbed = run_disturbed(highway, tmp_path, kills)
    assert quiet_highway.totals("road") == disturbed.totals("road") == (35, 36)
    assert_the_same(disturbed, quiet_highway, kills)


def test_a_second_run_in_the_same_ledger_counts_again(tiny: Job, tmp_path: Path) -> None:
    short = Job((*tiny.words, "--to", "200"))
    first, second = run_quietly(short, tmp_path), run_quietly(short, tmp_path)
    assert first.crossings == second.crossings != []
    assert len(set(second.event_ids)) == 2 * len(first.event_ids)


STOPS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("stop", STOPS, ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_is_orderly_and_keeps_what_was_counted(tiny: Job, tmp_path: Path, stop: signal.Signals) -> None:
    with CountRun(tiny, tmp_path) as run:
        run.wait_for_frame(300)
        os.killpg(run.process.pid, stop)  # as a terminal does: to the whole group
        outcome = run.outcome()
        assert run.left_behind() == []
    assert outcome.exit_code == 1
    (sentence,) = outcome.stderr.splitlines()
    assert sentence.startswith("appliance: stopped after ")
    assert not outcome.result["complete"]
    assert len(outcome.event_ids) == len(outcome.crossings) > 0
    assert_whole(run.ledger)


@pytest.mark.parametrize("stop", STOPS, ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_before_anything_was_counted_is_orderly_too(tiny: Job, tmp_path: Path, stop: signal.Signals) -> None:
    with CountRun(tiny, tmp_path) as run:
        wait_until("the first process is there", run.children)
        os.killpg(run.process.pid, stop)
        outcome = run.outcome()
        assert run.left_behind() == []
    assert outcome.exit_code == 1
    (sentence,) = outcome.stderr.splitlines()
    assert sentence.startswith("appliance: stopped after 0 frames")


def assert_whole(path: Path) -> None:
    """The ledger is readable, and every crossing in it lies before its checkpoint and is in its total."""
    with closing(sqlite3.connect(path)) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (frame,) = ledger.execute("SELECT frame FROM checkpoints").fetchone()
        newest, count = ledger.execute("SELECT MAX(frame), COUNT(*) FROM crossings").fetchone()
        assert newest <= frame
        assert ledger.execute("SELECT SUM(total) FROM totals").fetchone() == (count,)


def test_when_the_supervisor_is_killed_everybody_goes_and_the_next_one_tidies_up(tiny: Job, tmp_path: Path) -> None:
    with CountRun(tiny, tmp_path) as run:
        run.wait_for_frame(300)
        children = list(run.children().values())
        assert len(children) == len(PROCESSES)
        run.process.kill()
        run.process.wait()
        wait_until("all children to be gone", lambda: not any(is_alive(pid) for pid in children), GONE_S)
        assert list(run.shm_dir.iterdir()) == []
        assert_whole(run.ledger)
        (folder,) = run.sockets_parent.iterdir()
        with CountRun(tiny, tmp_path, "--to", "100", sockets_parent=run.sockets_parent) as after:
            wait_until("another one is there", after.children)
            assert not folder.exists()
            assert after.outcome().exit_code == 0
            assert after.left_behind() == []
