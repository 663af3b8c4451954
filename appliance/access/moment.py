"""Now, on both clocks: wall clock for what is written down, monotonic for what is remembered."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.clock import monotonic_ns, wall_ns


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks."""

    wall_ns: int
    monotonic_ns: int


def now() -> Moment:
    """This one."""
    return Moment(wall_ns(), monotonic_ns())
