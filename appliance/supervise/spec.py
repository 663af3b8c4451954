"""What a process is, before it runs."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One line of ``pipeline``: what runs, with which settings, for which cameras."""

    name: str
    entry: str
    """``module:function``, a string so that heavy libraries stay out of the supervisor."""
    settings: str
    """JSON of the process's own settings."""
    start_s: float
    """Until it must have reported to be ready,"""
    silence_s: float
    """and from then on, the longest time without a heartbeat; longer, and it hangs."""
    is_vital: bool = True
    """Whether a machine that cannot have it at its start cannot be; others count on without it."""
    is_told: bool = False
    """Whether it is told what the cameras are, now and whenever they change;"""
    is_passing: bool = False
    """Whether its end is no incident, and it is not started again."""
    tells_others: bool = False
    """the same, and a job ends only when it has nothing left to tell."""


class Assignment(msgspec.Struct, frozen=True):
    """What a new process reads from its stdin."""

    process: str
    entry: str
    settings: str
    folder: str
    supervisor_pid: int
    log_level: str
    is_job: bool = False
    """Nobody waits for a single frame: no process need interrupt another one, which would cost both their caches."""
