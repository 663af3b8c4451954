"""Runs of ``appliance count`` that get disturbed: watched through their ledger, killed, and compared with a quiet run."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.system.cli import REPOSITORY, children_of
from tests.waiting import wait_until

MARK = "APPLIANCE_TEST_RUN"  # in the environment of every process of a run, so that none can hide


@dataclass(frozen=True, slots=True)
class Job:
    """What is counted: the words after ``appliance count``."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kill:
    """Who is killed, all at the same moment, when the ledger has got to ``frame``, and some seconds later."""

    frame: int
    processes: tuple[str, ...]
    later_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did."""

    exit_code: int
    stderr: str
    result: dict[str, Any] = field(default_factory=dict)
    event_ids: tuple[str, ...] = ()
    tracker: bytes = b""
    """The tracker's last state."""

    @property
    def crossings(self) -> list[tuple[str, str, int]]:
        """Line, direction and frame of each."""
        return [(crossing["line"], crossing["direction"], crossing["frame"]) for crossing in self.result["crossings"]]

    @property
    def back_s(self) -> list[float]:
        """For each process killed, until another was ready in its place; from the log."""
        return [float(seconds) for seconds in re.findall(r"is ready again, (\d+\.\d+) s after its death", self.stderr)]

    def totals(self, line: str) -> tuple[int, int]:
        """Forward and backward."""
        directions = self.result["lines"][line]
        return directions["forward"]["total"], directions["backward"]["total"]


class CountRun:
    """One ``appliance count``, started as a terminal would: at the head of a process group. Use as a context."""

    def __init__(self, job: Job, folder: Path, *more: str, sockets_parent: Path | None = None) -> None:
        self._mark = uuid.uuid4().hex
        self.ledger, self._json, self._stderr = folder / "ledger.sqlite", folder / "out.json", folder / "stderr"
        self.sockets_parent = sockets_parent or Path(tempfile.mkdtemp(prefix="kill-"))
        self.shm_dir = Path(tempfile.mkdtemp(prefix="kill-", dir="/dev/shm"))
        words = ("count", *job.words, "--ledger", str(self.ledger), "--json", str(self._json), f"--set=shm_dir={self.shm_dir}")
        environment = {name: value for name, value in os.environ.items() if name not in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR")}
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "appliance", *words, *more],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd=REPOSITORY,
                env={**environment, MARK: self._mark, "TMPDIR": str(self.sockets_parent)},
                start_new_session=True,
            )

    def __enter__(self) -> CountRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self.is_over:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.sockets_parent, ignore_errors=True)
        shutil.rmtree(self.shm_dir, ignore_errors=True)

    def children(self) -> dict[str, int]:
        """The living processes of the machine: name and pid."""
        found = {}
        for pid in children_of(self.process.pid):
            words = _read(pid, "cmdline").rstrip(b"\0").split(b"\0")
            if b"appliance.supervise.entry" in words:  # not between fork and exec
                found[words[-1].decode()] = pid
        return found

    @property
    def is_over(self) -> bool:
        """Whether it has ended by itself."""
        return self.process.poll() is not None

    def frame(self) -> int:
        """Where the ledger's newest checkpoint is; -1 before the first."""
        return next((frame for (frame,) in self._ask("SELECT frame FROM checkpoints ORDER BY frame DESC")), -1)

    def wait_for_frame(self, frame: int, deadline_s: float = 60.0) -> None:
        """Until the ledger has got there, or the run is over."""
        wait_until(f"frame {frame}", lambda: self.frame() >= frame or self.is_over, deadline_s)

    def kill(self, *names: str) -> None:
        """Kill these processes, all at once, and wait until others are there in their place; unless the run is over first."""
        wait_until(f"{names} to be there", lambda: self.is_over or set(names) <= set(self.children()), 60.0)
        before = {name: pid for name, pid in self.children().items() if name in names}
        for pid in before.values():
            with suppress(ProcessLookupError):  # the run is over
                os.kill(pid, signal.SIGKILL)
        wait_until(f"{names} to be back", lambda: self.is_over or self._are_replaced(before), 60.0)

    def _are_replaced(self, before: dict[str, int]) -> bool:
        living = self.children()
        return all(living.get(name, pid) != pid for name, pid in before.items())

    def outcome(self, deadline_s: float = 60.0) -> Outcome:
        """Wait for the end; what came of it."""
        exit_code = self.process.wait(deadline_s)
        result = json.loads(self._json.read_text()) if self._json.exists() else {}
        event_ids = tuple(event_id for (event_id,) in self._ask("SELECT event_id FROM crossings ORDER BY sequence"))
        tracker = next((state for (state,) in self._ask("SELECT tracker FROM checkpoints")), b"")
        return Outcome(exit_code, self._stderr.read_text(), result, event_ids, tracker)

    def left_behind(self) -> list[str]:
        """What should be gone and is not: processes, sockets, shared memory."""
        mark = f"{MARK}={self._mark}".encode()
        pids = [path.name for path in Path("/proc").glob("[0-9]*") if mark in _read(int(path.name), "environ").split(b"\0")]
        paths = [*self.sockets_parent.iterdir(), *self.shm_dir.iterdir(), *self.ledger.parent.glob("ledger.sqlite-*")]
        return [f"process {pid}" for pid in pids] + [str(path) for path in paths]

    def _ask(self, query: str) -> list[Any]:
        """Rows of the ledger; none before it is there."""
        if not self.ledger.exists():
            return []
        connection = sqlite3.connect(f"{self.ledger.resolve().as_uri()}?mode=rw", uri=True)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []  # no tables yet
        finally:
            connection.close()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""  # gone meanwhile


def run_quietly(job: Job, folder: Path, *more: str) -> Outcome:
    """A run that nobody disturbs."""
    with CountRun(job, folder, *more) as run:
        outcome = run.outcome(90.0)
        assert run.left_behind() == []
    return outcome


def run_disturbed(job: Job, folder: Path, kills: Sequence[Kill], *more: str) -> Outcome:
    """A run whose processes are killed on the way."""
    with CountRun(job, folder, "--set=log_level=info", *more) as run:
        for kill in kills:
            run.wait_for_frame(kill.frame)
            with suppress(subprocess.TimeoutExpired):
                run.process.wait(kill.later_s)
            run.kill(*kill.processes)
        outcome = run.outcome(90.0)
        assert run.left_behind() == []
    return outcome
