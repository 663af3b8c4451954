"""Reads a machine's meters while it runs: CPU time after every process's start, and memory of all of them together."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from appliance.clock import NS_PER_S, cpu_ns, monotonic_ns
from appliance.messages.reports import Beat
from appliance.supervise.supervisor import Supervisor

SAMPLE_NS = NS_PER_S // 4
SUPERVISOR = "supervisor"


class Gauge:
    """Hand ``watch`` to ``run_site``."""

    def __init__(self, *, reads_memory: bool) -> None:
        self._reads_memory = reads_memory
        self.start_cpu_ns: dict[str, int] = {}
        """What each process had used when it was ready: it beats at once then, before its first frame."""
        self.pss_bytes: dict[str, int] = {}
        """Of each process, at the moment when all together had most: what it shares with others is divided among them."""
        self._due_ns = 0
        self._own_cpu_ns: int | None = None
        self._gauging_cpu_ns = 0

    def watch(self, supervisor: Supervisor) -> None:
        """Called a few times per second."""
        began_ns = time.thread_time_ns()
        for name, child in supervisor.children.items():
            if child.beat.pid:
                self.start_cpu_ns.setdefault(name, child.beat.cpu_ns)
        if len(self.start_cpu_ns) < len(supervisor.children):
            return
        if self._own_cpu_ns is None:
            self._own_cpu_ns = cpu_ns()
        if self._reads_memory and monotonic_ns() >= self._due_ns:
            self._sample({SUPERVISOR: os.getpid(), **{name: child.pid for name, child in supervisor.children.items()}})
            self._due_ns = monotonic_ns() + SAMPLE_NS
        self._gauging_cpu_ns += time.thread_time_ns() - began_ns

    def _sample(self, pids: Mapping[str, int]) -> None:
        sizes = {name: pss_of(pid) for name, pid in pids.items()}
        if sum(sizes.values()) > sum(self.pss_bytes.values()):
            self.pss_bytes = sizes

    def supervisor_cpu_ns(self) -> int:
        """What this process has used since all others were ready, without the gauge itself."""
        return 0 if self._own_cpu_ns is None else cpu_ns() - self._own_cpu_ns - self._gauging_cpu_ns

    def cpu_ns_by_stage(self, work: Mapping[str, Beat]) -> Counter[str]:
        """CPU time after the start by kind of process, with the supervisor's, at the end of the run."""
        out: Counter[str] = Counter({SUPERVISOR: self.supervisor_cpu_ns()})
        for name, beat in work.items():
            out[stage_of(name)] += beat.cpu_ns - self.start_cpu_ns.get(name, 0)
        return out

    def pss_bytes_by_stage(self) -> Counter[str]:
        """Memory by kind of process."""
        out: Counter[str] = Counter()
        for name, size in self.pss_bytes.items():
            out[stage_of(name)] += size
        return out


def stage_of(process: str) -> str:
    """The kind of a process: ``decode`` for ``decode.gate``."""
    return process.partition(".")[0]


def pss_of(pid: int) -> int:
    """The proportional set size of a process, bytes; 0 where it is gone or may not be looked at."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    sizes = [line.split()[1] for line in text.splitlines() if line.startswith("Pss:")]
    return int(sizes[0]) * 1024 if sizes else 0
