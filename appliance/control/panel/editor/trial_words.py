"""A trial in words; pure."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.clock import NS_PER_S
from appliance.control.live.trial import Trial

NOT_YET = "What it would have counted is told as soon as it can be saved."
UNKNOWN = "No tracks of this camera are remembered yet; in a moment it can be told what this would have counted."


def time_of(trial: Trial) -> str:
    """How long it looked back: ``3 min 0 s``, ``45 s``."""
    minutes, seconds = divmod(round((trial.end_ns - trial.start_ns) / NS_PER_S), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def sums_of(trial: Trial, directions: tuple[str, str]) -> Iterator[tuple[str, int, str]]:
    """Each direction, how many, and how many of which class, the most first."""
    for direction in directions:
        by_class = trial.counts.get(direction, {})
        most_first = sorted(by_class.items(), key=lambda item: (-item[1], item[0]))
        yield direction, sum(by_class.values()), ", ".join(f"{name} {number}" for name, number in most_first)
