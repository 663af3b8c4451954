"""A running process as the supervisor sees it: start, watch, stop, start again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.latency import added
from appliance.messages.reports import Beat, Condition
from appliance.supervise.spec import Assignment, ProcessSpec

FIRST_DELAY_NS = NS_PER_S // 10
LONGEST_DELAY_NS = 15 * NS_PER_S
# A life at least this long was no failed start: its death counts as the first again.
CALM_NS = 5 * NS_PER_S
STOP_S = 5.0
# Who is killed is gone at once, but for one on whose behalf the kernel waits: for a GPU that is lost, or a disk.
STUCK_NS = 10 * NS_PER_S
STUCK = "cannot be ended: the kernel waits for a device on its behalf"
# Those that are left alone; the kernel has the last word.
_LEFT: list[subprocess.Popen[bytes]] = []
K = TypeVar("K")


class Child:
    """One process of the machine, over all its lives."""

    def __init__(self, spec: ProcessSpec, folder: Path, log_level: str, *, is_job: bool = False) -> None:
        self.spec = spec
        self.restarts = 0
        self.is_ready = False
        self.beat = Beat(0)
        self._earlier = Beat(0)
        self._folder, self._log_level, self._is_job = folder, log_level, is_job
        self._process: subprocess.Popen[bytes] | None = None
        self._heard_ns = 0
        self._started_ns = 0
        self._died_ns = self._asked_ns = self._killed_ns = 0
        self._killed_for = ""
        self.deaths_in_a_row = self.buried_pid = 0
        self.last_end = ""
        """How its last life ended,"""
        self.was_stuck = False
        """and whether it has not really."""
        self.told: Condition | None = None
        """How its work goes, in its own words; of this life."""
        self.complaint = ""
        """Why it refuses to work, in its own words; until it works again."""

    @property
    def since_death_s(self) -> float:
        """Time since its last death."""
        return (monotonic_ns() - self._died_ns) / NS_PER_S

    @property
    def last_words(self) -> str:
        """Why it is not at work."""
        return self.complaint or f"has died ({self.last_end})"

    @property
    def is_calm(self) -> bool:
        """Whether it has been at work for long enough that its last death is history."""
        return self.is_ready and monotonic_ns() - self._started_ns > CALM_NS

    @property
    def pid(self) -> int:
        """Of the life that it lives now; 0 between two."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Begin a life: a new interpreter, in a session of its own so that a terminal's Ctrl-C reaches the supervisor alone."""
        spec = self.spec
        place = (str(self._folder), os.getpid())
        assignment = Assignment(spec.name, spec.entry, spec.settings, *place, self._log_level, self._is_job)
        self._process = subprocess.Popen(
            # The name is for those who look at ``ps``.
            [sys.executable, "-m", "appliance.supervise.entry", spec.name],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._started_ns = self._heard_ns = monotonic_ns()
        self._killed_ns, self._killed_for, self.was_stuck = 0, "", False
        self.told = None
        # Asked for above.
        assert self._process.stdin is not None
        # Who is dead already is found by ``has_died``.
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(msgspec.json.encode(assignment))

    def hear(self, beat: Beat | None = None) -> None:
        """It has given a sign of life."""
        self._heard_ns = monotonic_ns()
        if beat is not None:
            self.beat = beat

    def has_died(self) -> bool:
        """Whether this life is over; killed here if it hangs. One that cannot be ended either is over, too."""
        if self._process is None:
            return False
        if self._process.poll() is not None:
            return True
        if not self._killed_ns and self._is_silent():
            self.kill(f"no sign of life for {self._patience_s:g} s")
        return self._is_stuck()

    def kill(self, why: str = "") -> None:
        """End it, now; ``why`` is how it ended then, in words."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._killed_ns, self._killed_for = self._killed_ns or monotonic_ns(), why

    def _is_stuck(self) -> bool:
        return self._killed_ns > 0 and monotonic_ns() - self._killed_ns > STUCK_NS

    @property
    def _patience_s(self) -> float:
        return self.spec.silence_s if self.is_ready else self.spec.start_s

    def _is_silent(self) -> bool:
        return monotonic_ns() - self._heard_ns > self._patience_s * NS_PER_S

    def bury(self) -> int:
        """End a life that is over: its exit code. The next one may start after a delay that doubles from death to death.

        Of one that cannot be ended, ``was_stuck`` says so: what leads to it still leads there.
        """
        assert self._process is not None
        now_ns = monotonic_ns()
        self.deaths_in_a_row = 1 if now_ns - self._started_ns > CALM_NS else self.deaths_in_a_row + 1
        self._died_ns = now_ns
        exit_code = self._process.poll()
        self.was_stuck = exit_code is None
        if exit_code is None:
            _LEFT.append(self._process)
            exit_code, self._killed_for = -signal.SIGKILL, STUCK
        self.last_end = self._killed_for or in_words(exit_code)
        self.buried_pid, self._process, self.is_ready = self._process.pid, None, False
        self.restarts += 1
        self._earlier, self.beat = self.work, Beat(0)
        return exit_code

    def may_start(self) -> bool:
        """Whether it is dead, and has been for long enough."""
        if self._process is not None:
            return False
        delay_ns = 0 if self.deaths_in_a_row <= 1 else FIRST_DELAY_NS << min(self.deaths_in_a_row - 2, 10)
        return monotonic_ns() - self._died_ns >= min(delay_ns, LONGEST_DELAY_NS)

    @property
    def work(self) -> Beat:
        """What it did in all its lives."""
        now, before = self.beat, self._earlier
        return Beat(
            now.pid,
            now.frames + before.frames,
            now.skipped + before.skipped,
            max(now.damaged, before.damaged),
            now.busy_ns + before.busy_ns,
            now.cpu_ns + before.cpu_ns,
            max(now.peak_memory_bytes, before.peak_memory_bytes),
            now.latency_ns + before.latency_ns,
            max(now.worst_latency_ns, before.worst_latency_ns),
            now.stale + before.stale,
            added(now.latencies, before.latencies),
            now.waiting,
            now.memory_bytes,
            _together(now.batches, before.batches),
            now.batch_ns + before.batch_ns,
            added(now.batch_times, before.batch_times),
            now.tracks,
            _together(now.stale_of, before.stale_of),
        )

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        self._asked_ns = monotonic_ns()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def has_left(self) -> bool:
        """Whether it has stopped after it was asked to; killed here where it takes too long, and buried where nothing ends it."""
        if self._process is None or self._process.poll() is not None:
            return True
        if monotonic_ns() - self._asked_ns > STOP_S * NS_PER_S:
            self.kill()
        if self._is_stuck():
            self.bury()
        return self.was_stuck

    def stop(self, deadline_ns: int) -> None:
        """Wait until it has stopped, and kill it where that takes too long; no longer than that takes."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, (deadline_ns - monotonic_ns()) / NS_PER_S))
        except subprocess.TimeoutExpired:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)


def part_from(buried: Child, everybody: Iterable[Child]) -> None:
    """What one has open that cannot be ended stays open, and who has talked to it would go on: all others begin anew, too."""
    for other in everybody if buried.was_stuck else ():
        if other is not buried:
            other.kill(f"{buried.spec.name} {STUCK}")


def _together(some: dict[K, int], others: dict[K, int]) -> dict[K, int]:
    return {key: some.get(key, 0) + others.get(key, 0) for key in {**others, **some}}


def in_words(exit_code: int) -> str:
    """How a process ended."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else f"signal {-exit_code}"
    meaning = {"SIGILL": ": this CPU lacks an instruction that a library needs", "SIGKILL": ": perhaps for want of memory"}
    return name + meaning.get(name, "")
