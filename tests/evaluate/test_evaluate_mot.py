"""``appliance evaluate mot`` on folders: all of them or some, limits and bad input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.evaluate.conftest import Cli
from tests.evaluate.sequences import write_sequence
from tests.shared_data import shared
from tests.system.cli import run_cli


def test_the_published_figures(cli: Cli, tmp_path: Path) -> None:
    folder = shared("mot", "TUD-Campus", "gt", "gt.txt").parent.parent.parent
    limits = ("--least-hota", "54.2", "--least-idf1", "76.6")
    outcome = cli("evaluate", "mot", folder, "TUD-Campus", *limits, "--json", tmp_path / "out.json")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert [word for word in ("TUD-Campus", "54.2", "76.6", "65.2") if word not in outcome.stdout] == []
    scores = json.loads((tmp_path / "out.json").read_text())["sequences"]
    rounded = {name: {score: round(value, 1) for score, value in found.items()} for name, found in scores.items()}
    assert rounded == {"TUD-Campus": {"hota": 54.2, "mota": 65.2, "idf1": 76.6, "identity_switches": 3}}


@pytest.mark.parametrize(
    ("named", "scored"),
    [pytest.param((), ["a", "b"], id="all"), pytest.param(("b",), ["b"], id="one"), pytest.param(("b", "b"), ["b"], id="twice")],
)
def test_sequences_of_a_folder(cli: Cli, tmp_path: Path, named: tuple[str, ...], scored: list[str]) -> None:
    for name in ("b", "a"):
        write_sequence(tmp_path / name)
    assert cli("evaluate", "mot", tmp_path, *named, "--json", tmp_path / "out.json").exit_code == 0
    assert list(json.loads((tmp_path / "out.json").read_text())["sequences"]) == scored


@pytest.mark.parametrize(("what", "found"), [("hota", "10.0"), ("idf1", "18.2")])
def test_below_the_least_is_a_failure(cli: Cli, tmp_path: Path, what: str, found: str) -> None:
    """Of ten frames only the first is seen: HOTA is the root of 1/10 by 1/10, IDF1 is 2 / (10 + 1)."""
    write_sequence(tmp_path / "walk", detections="1,-1,0,50,40,80,0.9\n")
    outcome = cli("evaluate", "mot", tmp_path, f"--least-{what}", "50")
    assert outcome.exit_code == 1
    assert outcome.stderr == f"appliance: {what.upper()} of at least 50 is wanted, found {found} on walk\n"


def test_without_trackeval_the_extra_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trackeval.metrics", None)
    write_sequence(tmp_path / "walk")
    outcome = cli("evaluate", "mot", tmp_path)
    assert outcome.exit_code == 1
    assert outcome.stderr.endswith("TrackEval, which comes with the extra: pip install 'appliance[evaluate]'\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(("{folder}/nowhere",), "a folder with MOT sequences is wanted, but {folder}/nowhere is none", id="none"),
        pytest.param(("{folder}/walk",), "MOT sequences with gt/gt.txt and det/*.txt are wanted, but {folder}/walk", id="empty"),
        pytest.param(("{folder}", "run"), "one file of detections is wanted in {folder}/run/det, found 0", id="no sequence"),
        pytest.param(("{folder}", "two"), "one file of detections is wanted in {folder}/two/det, found 2", id="which detections"),
        pytest.param(("{folder}", "blind"), "{folder}/blind/gt/gt.txt cannot be read: No such file", id="no truth"),
        pytest.param(("{folder}", "odd"), "{folder}/odd/seqinfo.ini must say a frameRate above 0", id="no rate"),
        pytest.param(("{folder}", "--least-hota", "101"), "--least-hota wants at least 0 and at most 100, found 101", id="limit"),
    ],
)
def test_bad_input_is_refused(cli: Cli, tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    for name in ("walk", "two", "blind", "odd"):
        write_sequence(tmp_path / name)
    (tmp_path / "two" / "det" / "more.txt").write_text("")
    (tmp_path / "blind" / "gt" / "gt.txt").unlink()
    (tmp_path / "odd" / "seqinfo.ini").write_text("[Sequence]\nframeRate=0\n")
    outcome = cli("evaluate", "mot", *(word.format(folder=tmp_path) for word in words))
    assert outcome.exit_code == 2
    assert len(outcome.stderr.splitlines()) == 1
    assert sentence.format(folder=tmp_path) in outcome.stderr


def test_help_names_both_commands() -> None:
    outcome = run_cli("evaluate", "--help")
    assert outcome.exit_code == 0
    assert "counts" in outcome.stdout
    assert "mot" in outcome.stdout
