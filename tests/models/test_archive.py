"""An archive carries a version to another store, and one that is not as it is made here is refused, with nothing unpacked."""

from __future__ import annotations

import hashlib
import os
import random
import stat
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.models.archive import SUMS, is_archive, unpack, write_archive
from appliance.models.store import MANIFEST, find_model, intact_version
from appliance.models.versions import draft_in, keep
from tests.models.making import add_kept

Members = list[tuple[zipfile.ZipInfo, bytes]]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    model = intact_version(add_kept(tmp_path / "here", "road", "3", picture=b"picture"))
    assert model.manifest is not None
    write_archive(model, model.manifest, tmp_path / "road.model")
    return tmp_path / "road.model"


def unpacked(archive: Path, store: Path) -> Path:
    with draft_in(store) as draft:
        manifest = unpack(archive, draft)
        return keep(draft, manifest, (store,), manifest.version)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_version_arrives_as_it_left(archive: Path, tmp_path: Path) -> None:
    assert is_archive(archive)
    folder = unpacked(archive, tmp_path / "there")
    assert contents(folder) == contents(tmp_path / "here" / "road" / "3")
    assert find_model("road@3", tmp_path / "there").path == folder / "model.onnx"


def test_anybody_can_look_into_it_and_check_its_sums(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as inside:
        inside.extractall(tmp_path / "out")
    subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=tmp_path / "out", check=True, capture_output=True, timeout=30)


def test_what_cannot_be_written_is_a_sentence(archive: Path, tmp_path: Path) -> None:
    model = intact_version(tmp_path / "here" / "road" / "3")
    assert model.manifest is not None
    with pytest.raises(Refusal, match="No such file or directory"):
        write_archive(model, model.manifest, tmp_path / "nowhere" / "road.model")


def members_of(archive: Path) -> Members:
    with zipfile.ZipFile(archive) as inside:
        return [(member, inside.read(member)) for member in inside.infolist()]


def written(path: Path, members: Members) -> None:
    with zipfile.ZipFile(path, "w") as inside:
        for member, content in members:
            inside.writestr(member, content)


def with_sum(members: Members, name: str, content: bytes) -> Members:
    """A file more, which the checksums know."""
    line = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
    more = [(member, text + line if member.filename == SUMS else text) for member, text in members]
    return [*more, (zipfile.ZipInfo(name), content)]


