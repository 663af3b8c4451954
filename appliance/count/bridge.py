"""Id switches: is a track that has just been confirmed an object that was lost a moment before?

A tracker that loses an object and finds it again under a new id cuts its way in two. If that happens on a line, a counter
that trusts ids loses the crossing, or counts it twice. Here the end of one way and the start of another are joined where
place, size, class and time agree; nothing is guessed where they do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from appliance.count.trajectory import NS_PER_S, Trajectory
from appliance.polygon import Point

# The width of the counter's dead band: what moved less far may have been at rest.
JITTER_SIZES = 0.2


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """Gates of the bridge."""

    longest_s: float = 2.0
    """Between the last sighting of the old track and the first of the new one."""
    farthest_sizes: float = 0.5
    """Between where the old track may be and where the new one starts, in sizes of the object."""
    other_class_sizes: float = 0.25
    """Added to that distance where the classes differ."""
    growth: float = 1.6
    """The largest ratio of widths, and of heights."""
    earliest_share: float = 0.25
    latest_share: float = 1.5
    """The old track may have gone this little or this much of the way that its velocity predicts."""


def find_predecessor(newborn: Trajectory, lost: list[Trajectory], settings: BridgeSettings) -> Trajectory | None:
    """The lost trajectory that ``newborn`` continues, if there is one: within all gates, the one that predicts it best."""
    best, least_error = None, math.inf
    for candidate in lost:
        error = _error(candidate, newborn, settings)
        if error < least_error:
            best, least_error = candidate, error
    return best


def _error(old: Trajectory, new: Trajectory, settings: BridgeSettings) -> float:
    """Between where the old track would be by its velocity and where the new one starts, in sizes of the object; infinite where
    a gate is shut.
    """
    gap_s = (new.first.time_ns - old.last.time_ns) / NS_PER_S
    growth = max(_ratio(old.last.width, new.first.width), _ratio(old.last.height, new.first.height))
    if gap_s > settings.longest_s or growth > settings.growth:
        return math.inf
    size = max(old.last.size, new.first.size)
    velocity = old.velocity
    if _opposed(velocity, (new.last.x - new.first.x, new.last.y - new.first.y), size):
        return math.inf
    way = (velocity[0] * gap_s, velocity[1] * gap_s)
    away = (new.first.x - old.last.x, new.first.y - old.last.y)
    length_squared = way[0] ** 2 + way[1] ** 2
    share = (away[0] * way[0] + away[1] * way[1]) / length_squared if length_squared > 0 else 0.0
    share = min(settings.latest_share, max(settings.earliest_share, share))
    farther = 0.0 if old.class_id == new.class_id else settings.other_class_sizes
    if _sizes_off(away, way, share, size) + farther > settings.farthest_sizes:
        return math.inf
    return _sizes_off(away, way, 1.0, size) + farther


def _sizes_off(away: Point, way: Point, share: float, size: float) -> float:
    return math.hypot(away[0] - share * way[0], away[1] - share * way[1]) / size


def _ratio(one: float, other: float) -> float:
    """Of the larger side to the smaller, which is taken for no less than a pixel."""
    return max(one, other) / max(min(one, other), 1.0)


def _opposed(velocity: Point, moved: Point, size: float) -> bool:
    """Whether the new track has clearly moved against the old one's velocity."""
    against = velocity[0] * moved[0] + velocity[1] * moved[1] < 0
    return against and math.hypot(*moved) > JITTER_SIZES * size and math.hypot(*velocity) > 0.5 * size
