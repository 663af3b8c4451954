"""The first minute with the product: a street whose truth is known, counted by the whole machine."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from appliance.scene.settings import SceneSettings
from tests.system.cli import run_cli, start_cli
from tests.waiting import wait_until


def outcome_of(file: Path) -> dict[str, Any]:
    """A result as the command wrote it."""
    outcome: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return outcome


@pytest.mark.slow
def test_the_default_street_is_counted_as_it_truly_was(tmp_path: Path) -> None:
    done = run_cli("demo", "--fast", "--json", str(tmp_path / "demo.json"), deadline_s=180)
    assert done.exit_code == 0, done.stderr
    outcome = outcome_of(tmp_path / "demo.json")
    truth = [(crossing["line"], crossing["direction"]) for crossing in outcome["truth"]["crossings"]]
    assert sorted((crossing["line"], crossing["direction"]) for crossing in outcome["crossings"]) == sorted(truth)
    assert len(truth) >= 20
    assert outcome["agrees"]
    assert outcome["complete"]
    assert outcome["frames"] == outcome["truth"]["frames"]
    assert outcome["frames_per_second"] > 0
    assert 0 < outcome["latency_ms"]["mean"] <= outcome["latency_ms"]["worst"]
    assert f"all {len(truth)} crossings counted" in done.stdout
    (tmp_path / "truth.json").write_text(json.dumps(outcome["truth"]), encoding="utf-8")
    files = (str(tmp_path / "demo.json"), str(tmp_path / "truth.json"))
    evaluated = run_cli("evaluate", "counts", *files, "--most-wmape", "0", "--tolerance-s", "0.5")
    assert evaluated.exit_code == 0, evaluated.stdout + evaluated.stderr


def test_a_street_where_nobody_is(tmp_path: Path) -> None:
    done = run_cli("demo", "--fast", "--seconds", "2", "--density", "0", "--size", "320x180", "--json", str(tmp_path / "a.json"))
    assert done.exit_code == 0, done.stderr
    assert outcome_of(tmp_path / "a.json")["crossings"] == []


def test_played_at_its_own_pace_it_loses_no_frame(tmp_path: Path) -> None:
    words = ("demo", "--seconds", "2", "--density", "0", "--size", "320x180", "--json", str(tmp_path / "a.json"))
    done = run_cli(*words)
    assert done.exit_code == 0, done.stderr
    outcome = outcome_of(tmp_path / "a.json")
    assert outcome["frames"] == outcome["truth"]["frames"]
    assert outcome["seconds"] >= (outcome["frames"] - 1) / outcome["fps"]


def test_a_wrong_count_is_a_failed_demo() -> None:
    """With a detector that is told to trust nothing, nobody is counted."""
    done = run_cli("demo", "--fast", "--seconds", "6", "--size", "480x270", "--set", "detector.confidence=1", "--seed", "8")
    assert done.exit_code == 1
    assert "the counts must equal the truth, found" in done.stderr
    assert "Traceback" not in done.stderr


def test_for_ever_ends_with_a_signal(tmp_path: Path) -> None:
    demo = start_cli(
        "demo", "--fast", "--forever", "--seconds", "2", "--density", "0", "--size", "320x180", "--json", str(tmp_path / "a.json")
    )
    wait_until("the second street is counted", lambda: _seed_in(tmp_path / "a.json") > SceneSettings().seed, 60)
    os.kill(demo.pid, signal.SIGINT)
    _, errors = demo.communicate(timeout=30)
    assert demo.returncode in (1, 130), errors
    assert "Traceback" not in errors


@pytest.mark.long
def test_broken_off_while_it_paints_it_leaves_nothing(tmp_path: Path) -> None:
    demo = start_cli("demo", "--seconds", "600", environment={"TMPDIR": str(tmp_path)})
    wait_until("it paints", lambda: list(tmp_path.glob("appliance-demo-*/.scene.mp4.*")), 60)
    os.kill(demo.pid, signal.SIGINT)
    _, errors = demo.communicate(timeout=30)
    assert demo.returncode != 0
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_what_a_killed_demo_leaves_is_removed_by_the_next_one(tmp_path: Path) -> None:
    short = ("demo", "--fast", "--seconds", "2", "--density", "0", "--size", "320x180")
    demo = start_cli("demo", "--seconds", "600", environment={"TMPDIR": str(tmp_path)})
    wait_until("it paints", lambda: list(tmp_path.glob("appliance-demo-*/.scene.mp4.*")), 60)
    demo.kill()
    demo.communicate()
    assert run_cli(*short, environment={"TMPDIR": str(tmp_path)}).exit_code == 0
    assert list(tmp_path.iterdir()) == []


def _seed_in(file: Path) -> int:
    try:
        return int(outcome_of(file)["truth"]["seed"])
    except (FileNotFoundError, ValueError):  # not there yet, or being written
        return -1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--seed", "-1"), "--seed wants 0 to 4294967295, found -1"),
        (("--seconds", "1"), "--seconds wants 2 to 3600, found 1.0"),
        (("--size", "960"), "--size wants WxH in pixels, as in 960x540, found '960'"),
        (("--light", "noon"), "--light wants day, dusk or auto, found 'noon'"),
        (("--density", "9"), "--density wants 0 to 3, found 9.0"),
    ],
)
def test_wishes_that_cannot_be_met(words: tuple[str, ...], sentence: str) -> None:
    done = run_cli("demo", *words)
    assert done.exit_code == 2
    assert sentence in done.stderr
