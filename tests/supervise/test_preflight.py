"""What is refused before anything starts, and where the sockets' folder is made."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.supervise.preflight import LONGEST_SOCKET_PATH, check_memory, is_alive, is_another, runtime_parent, sweep
from tests.waiting import wait_until

ROOM = 40


@pytest.mark.parametrize(
    ("folder", "wanted_bytes", "sentence", "usage"),
    [
        pytest.param("/dev/shm", 2**50, "/dev/shm is too small for the frames in flight", False, id="too small"),
        pytest.param("/nowhere", 1, "wanted in /nowhere, which cannot be used: No such file", True, id="no such folder"),
        pytest.param("/dev/null", 1, "wanted in /dev/null, which cannot be used: Not a directory", True, id="no folder"),
    ],
)
def test_shared_memory_that_does_not_do_is_refused(folder: str, wanted_bytes: int, sentence: str, usage: bool) -> None:
    with pytest.raises(Refusal, match=sentence) as caught:
        check_memory(Path(folder), wanted_bytes)
    assert caught.value.usage is usage


def test_shared_memory_that_does_is_fine() -> None:
    check_memory(Path("/dev/shm"), 1000)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short path for temporary files, and nothing said of other places."""
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_sockets_are_with_the_temporary_files(elsewhere: Path) -> None:
    assert runtime_parent(ROOM) == elsewhere


@pytest.mark.parametrize("name", ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"])
def test_or_where_the_system_says(elsewhere: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (elsewhere / "run").mkdir()
    monkeypatch.setenv(name, str(elsewhere / "run"))
    assert runtime_parent(ROOM) == elsewhere / "run"


@pytest.mark.parametrize("said", ["", "/nowhere"])
def test_but_not_where_nothing_can_be_written(elsewhere: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", said)
    assert runtime_parent(ROOM) == elsewhere


def test_nor_where_the_path_would_be_too_long(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = elsewhere / ("x" * 80)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert runtime_parent(ROOM) == elsewhere
    assert runtime_parent(LONGEST_SOCKET_PATH - len(str(long))) == long, "to the last byte"


def test_a_name_that_fits_nowhere_is_refused(elsewhere: Path) -> None:
    with pytest.raises(Refusal, match="a folder for sockets is wanted, with a path of at most 3 bytes"):
        runtime_parent(LONGEST_SOCKET_PATH - 3)


def test_the_dead_are_dead_even_while_nobody_has_noticed() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(process.pid)
    process.kill()
    wait_until("it is dead", lambda: not is_alive(process.pid))
    assert os.path.exists(f"/proc/{process.pid}")
    process.communicate()
    assert not is_alive(process.pid)


def test_the_sentence_says_how_much_a_container_needs() -> None:
    room = os.statvfs("/dev/shm")
    wanted_bytes = room.f_blocks * room.f_frsize
    with pytest.raises(Refusal, match=r"MB free \(a container is started with --shm-size=(\d+)m, or more\)") as caught:
        check_memory(Path("/dev/shm"), wanted_bytes + 1)
    named = int(caught.value.sentence.rpartition("=")[2].partition("m")[0]) * 2**20
    assert wanted_bytes < named <= 2 * wanted_bytes + 2**20


def test_what_an_earlier_life_of_the_same_number_has_left_is_swept(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    left, theirs = tmp_path / f"appliance-{os.getpid()}-before", tmp_path / f"appliance-{process.pid}-now"
    left.mkdir()
    theirs.mkdir()
    assert list(sweep(tmp_path, "appliance-", is_another)) == [left]
    assert list(tmp_path.iterdir()) == [theirs]
    process.communicate()
