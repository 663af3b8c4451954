"""``appliance models`` as people use it: bring, list, show, check, export, delete."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from appliance.catalogue.users import refuse_at_work
from appliance.cli import app
from appliance.errors import Refusal
from appliance.messages.health import Health, SwapHealth
from appliance.swap.journal import Journal, Step
from tests.detect.bad_models import write_classifier, write_large
from tests.disks import disk_at
from tests.models.making import add_kept
from tests.system.models import write_detector

RUNNER = CliRunner()


def run(*words: str, data_dir: Path) -> str:
    """What it prints."""
    outcome = RUNNER.invoke(app, ["models", *words, "--set", f"data_dir={data_dir}"], catch_exceptions=False)
    assert outcome.exit_code == 0
    return outcome.stdout


def refused(*words: str, data_dir: Path) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        run(*words, data_dir=data_dir)
    return refusal.value


def write_site(path: Path, data_dir: Path, model: str) -> Path:
    path.write_text(f"cameras: []\ndetector: {{model: '{model}'}}\ndata_dir: {data_dir}\n")
    return path


def test_a_model_is_brought_listed_shown_carried_and_deleted(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    shown = run("import", str(write_detector(tmp_path / "best.onnx")), "--name", "road", "--licence", "MIT", data_dir=here)
    assert "'appliance models check road@1' tells whether it may be used" in shown
    listed = run("list", "--json", str(tmp_path / "list.json"), data_dir=here)
    assert "road@1" in listed
    assert "demo@1" in listed
    first = json.loads((tmp_path / "list.json").read_text())[0]
    assert (first["model"], first["manifest"]["licence"], first["problem"]) == ("road@1", "MIT", "")
    assert "best.onnx" in run("show", "road", data_dir=here)
    run("export", "road@1", "--to", str(tmp_path / "road.model"), data_dir=here)
    assert "road@1" in run("import", str(tmp_path / "road.model"), data_dir=there)
    assert run("delete", "road@1", data_dir=there) == "road@1 is gone\n"
    assert list((there / "engines").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["import", "{here}/best.onnx"], "--name is wanted", id="no name"),
        pytest.param(["import", "{here}/best.onnx", "--name", "a b"], "--name: a name is 1 to 64 letters", id="no such name"),
        pytest.param(["import", "{here}/best.onnx", "--name", "a", "--version", "../1"], "--version: a name of", id="no version"),
        pytest.param(["import", "{here}/gone.onnx", "--name", "a"], "gone.onnx does not exist", id="no file"),
        pytest.param(["show", "river"], r"found 'river' \(there: demo\)", id="an unknown name"),
        pytest.param(["export", "demo@2", "--to", "{here}/x"], "found 'demo@2'", id="an unknown version"),
        pytest.param(["delete", "demo"], "a NAME@VERSION is wanted", id="every version"),
        pytest.param(["delete", "demo@1"], "but demo@1 comes with this program", id="what comes with the program"),
        pytest.param(["check", "river"], "found 'river'", id="nothing to check"),
        pytest.param(
            ["import", "{here}/best.onnx", "--name", "a", "--precision", "int8"], "--calibrate VIDEO is", id="no footage"
        ),
        pytest.param(["import", "{here}/best.onnx", "--name", "a", "--calibrate", "x"], "--precision says what", id="for what"),
        pytest.param(["quantize", "demo@1", "--calibrate", "{here}/gone.mp4"], "gone.mp4 does not exist", id="footage gone"),
        pytest.param(["quantize", "river", "--calibrate", "{here}/best.onnx"], "found 'river'", id="nothing to reduce"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, words: list[str], says: str) -> None:
    write_detector(tmp_path / "best.onnx")
    refusal = refused(*(word.replace("{here}", str(tmp_path)) for word in words), data_dir=tmp_path / "data")
    assert refusal.usage
    assert re.search(says, refusal.sentence), refusal.sentence


def test_what_a_site_works_with_is_not_deleted(tmp_path: Path) -> None:
    store = tmp_path / "engines"
    add_kept(store, "road")
    add_kept(store, "road", classes=("car", "bus"))
    site = write_site(tmp_path / "north.yaml", tmp_path, "road")
    says = f"but {site} names road, which is this one"
    assert says in refused("delete", "road@2", "--config", str(site), data_dir=tmp_path).sentence
    write_site(tmp_path / "site.yaml", tmp_path, "road@1")
    assert "site.yaml names road" in refused("delete", "road@1", data_dir=tmp_path).sentence
    run("delete", "road@2", data_dir=tmp_path)
    assert "names road" in refused("delete", "road@1", "--config", str(site), data_dir=tmp_path).sentence


def test_nothing_is_deleted_where_a_site_cannot_be_read(tmp_path: Path) -> None:
    add_kept(tmp_path / "engines", "road")
    (tmp_path / "site.yaml").write_text("cameras: [")
    refusal = refused("delete", "road@1", data_dir=tmp_path)
    assert "site.yaml cannot tell: " in refusal.sentence
    assert (tmp_path / "engines" / "road" / "1").is_dir()


def test_what_a_site_would_go_back_to_is_not_deleted(tmp_path: Path) -> None:
    for number in range(3):
        add_kept(tmp_path / "engines", "road", classes=("car", f"kind_{number}"))
    with Journal(tmp_path) as journal:
        for swap in (1, 2, 3):
            journal.add(Step(swap, 0, f"road@{swap}", "kept"))
    write_site(tmp_path / "site.yaml", tmp_path, "road@3")
    assert "site.yaml would go back to road@2" in refused("delete", "road@2", data_dir=tmp_path).sentence
    run("delete", "road@1", data_dir=tmp_path)


def swap_of(model: str, *, is_over: bool) -> SwapHealth:
    return SwapHealth(1, model, "switched", 0, is_over, "", {})


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (Health(0, (), (), model_name="road@1"), "one that runs counts with road@1"),
        (Health(0, (), (), model_name="road"), "one that runs counts with road"),
        (Health(0, (), (), model_name="demo@1", swap=swap_of("road@1", is_over=False)), "one that runs is bringing in road@1"),
        (Health(0, (), (), model_name="{store}/road/1/model.onnx"), "one that runs counts with /"),
        (Health(0, (), (), model_name="road@2"), "one that runs would go back to road@1"),
    ],
    ids=["counts", "counts by its name", "on its way", "counts by its path", "the one before"],
)
def test_what_a_machine_that_runs_works_with_is_not_deleted(tmp_path: Path, told: Health, says: str) -> None:
    folder = add_kept(tmp_path / "engines", "road")
    with Journal(tmp_path) as journal:
        journal.add(Step(0, 0, "road@1", "began"))
    name = told.model_name.replace("{store}", str(tmp_path / "engines"))
    with pytest.raises(Refusal, match=says):
        refuse_at_work(folder, msgspec.structs.replace(told, model_name=name, data_dir=str(tmp_path)))


@pytest.mark.parametrize(
    "told",
    [
        Health(0, (), (), model_name="demo@1"),
        Health(0, (), (), model_name="demo@1", swap=swap_of("road@1", is_over=True)),
        Health(0, (), (), model_name="road@1", data_dir="/nowhere"),
        Health(0, (), ()),
    ],
    ids=["another one", "was refused", "of another site", "none yet"],
)
def test_what_no_machine_works_with_may_go(tmp_path: Path, told: Health) -> None:
    folder = add_kept(tmp_path / "engines", "road")
    refuse_at_work(folder, msgspec.structs.replace(told, data_dir=told.data_dir or str(tmp_path)))


def test_a_disk_that_is_full_keeps_nothing_of_a_model(tmp_path: Path) -> None:
    model = write_large(tmp_path / "large.onnx", 100_000)
    with disk_at(tmp_path / "data", 64) as data_dir:
        refusal = refused("import", str(model), "--name", "road", data_dir=data_dir)
        assert (refusal.usage, "cannot be changed: No space left on device" in refusal.sentence) == (False, True), refusal
        assert list((data_dir / "engines").iterdir()) == []


def test_a_list_tells_of_what_cannot_be_read(tmp_path: Path) -> None:
    folder = add_kept(tmp_path / "engines", "road")
    shutil.copy(folder / "manifest.toml", tmp_path / "text")
    (folder / "manifest.toml").unlink()
    (folder / "manifest.toml").write_text((tmp_path / "text").read_text().replace("car", "van"))
    run("list", "--json", str(tmp_path / "list.json"), data_dir=tmp_path)
    assert "it was changed since" in json.loads((tmp_path / "list.json").read_text())[0]["problem"]


def test_check_tells_of_every_gate_and_fails_where_one_does(tmp_path: Path) -> None:
    words = ("--set", "detector.input_px=128", "--limit-s", "300", "--json", str(tmp_path / "check.json"))
    good = write_detector(tmp_path / "good.onnx")
    assert "good memory: it takes" in run("check", str(good), "--against", str(good), *words, data_dir=tmp_path)
    outcome = json.loads((tmp_path / "check.json").read_text())
    assert (outcome["good"], len(outcome["gates"])) == (True, 7)
    bad = refused("check", str(write_classifier(tmp_path / "bad.onnx")), *words, data_dir=tmp_path)
    assert not bad.usage
    assert "bad.onnx may not be used: format: the model's output must be" in bad.sentence
    outcome = json.loads((tmp_path / "check.json").read_text())
    assert [(gate["gate"], gate["good"]) for gate in outcome["gates"]] == [("hash", True), ("format", False)]


def test_what_no_fewer_bits_can_be_made_of_here_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra is missing: the same words shall do when it has come."""
    model, video = write_detector(tmp_path / "best.onnx"), tmp_path / "road.mp4"
    video.write_bytes(b"looked at later")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    words = ("import", str(model), "--name", "best", "--precision", "int8", "--calibrate", str(video))
    refusal = refused(*words, data_dir=tmp_path)
    assert "'onnxruntime' is not there: pip install 'appliance[onnxruntime]'" in refusal.sentence
    assert not (tmp_path / "engines").exists()
