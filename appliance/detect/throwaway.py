"""A process for work that may crash, hang or eat all memory: its end, whatever it is, is news and no incident.

The parent only looks, and never waits: what goes in and what comes out lies in files that nobody else sees. The child offers
itself to be killed first where memory runs out, takes no more of it than it may, leaves the processor to others, and dies with
its parent.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.detect.cuda import has_device_file

PR_SET_PDEATHSIG = 1
NICENESS = 10
BYTES_PER_MB = 1_000_000
LONGEST_END_S = 5.0
# Of what it says on the way; more is a library gone wild.
LARGEST_OUTPUT_BYTES = 50_000_000
# What Python and its libraries have before anything is done.
LIBRARIES_MB = 400
# Of the free memory of this computer.
SHARE_OF_FREE = 0.8


class ThrowAway:
    """The process as its parent sees it."""

    def __init__(self, module: str, request: str, limit_s: float, limit_mb: float | None) -> None:
        """Start ``python -m module``, with the request as its input, for at most ``limit_s`` of the clock and ``limit_mb`` of
        memory beyond what its libraries take; most of what is free where that is None.
        """
        self.limit_s = limit_s
        self.limit_mb = limit_mb or SHARE_OF_FREE * free_memory_bytes() / BYTES_PER_MB
        self._output, self._complaints = os.memfd_create("output"), os.memfd_create("complaints")
        self._read_bytes = 0
        self._is_late = self._is_cancelled = False
        self.is_fat = False
        """Whether it was ended for its memory."""
        try:
            self._process = self._started(module, request)
        except OSError:
            os.close(self._output)
            os.close(self._complaints)
            raise
        self._began_ns = monotonic_ns()

    def _started(self, module: str, request: str) -> subprocess.Popen[bytes]:
        with tempfile.TemporaryFile() as stdin:
            stdin.write(request.encode())
            stdin.seek(0)
            return subprocess.Popen(
                [sys.executable, "-m", module, str(os.getpid()), str(round(self.limit_mb * BYTES_PER_MB))],
                stdin=stdin,
                stdout=self._output,
                stderr=self._complaints,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def lines(self) -> list[bytes]:
        """What it has said since this was last asked, line by line."""
        text = os.pread(self._output, LARGEST_OUTPUT_BYTES, self._read_bytes)
        whole, end, _ = text.rpartition(b"\n")
        self._read_bytes += len(whole) + len(end)
        return whole.split(b"\n") if whole else []

    def has_ended(self) -> bool:
        """Whether it is over; ended here where it takes more than it may."""
        if self._process.poll() is None:
            self._is_late = monotonic_ns() - self._began_ns > self.limit_s * NS_PER_S
            self.is_fat = resident_bytes(self.pid) > (LIBRARIES_MB + self.limit_mb) * BYTES_PER_MB
            if not self._is_late and not self.is_fat:
                return False
            self._end()
        return True

    def cancel(self) -> None:
        """End it, now."""
        if self._process.poll() is None:
            self._is_cancelled = True
            self._end()

    def wait(self, pause_s: float = 0.02) -> None:
        """Until it is over; for those who may wait."""
        while not self.has_ended():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(pause_s)

    @property
    def exit_code(self) -> int:
        """Of one that is over; negative for the signal that ended it."""
        return self._process.wait()

    @property
    def end_in_words(self) -> str:
        """How it ended, as the end of a sentence that begins with what it was doing."""
        if self._is_cancelled:
            return "it was broken off"
        if self._is_late:
            return f"it took longer than {self.limit_s:g} s"
        if self.is_fat:
            return f"it took more than {self.limit_mb:.0f} MB of memory"
        code, words = self.exit_code, self._last_words()
        if code >= 0:
            return f"the process ended with exit code {code}{words}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"the process ended by {name}{', perhaps for want of memory' if name == 'SIGKILL' else words}"

    def close(self) -> None:
        """Let go of all of it; nothing of it is left."""
        self.cancel()
        os.close(self._output)
        os.close(self._complaints)

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        # One for which the kernel waits, as for a GPU that is lost, is left to the kernel.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(LONGEST_END_S)

    def _last_words(self) -> str:
        size = os.fstat(self._complaints).st_size
        lines = os.pread(self._complaints, 4096, max(0, size - 4096)).decode("utf-8", "replace").strip().splitlines()
        return f" ({lines[-1][-200:]})" if lines else ""


def begin(largest_file_bytes: int = LARGEST_OUTPUT_BYTES) -> tuple[bytes, Callable[[bytes], None]]:
    """What the child does first: keep itself in bounds, and keep its way of telling to itself. The request, and that way."""
    parent = int(sys.argv[1])
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before the line above.
        sys.exit(1)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))
    # Libraries print; what they print is no answer.
    answers = os.dup(1)
    os.dup2(2, 1)

    def say(line: bytes) -> None:
        os.write(answers, line + b"\n")

    return sys.stdin.buffer.read(), say


def stay_within_limit() -> None:
    """What the child does when it has imported what it needs: from now on it takes no more memory than it may.

    Where there is a GPU only the parent watches: CUDA lays claim to far more addresses than it ever fills.
    """
    if has_device_file():
        return
    most_bytes = _status_bytes("VmData") + int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))


def forget_peak() -> None:
    """Begin to measure the most memory that this process has."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """The most memory that this process has had."""
    return _status_bytes("VmHWM")


def _status_bytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def free_memory_bytes() -> int:
    """What this computer, or the container that this is, can still give."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024
    with suppress(OSError, ValueError):
        most = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        free = min(free, most - int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii")))
    return max(free, 0)


def resident_bytes(pid: int | str) -> int:
    """The memory that a process has now; 0 where there is no such process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()
