"""What a process tells about itself twice a second."""

from __future__ import annotations

import os
import resource
from collections import Counter, deque
from pathlib import Path

from appliance.clock import NS_PER_MS, cpu_ns, monotonic_ns
from appliance.latency import NONE, bucket_of
from appliance.messages.reports import Beat

INTERVAL_NS = 500 * NS_PER_MS
STATM = Path("/proc/self/statm")


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
        self.tracks: dict[str, int] = {}
        """In the newest frame of each camera."""
        self._latencies = list(NONE)
        self._stale_of: Counter[str] = Counter()
        self._batches: Counter[int] = Counter()
        self._batch_ns = 0
        self._batch_times = list(NONE)
        self._under_way: deque[tuple[int, int]] = deque()
        self._due_ns = 0

    def arrived(self, latency_ns: int) -> None:
        """A frame is done, so long after it arrived."""
        self.frames += 1
        self.latency_ns += latency_ns
        self.worst_latency_ns = max(self.worst_latency_ns, latency_ns)
        self._latencies[bucket_of(latency_ns)] += 1

    def came_late(self, camera: str) -> None:
        """A frame of one of several cameras has become too old."""
        self.stale += 1
        self._stale_of[camera] += 1

    def batch_began(self, pictures: int) -> None:
        """The network was given so many pictures at once; it answers in order."""
        self._under_way.append((pictures, monotonic_ns()))

    def batch_done(self) -> None:
        """It has answered the oldest batch."""
        pictures, began_ns = self._under_way.popleft()
        took_ns = monotonic_ns() - began_ns
        self._batches[pictures] += 1
        self._batch_ns += took_ns
        self._batch_times[bucket_of(took_ns)] += 1

    def beat(self) -> Beat | None:
        """The report, if one is due."""
        now_ns = monotonic_ns()
        if now_ns < self._due_ns:
            return None
        self._due_ns = now_ns + INTERVAL_NS
        return self.report()

    def report(self) -> Beat:
        """The report as of now."""
        memory_bytes = resident_bytes()
        # The kernel brings its own peak up to date only now and then.
        peak_bytes = max(memory_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
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
            memory_bytes,
            dict(self._batches),
            self._batch_ns,
            tuple(self._batch_times),
            dict(self.tracks),
            dict(self._stale_of),
        )


def resident_bytes() -> int:
    """Memory of this process at this moment."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()
