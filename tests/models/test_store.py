"""Finding a model by path or name, and refusing what is none before anything reads it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.models.manifest import names_in
from appliance.models.onnx_file import holds_graph
from appliance.models.store import find_model
from tests.system.models import write_detector


def add_version(store: Path, name: str, version: str, more: str = "") -> Path:
    """A model of the store; its file."""
    folder = store / name / version
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(f'name = "{name}"\nversion = "{version}"\n{more}')
    return write_detector(folder / "model.onnx")


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write_detector(tmp_path / "tiny.onnx")
    found = find_model(str(path), tmp_path / "engines")
    assert (found.path, found.manifest) == (path, None)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write_detector(tmp_path / "tiny.onnx")
    assert find_model("~/tiny.onnx", tmp_path).path == path


def test_a_folder_is_a_version(tmp_path: Path) -> None:
    path = add_version(tmp_path, "road", "1", 'classes = ["car", "bus"]\n')
    found = find_model(str(path.parent), tmp_path)
    assert found.path == path
    assert found.manifest is not None
    assert found.manifest.classes == ("car", "bus")


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        (["1", "2"], "2"),
        (["9", "10"], "10"),
        (["1.9.9", "1.10.0"], "1.10.0"),
        (["1.0", "1.0.1"], "1.0.1"),
        (["2.0-rc1", "2.0"], "2.0"),
        (["alpha", "0.1"], "0.1"),
    ],
)
def test_a_name_means_its_highest_version(tmp_path: Path, versions: list[str], newest: str) -> None:
    for version in versions:
        add_version(tmp_path, "road", version)
    add_version(tmp_path, "rail", "99")
    assert find_model("road", tmp_path).path == tmp_path / "road" / newest / "model.onnx"


def test_a_manifest_speaks_for_its_own_file_alone(tmp_path: Path) -> None:
    own = add_version(tmp_path, "road", "1", 'classes = ["car", "bus"]\n')
    other = write_detector(own.parent / "other.onnx")
    assert find_model(str(own), tmp_path).manifest is not None
    assert find_model(str(other), tmp_path).manifest is None


def test_an_unknown_name_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    add_version(tmp_path, "road", "1")
    add_version(tmp_path, "rail", "1")
    with pytest.raises(Refusal, match=r"the name of a model in .* is wanted, found 'river' \(there: rail, road\)"):
        find_model("river", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("a.pt", b"PK\x03\x04" + bytes(100), "is a PyTorch checkpoint: a pickle", id="a checkpoint"),
        pytest.param("a.pt", b"whatever", "is a PyTorch checkpoint", id="a checkpoint by name"),
        pytest.param("a.onnx", b"PK\x03\x04" + bytes(100), "is a PyTorch checkpoint", id="a checkpoint, renamed"),
        pytest.param("a.onnx", pickle.dumps([1, 2, 3]), "a pickle, which runs as a program", id="a pickle, renamed"),
        pytest.param("a.onnx", pickle.dumps([1] * 99, 0), r"a.onnx \(.* bytes\) is none", id="a pickle of the oldest kind"),
        pytest.param("a.onnx", b"", r"a.onnx \(0 bytes\) is none", id="empty"),
        pytest.param("a.onnx", b"\x00" * 100, "is none", id="zeros"),
        pytest.param("a.onnx", b"\xff" * 100, "is none", id="ones"),
        pytest.param("a.onnx", bytes(range(256)) * 9, "is none", id="garbage"),
        pytest.param("a.onnx", b"<net></net>", "is none", id="words"),
        pytest.param("a.onnx", b"\x08\x08", "is none", id="a version and no graph"),
        pytest.param("a.xml", b"<?xml version='1.0'?><net/>", "ONNX model is wanted", id="a model of another kind"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refusal, match=says) as refusal:
        find_model(str(tmp_path / name), tmp_path)
    assert refusal.value.usage


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        pytest.param("nowhere.onnx", "model file is wanted, but .*nowhere.onnx does not exist", id="missing"),
        pytest.param("empty", "the manifest .*empty/manifest.toml cannot be read: No such file", id="a folder without manifest"),
        pytest.param("pipe", "pipe is not a file", id="a pipe"),
        pytest.param("x" * 300 + ".onnx", "does not exist", id="a name too long"),
        pytest.param("broken/1", "manifest.toml must be TOML, found a fault", id="a broken manifest"),
        pytest.param("lacking/1", "manifest.toml: 'version' is missing", id="a manifest that lacks something"),
        pytest.param("wordy/1", "manifest.toml: 'speed' is not a known setting", id="a manifest with something unknown"),
        pytest.param("hollow/1", "model.onnx does not exist", id="a manifest without a model"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path: Path, wanted: str, says: str) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    manifests = {"broken": "name =", "lacking": 'name = "a"', "wordy": 'name = "a"\nversion = "1"\nspeed = 3'}
    for name, text in {**manifests, "hollow": 'name = "a"\nversion = "1"'}.items():
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "manifest.toml").write_text(text)
    with pytest.raises(Refusal, match=says) as refusal:
        find_model(str(tmp_path / wanted), tmp_path)
    assert refusal.value.usage
    assert "\n" not in refusal.value.sentence


def test_a_model_is_whole_or_none(tmp_path: Path) -> None:
    content = write_detector(tmp_path / "whole.onnx").read_bytes()
    part = tmp_path / "part.onnx"
    assert holds_graph(tmp_path / "whole.onnx")
    for length in range(0, len(content), 97):
        part.write_bytes(content[:length])
        assert not holds_graph(part)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("{0: 'car', 1: 'bus'}", ("car", "bus"), id="as ultralytics writes them"),
        pytest.param("{1: 'bus', 0: 'car'}", ("car", "bus"), id="in any order"),
        pytest.param("['car', 'bus']", ("car", "bus"), id="a list"),
        pytest.param("{0: 'car', 2: 'bus'}", None, id="with a gap"),
        pytest.param("{0: 'car', 'x': 'bus'}", None, id="of two kinds"),
        pytest.param("{}", None, id="none"),
        pytest.param("'car'", None, id="a word"),
        pytest.param("__import__('os').getcwd()", None, id="a program"),
        pytest.param("{[]: 1}", None, id="impossible"),
        pytest.param("[" * 5000, None, id="too deep"),
    ],
)
def test_class_names_are_read_and_never_run(text: str, names: tuple[str, ...] | None) -> None:
    assert names_in({"names": text}) == names


def test_a_file_without_class_names_has_none() -> None:
    assert names_in({}) is None
