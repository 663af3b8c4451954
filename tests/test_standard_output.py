"""Results on standard output, with nothing else there; and readers who leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from appliance.cli import app
from appliance.counting import job_ledger
from appliance.errors import Refusal
from appliance.results import refuse_targets, replaced
from appliance.standard_output import READER_LEFT_EXIT, STANDARD_OUTPUT
from tests.system.cli import REPOSITORY, run_cli
from tests.system.models import write_detector
from tests.system.videos import traffic, write_video


@pytest.fixture
def nobody() -> Iterator[int]:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def told(words: str, stdout: int, stderr: int = subprocess.PIPE) -> tuple[int, bytes]:
    command = [sys.executable, "-m", "appliance", *words.split()]
    done = subprocess.run(command, stdout=stdout, stderr=stderr, cwd=REPOSITORY, timeout=60, check=False)
    return done.returncode, done.stderr or b""


@pytest.mark.parametrize("words", ["--help", "config schema", "models list", "models list --json -", "mqtt schemas --out -"])
def test_who_reads_no_further_ends_a_command_without_a_word(words: str, nobody: int) -> None:
    code, stderr = told(words, nobody)
    assert (code, b"ipe" in stderr) == (READER_LEFT_EXIT, False)
    # What is for people is no complaint.
    assert bool(stderr) == ("--json" in words)


def test_so_does_who_reads_neither_results_nor_sentences(nobody: int) -> None:
    assert told("config check nowhere.yaml", nobody, nobody) == (READER_LEFT_EXIT, b"")


def test_without_any_standard_output_a_command_works() -> None:
    done = subprocess.run(["sh", "-c", f"'{sys.executable}' -m appliance version >&-"], cwd=REPOSITORY, timeout=60, check=False)
    assert done.returncode == 0


def test_a_result_is_alone_on_standard_output() -> None:
    outcome = run_cli("models", "list", "--json", "-")
    assert "demo" in outcome.stderr
    assert "demo" in json.dumps(json.loads(outcome.stdout))
    assert not (REPOSITORY / "-").exists()


def test_counts_are_alone_on_standard_output(tmp_path: Path) -> None:
    """Also of all that the processes print that are started for it."""
    write_detector(tmp_path / "tiny.onnx")
    video = str(write_video(tmp_path / "a.mp4", traffic(2)))
    line, settings = "middle=0.5,1,0.5,0", ("--set", f"data_dir={tmp_path}", "--set", "detector.input_px=128")
    words = ("count", video, "--model", str(tmp_path / "tiny.onnx"), "--line", line, *settings, "--json")
    outcome = run_cli(*words, "-")
    assert json.loads(outcome.stdout)["complete"]
    assert "of which" in outcome.stderr
    refused = run_cli(*words, "-", "--csv", "-")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--csv wants a file of its own, but - is that of --json" in refused.stderr
    refused = run_cli(*words, "-", "--ledger", "-")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--ledger wants a file, found '-'" in refused.stderr


def test_every_option_for_a_result_takes_standard_output() -> None:
    options = [option for option in options_of(typer.main.get_command(app)) if {"--json", "--csv", "--markdown"} & {*option.opts}]
    assert len(options) > 12
    assert [option for option in options if "'-' is standard output" not in option.help] == []


def options_of(command: Any) -> list[Any]:
    if hasattr(command, "commands"):
        return [option for each in command.commands.values() for option in options_of(each)]
    return list(command.params)


def test_what_is_no_text_does_not_go_there() -> None:
    refuse_targets({"--to": STANDARD_OUTPUT}, {})
    with pytest.raises(Refusal, match="a file that can be written is wanted, found '-'"), replaced(STANDARD_OUTPUT):
        pass
    assert not STANDARD_OUTPUT.exists()


def test_a_full_disk_behind_it_is_told() -> None:
    with open("/dev/full", "wb") as full:
        code, stderr = told("mqtt schemas --out -", full.fileno())
    assert (code, stderr) == (1, b"appliance: the result cannot be written to standard output: No space left on device\n")


@pytest.mark.parametrize("end", [SystemExit(1), BrokenPipeError()])
def test_the_ledger_of_a_job_whose_reader_has_left_is_forgotten(tmp_path: Path, end: BaseException) -> None:
    def leave(wanted: Path | None) -> None:
        with job_ledger(wanted, tmp_path) as ledger:
            ledger.parent.mkdir(parents=True, exist_ok=True)
            ledger.write_bytes(b"counted")
            raise end

    for wanted in (None, tmp_path / "mine.sqlite"):
        with pytest.raises(type(end)):
            leave(wanted)
    assert [path.name for path in tmp_path.rglob("*.sqlite")] == ["mine.sqlite"]
