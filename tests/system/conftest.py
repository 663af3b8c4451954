"""Fixtures of the tests that run the real command line."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.disks import disk_at
from tests.system.cli import Outcome, run_cli

MARK = "APPLIANCE_TEST_RUN"  # in the environment of every process of a run, so that none can hide


class Appliance:
    """The command line in a world of its own: what it leaves behind there can only be its own."""

    def __init__(self, home: Path, sockets_parent: Path) -> None:
        self.home, self._sockets_parent = home, sockets_parent

    def __call__(self, *words: str, keeps_ledger: bool = False) -> Outcome:
        """Run ``appliance`` with these words; fails where anything is left behind, save a ledger where one is expected."""
        mark = uuid.uuid4().hex
        places = {"HOME": self.home, "TMPDIR": self._sockets_parent, "RUNTIME_DIRECTORY": "", "XDG_RUNTIME_DIR": ""}
        environment = {name: str(place) for name, place in places.items()}
        outcome = run_cli(*words, deadline_s=120.0, environment={**environment, MARK: mark})
        assert processes_marked(mark) == []
        assert list(self._sockets_parent.iterdir()) == []
        assert bool(self.files_at_home()) == keeps_ledger
        return outcome

    def files_at_home(self) -> list[Path]:
        """All files in the home folder of the run."""
        return [path for path in self.home.rglob("*") if path.is_file()]


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    sockets_parent = Path(tempfile.mkdtemp(prefix="bad-", dir="/tmp"))  # the paths of sockets must be short
    home = tmp_path / "home"
    home.mkdir()
    yield Appliance(home, sockets_parent)
    shutil.rmtree(sockets_parent)


def processes_marked(mark: str) -> list[int]:
    """The living processes that were started in a run."""
    wanted = f"{MARK}={mark}".encode()
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if wanted in _environment(folder)]


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []  # gone, or somebody else's


def sentence_of(outcome: Outcome) -> str:
    """The one sentence on stderr; fails where there is anything else."""
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1, outcome.stderr
    assert lines[0].startswith("appliance: ")
    return lines[0].removeprefix("appliance: ")


def may_everything() -> bool:
    """Whether permissions of files mean nothing to this user."""
    return os.geteuid() == 0


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a disk of so many kilobytes; skips where this user may not mount one."""
    with ExitStack() as disks:
        yield lambda size_kb: disks.enter_context(disk_at(tmp_path / "tiny", size_kb))
