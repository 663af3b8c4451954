"""Whoever is killed, and however often: the counts are the truth, no crossing is there twice, and nothing is left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.shared_data import shared
from tests.system.cli import children_of
from tests.system.killing import CountRun, Job, Kill, Outcome, run_disturbed, run_quietly
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

BACK_S = 2.0
KILLS = (
    Kill(40, ("detect",)),
    Kill(130, ("track.0",)),
    Kill(220, ("count",)),
    Kill(300, ("decode.video",)),
    Kill(390, ("count", "track.0")),
    Kill(470, ("detect", "decode.video")),
    Kill(560, ("decode.video", "detect", "track.0", "count")),
    Kill(650, ("count",)),
)


def highway(last: int) -> Job:
    video, model = shared("videos", "highway_two_way_720p.mp4"), shared("models", "yolov8n_dynamic.onnx")
    line = ("--line", "road=0,0.7,1,0.7", "--classes", "car,truck,bus", "--to", str(last))
    return Job((str(video), "--model", str(model), *line), last + 1)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_quietly(highway(735), tmp_path_factory.mktemp("quiet"))


def test_killed_processes_come_back_and_the_count_is_the_truth(quiet: Outcome, tmp_path: Path) -> None:
    disturbed = run_disturbed(highway(735), tmp_path, KILLS)
    assert disturbed.exit_code == 0, disturbed.stderr
    assert disturbed.totals("road") == (35, 36)
    assert sorted(disturbed.crossings) == sorted(quiet.crossings)
    assert len(set(disturbed.event_ids)) == len(disturbed.event_ids) == 71
    assert disturbed.result["restarts"] == sum(len(kill.processes) for kill in KILLS)
    assert max(disturbed.back_s) < BACK_S


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_is_orderly_and_keeps_what_was_counted(number: signal.Signals, tmp_path: Path) -> None:
    with CountRun(highway(735), tmp_path) as run:
        run.wait_for_frame(60)
        os.killpg(run.process.pid, number)  # as a terminal does: to the whole group
        outcome = run.outcome(15.0)
        assert run.left_behind() == []
    assert outcome.exit_code == 1
    assert outcome.stderr.count("\n") == 1
    assert outcome.stderr.startswith("appliance: stopped")
    assert len(outcome.event_ids) == len(outcome.result["crossings"]) > 0


def test_when_the_supervisor_is_killed_everybody_goes(tmp_path: Path) -> None:
    with CountRun(highway(735), tmp_path) as run:
        run.wait_for_frame(30)
        children = list(run.children().values())
        run.process.kill()
        run.process.wait()
        wait_until("all children to be gone", lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), BACK_S)
        assert children_of(run.process.pid) == []
        assert list(run.shm_dir.iterdir()) == []
        assert len(run.outcome().event_ids) > 0, "what was counted is in the ledger"
