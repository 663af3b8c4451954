"""What a process tells about itself twice a second."""

from __future__ import annotations

import os
import resource

from appliance.clock import NS_PER_MS, cpu_ns, monotonic_ns
from appliance.latency import NONE, bucket_of
from appliance.messages import Beat

INTERVAL_NS = 500 * NS_PER_MS


class Heartbeat:
    """Counts a process's work. Beaten from its main loop, so that a loop that hangs falls silent."""

    def __init__(self) -> None:
        self.frames = 0
        self.skipped = 0
        self.stale = 0
        self.damaged = 0
        self.waiting = 0
        self.busy_ns = 0
        self.latency_ns = 0
        self.worst_latency_ns = 0
        self._latencies = list(NONE)
        self._due_ns = 0

    def arrived(self, latency_ns: int) -> None:
        """A frame is done, so long after it arrived."""
        self.frames += 1
        self.latency_ns += latency_ns
        self.worst_latency_ns = max(self.worst_latency_ns, latency_ns)
        self._latencies[bucket_of(latency_ns)] += 1

    def beat(self) -> Beat | None:
        """The report, if one is due."""
        now_ns = monotonic_ns()
        if now_ns < self._due_ns:
            return None
        self._due_ns = now_ns + INTERVAL_NS
        return self.report()

    def report(self) -> Beat:
        """The report as of now."""
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return Beat(
            os.getpid(),
            self.frames,
            self.skipped,
            self.damaged,
            self.busy_ns,
            cpu_ns(),
            peak_bytes,
            self.latency_ns,
            self.worst_latency_ns,
            self.stale,
            tuple(self._latencies),
            self.waiting,
        )
