"""``appliance scene``: its words, what it refuses, and what it prints."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from appliance.cli import app
from appliance.errors import Refusal
from tests.system.cli import run_cli


def test_a_clip_and_its_truth_are_written(tmp_path: Path) -> None:
    clip, truth = tmp_path / "a.mp4", tmp_path / "a.json"
    words = ["--out", str(clip), "--truth", str(truth), "--size", "320x180", "--seconds", "2", "--density", "0", "--seed", "9"]
    outcome = run_cli("scene", *words, "--fps", "10", "--light", "dusk", "--rain")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout.splitlines() == ["road: forward 0, backward 0", "crosswalk: forward 0, backward 0"]
    told = json.loads(truth.read_text())
    assert (told["video"], told["seed"], told["frames"], told["fps"]) == ("a.mp4", 9, 20, 10.0)
    assert (told["light"], told["rain"], told["size"], told["crossings"]) == ("dusk", True, [320, 180], [])
    assert clip.stat().st_size > 1000


def test_a_refusal_is_one_sentence_and_the_exit_code_of_wrong_usage(tmp_path: Path) -> None:
    outcome = run_cli("scene", "--out", str(tmp_path / "a.mp4"), "--seconds", "1")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == "appliance: --seconds wants 2 to 3600, found 1.0\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--out a.avi", "--out wants a file that ends with .mp4, .mkv or .mov, found a.avi"),
        ("--out a", "--out wants a file that ends with .mp4, .mkv or .mov, found a"),
        ("--out a.mp4 --truth a.mp4", "--truth wants a file of its own, but a.mp4 is that of --out"),
        ("--out a.mp4 --truth here/../a.mp4", "--truth wants a file of its own, but here/../a.mp4 is that of --out"),
        ("--out a.mp4 --truth link.json", "--truth wants a file of its own, but link.json is that of --out"),
        ("--out a.mp4 --size 321x180", "--size wants even sides, 1 to 2 times as wide as high, found 321x180"),
        ("--out a.mp4 --size 320", "--size wants WxH in pixels, as in 960x540, found '320'"),
        ("--out a.mp4 --size 320x", "--size wants WxH in pixels, as in 960x540, found '320x'"),
        ("--out a.mp4 --size -320x180", "--size wants WxH in pixels, as in 960x540, found '-320x180'"),
        (f"--out a.mp4 --size 320x{'9' * 5000}", "--size wants WxH in pixels, as in 960x540, found '320x999"),
        ("--out a.mp4 --size 20x20", "--size wants 180 to 4320 pixels for each side, found 20"),
        ("--out a.mp4 --fps 100", "--fps wants 5 to 60, found 100"),
        ("--out a.mp4 --seed -1", "--seed wants 0 to 4294967295, found -1"),
        ("--out a.mp4 --seconds nan", "--seconds wants 2 to 3600, found nan"),
        ("--out a.mp4 --density 4", "--density wants 0 to 3, found 4.0"),
        ("--out a.mp4 --light noon", "--light wants day, dusk or auto, found 'noon'"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    os.symlink("a.mp4", "link.json")
    refusal = CliRunner().invoke(app, ["scene", *words.split()]).exception
    assert isinstance(refusal, Refusal)
    assert refusal.sentence.startswith(sentence)
    assert refusal.usage
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "link.json"]


@pytest.mark.parametrize("words", [[], ["--out", "a.mp4", "--seed", "many"], ["--out", "a.mp4", "--fps", "2.5"]], ids=str)
def test_words_that_are_none_are_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["scene", *words]).exit_code == 2
