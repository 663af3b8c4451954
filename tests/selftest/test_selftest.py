"""The self-test: its verdict where all is well, and its sentence where something is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.selftest.checks import CHECKS
from tests.system.cli import run_cli

NAMES = [check.name for check in CHECKS]
LONG = pytest.mark.long


@pytest.mark.slow
@pytest.mark.long
def test_a_good_machine_is_called_good(tmp_path: Path) -> None:
    done = run_cli("selftest", "--json", str(tmp_path / "a.json"), deadline_s=180)
    assert done.exit_code == 0, done.stdout + done.stderr
    outcome = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert outcome["good"]
    assert [finding["check"] for finding in outcome["checks"]] == NAMES
    assert {"cpu", "cores", "system", "decoder", "detector"} <= set(outcome["hardware"])
    assert outcome["figures"]["frames_per_second"] > 0
    assert "this machine carries cameras" in done.stdout


@pytest.mark.parametrize(
    ("words", "failed", "sentence"),
    [
        pytest.param(("--set=shm_dir=/nowhere",), "machine", "shared memory is wanted in /nowhere", id="no shared memory"),
        pytest.param(("--model", "none"), "detector", "the name of a model in", id="no such model", marks=LONG),
        pytest.param(
            ("--set=detector.confidence=1",),
            "whole machine",
            "the counts must equal the truth",
            id="a blind machine",
            marks=pytest.mark.long,
        ),
    ],
)
def test_what_fails_is_named(tmp_path: Path, words: tuple[str, ...], failed: str, sentence: str) -> None:
    done = run_cli("selftest", *words, "--json", str(tmp_path / "a.json"), deadline_s=180)
    assert done.exit_code == 1
    assert f"the self-test failed at {failed}: " in done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    outcome = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert not outcome["good"]
    verdicts = {finding["check"]: finding["verdict"] for finding in outcome["checks"]}
    assert verdicts[failed] == "failed"
    assert all(verdicts.get(check.name) != "good" for check in CHECKS if check.needs == failed)


def test_every_check_needs_one_that_comes_before() -> None:
    for place, check in enumerate(CHECKS):
        assert check.needs in ("", *NAMES[:place])


def test_a_result_that_cannot_be_written_is_refused_before_anything_starts() -> None:
    done = run_cli("selftest", "--json", "/nowhere/a.json")
    assert done.exit_code == 2
    assert done.stdout == ""
