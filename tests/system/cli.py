"""The real command line as a process, with a deadline, and the check that it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    exit_code: int
    stdout: str
    stderr: str


def run_cli(*words: str, deadline_s: float = 120.0, environment: dict[str, str] | None = None) -> Outcome:
    """Run ``appliance`` with these words; fails where processes, sockets or shared memory are left behind."""
    with start_cli(*words, environment=environment) as process:
        try:
            stdout, stderr = process.communicate(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert_nothing_is_left_of(process.pid)
    return Outcome(process.returncode, stdout, stderr)


def start_cli(*words: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start ``appliance`` with these words."""
    return subprocess.Popen(
        [sys.executable, "-m", "appliance", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "120", **(environment or {})},
    )


def assert_nothing_is_left_of(pid: int) -> None:
    """No process, no folder of sockets, nothing in shared memory."""
    assert children_of(pid) == []
    assert list(Path(tempfile.gettempdir()).glob(f"appliance-{pid}-*")) == []
    assert [name for name in os.listdir("/dev/shm") if "appliance" in name] == []


def children_of(pid: int) -> list[int]:
    """The living processes whose parent is ``pid``."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue  # gone meanwhile
        if fields["PPid"].strip() == str(pid) and not fields["State"].startswith("Z"):
            found.append(int(status.parent.name))
    return sorted(found)
