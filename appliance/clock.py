"""Time: monotonic for waiting, wall clock for what is told to others; int nanoseconds."""

from __future__ import annotations

import time

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_MINUTE = 60 * NS_PER_S


def monotonic_ns() -> int:
    """A clock that never goes back; the same for all processes of this machine."""
    return time.monotonic_ns()


def wall_ns() -> int:
    """UTC since 1970."""
    return time.time_ns()


def cpu_ns() -> int:
    """CPU time of this process, all threads."""
    return time.process_time_ns()


def in_ns(seconds: float) -> int:
    """A moment that is so far away, monotonic."""
    return monotonic_ns() + round(seconds * NS_PER_S)
