"""Versions are kept and deleted as a whole, by whoever is killed, and however little room there is."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.models.manifest import Manifest, read_manifest
from appliance.models.store import find_model, find_version, intact_version
from appliance.models.versions import copied, delete, draft_in, keep
from tests.models.making import add_kept
from tests.processes import Peer
from tests.system.models import write_detector

PATIENCE_S = 60.0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_version_is_sealed_and_its_files_cannot_be_written(tmp_path: Path) -> None:
    folder = add_kept(tmp_path, "road", picture=b"picture")
    assert folder == tmp_path / "road" / "1"
    assert names(folder) == ["manifest.toml", "model.onnx", "reference.png"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    manifest = read_manifest(folder / "manifest.toml")
    assert manifest.seal
    assert manifest.figures == {"map50": 0.5}
    assert manifest.reference is not None
    assert manifest.reference.boxes == ((1.5, 2.0, 3.0, 4.25, 0.9, 0),)
    assert names(tmp_path) == ["road"]


@pytest.mark.parametrize(
    ("here", "number"),
    [
        pytest.param([], "1", id="the first"),
        pytest.param(["1", "2"], "3", id="the next"),
        pytest.param(["9", "10"], "11", id="by number"),
        pytest.param(["2.5"], "3", id="after one with parts"),
        pytest.param(["alpha"], "1", id="after a word"),
    ],
)
def test_versions_are_numbered(tmp_path: Path, here: list[str], number: str) -> None:
    for place, version in enumerate(here):
        add_kept(tmp_path, "road", version, classes=("car", f"kind_{place}"))
    assert add_kept(tmp_path, "road").name == number


def test_numbers_go_on_from_what_comes_with_the_program(tmp_path: Path) -> None:
    add_kept(tmp_path / "shipped", "road", "4")
    with draft_in(tmp_path / "own") as draft:
        write_detector(draft / "model.onnx")
        folder = keep(draft, Manifest(name="road", version="0"), (tmp_path / "own", tmp_path / "shipped"), None)
    assert folder == tmp_path / "own" / "road" / "5"


def test_the_sites_own_store_comes_first(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    add_kept(shipped, "road", "7")
    assert find_model("road", own, shipped).path == shipped / "road" / "7" / "model.onnx"
    add_kept(own, "road", "1", classes=("car", "bus"))
    assert find_model("road", own, shipped).path == own / "road" / "1" / "model.onnx"
    assert find_model("road@7", own, shipped).path == shipped / "road" / "7" / "model.onnx"
    with pytest.raises(Refusal, match=r"found 'road@8' \(there: road\)"):
        find_model("road@8", own, shipped)


@pytest.mark.parametrize(
    ("name", "version", "says"),
    [
        pytest.param("rail", "1", "rail@1 is in .* already, and no version ever changes", id="the same version"),
        pytest.param("road", None, "this one is in .* already, as road@1", id="the same model"),
    ],
)
def test_nothing_is_kept_twice(tmp_path: Path, name: str, version: str | None, says: str) -> None:
    add_kept(tmp_path, "road")
    add_kept(tmp_path, "rail", "1", classes=("car", "bus"))
    with pytest.raises(Refusal, match=says):
        add_kept(tmp_path, name, version)
    assert names(tmp_path) == ["rail", "road"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"person"', '"bicycle"', id="a class"),
        pytest.param('version = "1"', 'version = "2"', id="the version"),
        pytest.param("0.9", "0.8", id="a score of the reference"),
        pytest.param("user test", "user mallory", id="who brought it"),
        pytest.param("seal = ", "# seal = ", id="the seal itself"),
    ],
)
def test_a_manifest_edited_by_hand_is_found_out(tmp_path: Path, old: str, new: str) -> None:
    path = add_kept(tmp_path, "road", picture=b"picture") / "manifest.toml"
    text = path.read_text()
    assert old in text
    path.unlink()
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(Refusal, match="it was changed since; import the model again") as refusal:
        find_model("road", tmp_path)
    assert refusal.value.usage


def test_figures_may_be_added(tmp_path: Path) -> None:
    path = add_kept(tmp_path, "road") / "manifest.toml"
    text = path.read_text()
    path.unlink()
    path.write_text(text.replace("map50 = 0.5", "map50 = 0.6"))
    found = find_model("road", tmp_path).manifest
    assert found is not None
    assert found.figures == {"map50": 0.6}


def test_a_version_that_was_moved_by_hand_is_found_out(tmp_path: Path) -> None:
    add_kept(tmp_path, "road").rename(tmp_path / "road" / "2")
    with pytest.raises(Refusal, match="must be about road@2, found road@1"):
        find_version("road", tmp_path)


@pytest.mark.parametrize("field", ["version", "file"])
@pytest.mark.parametrize("value", ["../x", "/x", "a/b", "..", ".x", "", "a b", "-x", "x" * 101])
def test_a_manifest_names_nothing_outside_of_its_folder(tmp_path: Path, field: str, value: str) -> None:
    fields = {"name": "road", "version": "1"} | {field: value}
    (tmp_path / "manifest.toml").write_text("".join(f'{key} = "{text}"\n' for key, text in fields.items()))
    with pytest.raises(Refusal, match=f"'{field}': a name of 1 to 100"):
        read_manifest(tmp_path / "manifest.toml")


class Broken(Exception):
    """Something else that goes wrong."""


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param(
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "cannot be changed: No space left on device", id="full disk"
        ),
        pytest.param(Broken("off"), "off", id="broken off"),
    ],
)
def test_what_comes_to_nothing_leaves_nothing(tmp_path: Path, fault: Exception, says: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"the first half"
        raise fault

    with pytest.raises((Refusal, Broken), match=says), draft_in(tmp_path) as draft:
        copied(pieces(), draft / "model.onnx")
    assert names(tmp_path) == []


def test_a_store_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(Refusal, match="the model store .* cannot be changed: File exists"), draft_in(tmp_path / "store"):
        pass


def draft_for_ever(pipe: Connection, store: Path) -> None:
    with draft_in(store) as draft:
        (draft / "model.onnx").write_bytes(b"half of it")
        pipe.send(draft.name)
        pipe.recv()


def test_what_a_killed_program_has_left_goes_with_the_next_and_what_is_under_way_stays(tmp_path: Path) -> None:
    with Peer(draft_for_ever, tmp_path) as killed, Peer(draft_for_ever, tmp_path) as busy:
        left, under_way = killed.hear(PATIENCE_S), busy.hear(PATIENCE_S)
        killed.kill()
        assert names(tmp_path) == sorted([left, under_way])
        add_kept(tmp_path, "road")
        assert names(tmp_path) == [under_way, "road"]


def keep_one(pipe: Connection, store: Path, kind: str) -> None:
    pipe.send("ready")
    pipe.recv()
    pipe.send(add_kept(store, "road", classes=("car", kind)).name)


def test_two_at_once_get_a_number_each(tmp_path: Path) -> None:
    with Peer(keep_one, tmp_path, "bus") as one, Peer(keep_one, tmp_path, "van") as other:
        for peer in (one, other):
            peer.hear(PATIENCE_S)
        for peer in (one, other):
            peer.say("go")
        assert sorted([one.hear(PATIENCE_S), other.hear(PATIENCE_S)]) == ["1", "2"]
    assert names(tmp_path / "road") == ["1", "2"]
    for version in ("1", "2"):
        intact_version(tmp_path / "road" / version)


def test_a_version_is_deleted_as_a_whole_and_its_name_with_the_last(tmp_path: Path) -> None:
    first = add_kept(tmp_path, "road")
    second = add_kept(tmp_path, "road", classes=("car", "bus"))
    delete(first)
    assert names(tmp_path / "road") == ["2"]
    delete(second)
    assert names(tmp_path) == []