def renamed(name: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        return with_sum(members, name, b"somewhere else")

    return change


def linked(members: Members) -> Members:
    link = zipfile.ZipInfo("model.onnx")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return [(link, b"/etc/passwd") if member.filename == "model.onnx" else (member, text) for member, text in members]


def compressed(members: Members) -> Members:
    bomb = zipfile.ZipInfo("model.onnx")
    bomb.compress_type = zipfile.ZIP_DEFLATED
    return [(bomb, bytes(50_000_000)) if member.filename == "model.onnx" else (member, text) for member, text in members]


def without(name: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        return [(member, text) for member, text in members if member.filename != name]

    return change


def altered(name: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        return [(member, text[:-1] + b"?" if member.filename == name else text) for member, text in members]

    return change


def many(members: Members) -> Members:
    for number in range(20):
        members = with_sum(members, f"more_{number}", b"")
    return members


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(renamed("../../outside"), r"files without folders, found '../../outside'", id="a path outside"),
        pytest.param(renamed("/etc/cron.d/x"), "files without folders, found '/etc/cron.d/x'", id="an absolute path"),
        pytest.param(renamed("..\\outside"), "files without folders", id="another system's path"),
        pytest.param(renamed(".."), "files without folders", id="the folder above"),
        pytest.param(renamed("folder/"), "files without folders", id="a folder"),
        pytest.param(
            renamed("more.txt"), r"the files manifest.toml, model.onnx, reference.png, found .*more.txt", id="a file more"
        ),
        pytest.param(linked, "plain files, found 'model.onnx', which is a link", id="a link"),
        pytest.param(compressed, "files that are not compressed, found 'model.onnx'", id="a bomb"),
        pytest.param(
            without("model.onnx"), "the files .*model.onnx.*, found manifest.toml, reference.png, sha256sums", id="no model"
        ),
        pytest.param(without(MANIFEST), "a file manifest.toml, found none", id="no manifest"),
        pytest.param(altered("model.onnx"), "model.onnx with the sha256", id="another model"),
        pytest.param(altered("reference.png"), "reference.png with the sha256", id="another picture"),
        pytest.param(altered(MANIFEST), "the manifest of its checksums", id="another manifest"),
        pytest.param(altered(SUMS), "sha256|checksum", id="other checksums"),
        pytest.param(many, "at most 8 files, found 24", id="many files"),
    ],
)
def test_a_hostile_archive_is_refused(archive: Path, tmp_path: Path, change: Callable[[Members], Members], says: str) -> None:
    bad = tmp_path / "bad.model"
    written(bad, change(members_of(archive)))
    with pytest.raises(Refusal, match=says) as refusal:
        unpacked(bad, tmp_path / "there")
    assert refusal.value.usage
    assert list((tmp_path / "there").iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_file_twice_is_refused(archive: Path, tmp_path: Path) -> None:
    members = members_of(archive)
    written(tmp_path / "bad.model", [*members, (zipfile.ZipInfo("model.onnx"), b"the other one")])
    with pytest.raises(Refusal, match="every file once, found 'model.onnx' twice"):
        unpacked(tmp_path / "bad.model", tmp_path / "there")


def test_a_manifest_that_was_changed_is_refused_even_with_its_checksum(archive: Path, tmp_path: Path) -> None:
    members = members_of(archive)
    old = next(text for member, text in members if member.filename == MANIFEST)
    new = old.replace(b'"person"', b'"nobody"')
    sums = (hashlib.sha256(old).hexdigest().encode(), hashlib.sha256(new).hexdigest().encode())
    changed = [(member, new if member.filename == MANIFEST else text.replace(*sums)) for member, text in members]
    written(tmp_path / "bad.model", changed)
    with pytest.raises(Refusal, match="it was changed since"):
        unpacked(tmp_path / "bad.model", tmp_path / "there")


def test_parts_that_lie_over_each_other_are_refused(archive: Path, tmp_path: Path) -> None:
    content = bytearray(archive.read_bytes())
    # In the table of contents, every member is said to be where the largest is, and as long.
    with zipfile.ZipFile(archive) as inside:
        largest = max(inside.infolist(), key=lambda member: member.file_size)
        place = inside.start_dir
        for member in inside.infolist():
            struct.pack_into("<LL", content, place + 20, largest.file_size, largest.file_size)
            struct.pack_into("<L", content, place + 42, largest.header_offset)
            place += 46 + len(member.filename)
    (tmp_path / "bad.model").write_bytes(content)
    with pytest.raises(Refusal, match="must have|is damaged"):
        unpacked(tmp_path / "bad.model", tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_a_long_table_of_contents_is_refused_before_it_is_read(archive: Path, tmp_path: Path) -> None:
    with archive.open("r+b") as file:
        file.seek(-22 + 12, os.SEEK_END)
        file.write(struct.pack("<L", 1 << 30))
    with pytest.raises(Refusal, match="a short table of contents, found 1073741824 bytes"):
        unpacked(archive, tmp_path / "there")


def test_every_beginning_of_an_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    content = archive.read_bytes()
    for length in range(64, len(content), 997):
        (tmp_path / "part.model").write_bytes(content[:length])
        with pytest.raises(Refusal):
            unpacked(tmp_path / "part.model", tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_bytes_that_were_changed_anywhere_are_found_out(archive: Path, tmp_path: Path) -> None:
    content, dice = archive.read_bytes(), random.Random(7)
    wanted = contents(tmp_path / "here" / "road" / "3")
    for number in range(150):
        changed = bytearray(content)
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        (tmp_path / "bad.model").write_bytes(changed)
        try:
            folder = unpacked(tmp_path / "bad.model", tmp_path / f"there_{number}")
        except Refusal:
            continue
        # Some bytes say nothing, as the time of a file.
        assert contents(folder) == wanted


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"PK\x03\x04" + bytes(60), bytes(100)], ids=["empty", "short", "zeros", "none"]
)
def test_what_is_no_archive_is_not_taken_for_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert not is_archive(tmp_path / "file")
