"""Trailers: what is pulled by a vehicle is not a vehicle of its own.

A detector has no class for a trailer, a caravan or the rear half of an articulated lorry, and calls it, with little
conviction, a truck or a bus. It gives itself away by its company: all its life it has been behind another vehicle without a
gap, and it crosses the line where that one crossed a moment before. Where it crosses so soon after it was first seen that this
company may be chance, the decision waits until they have been together for long enough, or have parted, or it is seen no
more. A vehicle that is seen clearly is never taken for a trailer, however close it drives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.count.trajectory import NS_PER_S, Company, Passage, Sighting, Trajectory


@dataclass(frozen=True, slots=True)
class TowingSettings:
    """When a follower is a trailer."""

    class_ids: frozenset[int] = frozenset()
    """What can tow and be towed; none: nothing is ever taken for a trailer."""
    conviction: float = 0.5
    """A mean score from here up makes a vehicle in its own right."""
    least_s: float = 0.25
    """In company for at least this long,"""
    least_share: float = 0.9
    """and for at least this share of the time that both were seen."""
    longest_s: float = 2.0
    """From the leader's crossing to the follower's."""
    gap_sizes: float = 0.1
    """The largest gap between the two boxes, in sizes of the follower."""
    aside_sizes: float = 0.5
    """The largest distance between the places where the two crossed, in sizes of the follower: a lane is wider than that."""


def keep_company(seen: list[Trajectory], elapsed_ns: int, settings: TowingSettings) -> None:
    """Note for every doubtful vehicle in ``seen`` whom it followed during the last ``elapsed_ns``."""
    able = [trajectory for trajectory in seen if trajectory.class_id in settings.class_ids]
    for tail in able:
        if tail.confidence >= settings.conviction:
            continue
        for leader in able:
            if leader is not tail:
                _note(tail, leader, elapsed_ns, settings)


def hand_over(trajectories: Iterable[Trajectory], old_id: int, new_id: int) -> None:
    """Let whoever followed a track follow the one that continues it."""
    for trajectory in trajectories:
        if old_id in trajectory.leaders:
            trajectory.leaders[new_id] = trajectory.leaders.pop(old_id)


def forget(trajectories: Iterable[Trajectory], gone: list[int]) -> None:
    """Drop the company of tracks that are gone."""
    for trajectory in trajectories:
        if trajectory.leaders:
            for track_id in gone:
                trajectory.leaders.pop(track_id, None)


def leaders_of(trajectory: Trajectory, settings: TowingSettings) -> dict[int, Company]:
    """By track id, those whose trailer the trajectory may be by the company that it kept; nobody if it is seen clearly."""
    if trajectory.class_id not in settings.class_ids or trajectory.confidence >= settings.conviction:
        return {}
    return {
        track_id: company
        for track_id, company in trajectory.leaders.items()
        if company.together_ns >= settings.least_share * (company.together_ns + company.apart_ns)
    }


def is_long(company: Company, settings: TowingSettings) -> bool:
    """Whether the two were together for long enough to tell; until then time will."""
    return company.together_ns >= settings.least_s * NS_PER_S


def crossed_behind(tail: Passage, leader: Passage, tail_size_px: float, settings: TowingSettings) -> bool:
    """Whether ``tail`` met the line where ``leader`` had met it a moment before."""
    before_ns = tail.time_ns - leader.time_ns
    aside_px = math.hypot(tail.x - leader.x, tail.y - leader.y)
    return 0 <= before_ns <= settings.longest_s * NS_PER_S and aside_px <= settings.aside_sizes * tail_size_px


def _note(tail: Trajectory, leader: Trajectory, elapsed_ns: int, settings: TowingSettings) -> None:
    speed_x, speed_y = tail.velocity
    touching = _gap(tail.last, leader.last) <= settings.gap_sizes * tail.last.size
    company = tail.leaders.get(leader.track_id)
    if speed_x == speed_y == 0 or (company is None and not touching):
        return
    ahead = (leader.last.x - tail.last.x) * speed_x + (leader.last.y - tail.last.y) * speed_y > 0
    company = tail.leaders.setdefault(leader.track_id, Company())
    if touching and ahead:
        company.together_ns += elapsed_ns
    else:
        company.apart_ns += elapsed_ns


def _gap(first: Sighting, second: Sighting) -> float:
    """Between two boxes, pixels; 0 where they touch."""
    across = abs(first.x - second.x) - (first.width + second.width) / 2
    down = abs(first.y - second.y) - (first.height + second.height) / 2
    return max(across, down, 0.0)
