"""Which objects crossed which lines: decided from ways, not from frames.

For every object and line the counter follows the object's anchor and adds up the signed crossings of its way. The sum is
looked at only when the anchor is outside the dead band, a strip on both sides of the line that scales with the object, and
has been there for two sightings in a row:

        ░░░░░░░░░░░░░░░░░░░ dead band          a way in, to and fro and out on the same side sums to 0: nothing
        ════════ line ═════                    a way in on one side and out on the other sums to +1 or -1: a crossing
        ░░░░░░░░░░░░░░░░░░░                    a way around the end of the line never meets it: nothing

So jitter, flicker and turning back cancel by themselves, an object may cross back and is counted again, and no side of an endless
line is ever asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import msgspec

from appliance.boxes import Tracks, xyxy_to_cxcywh
from appliance.count.bridge import BridgeSettings, find_predecessor
from appliance.count.line import Line
from appliance.count.towed import TowingSettings, crossed_behind, forget, hand_over, is_long, keep_company, leaders_of
from appliance.count.trajectory import NS_PER_S, Company, Passage, Sighting, Trajectory, velocity_between
from appliance.polygon import contains


class Reason(str, Enum):
    """Why something was counted, or not."""

    # Seen beyond the line, twice.
    CROSSED = "crossed"
    # Seen beyond the line or on it, its motion leads over it, then never seen again.
    CROSSED_AT_END = "crossed_at_end"
    ENDED_ON_LINE = "ended_on_line"
    UNCONFIRMED = "unconfirmed"
    OTHER_CLASS = "other_class"
    TOWED = "towed"


COUNTED = (Reason.CROSSED, Reason.CROSSED_AT_END)


class Decision(msgspec.Struct, frozen=True):
    """One object and one line: counted or not, and why. ``net`` is +1 forward, -1 backward."""

    line: int
    net: int
    reason: Reason
    class_id: int
    frame: float
    time_ns: int
    track_id: int
    confidence: float
    x: float
    y: float

    @property
    def counted(self) -> bool:
        """Whether this is a crossing."""
        return self.reason in COUNTED


@dataclass(frozen=True, slots=True)
class CountedLine:
    """A line, the part of the box that counts (see ``Sighting.anchor``), and the class ids that do; none named means all."""

    line: Line
    height_share: float = 0.0
    class_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class CounterSettings:
    """The dead band, and how long an object is remembered."""

    dead_band_share: float = 0.1
    """Half the width of the dead band, as a share of the object's size."""
    dead_band_px: float = 2.0
    """The least half width."""
    memory_s: float = 3.0
    """An object unseen for longer is over: the longest gap of a bridge, and time for the newborn on its far side to be
    confirmed.
    """
    carry_s: float = 0.5
    """An object that ends in the dead band beyond the line has crossed if its motion carries it out within this time."""
    presence_s: float = 1.0
    """For so long who is not seen any more is taken to be where he was."""
    bridge: BridgeSettings = BridgeSettings()
    towing: TowingSettings = TowingSettings()


class CounterState(msgspec.Struct):
    """All that a counter remembers between two frames."""

    trajectories: list[Trajectory] = []
    time_ns: int = 0


class Counter:
    """One camera's counter: feed it every frame's tracks in order of time, empty ones too."""

    def __init__(self, lines: tuple[CountedLine, ...], settings: CounterSettings, state: CounterState | None = None) -> None:
        self._lines = lines
        self._settings = settings
        state = CounterState() if state is None else state
        self._by_track = {trajectory.track_id: trajectory for trajectory in state.trajectories}
        self._time_ns = state.time_ns

    @property
    def state(self) -> CounterState:
        """A checkpoint; the counter made from it goes on as this one would."""
        return CounterState(list(self._by_track.values()), self._time_ns)

    def update(self, tracks: Tracks, frame: int, time_ns: int) -> list[Decision]:
        """The decisions that fall with this frame."""
        seen: list[Trajectory] = []
        newborn: list[Trajectory] = []
        measured = xyxy_to_cxcywh(tracks.boxes).tolist()
        columns = zip(tracks.ids.tolist(), measured, tracks.scores.tolist(), tracks.classes.tolist(), tracks.confirmed.tolist())
        for track_id, box, score, class_id, confirmed in columns:
            if track_id <= 0:
                # Some trackers give all unconfirmed objects one id.
                continue
            trajectory = self._see(track_id, Sighting(frame, time_ns, *box), class_id, score)
            if confirmed and not trajectory.confirmed:
                newborn.append(trajectory)
            seen.append(trajectory)
        for trajectory in newborn:
            self._confirm(trajectory)
        keep_company(seen, time_ns - self._time_ns, self._settings.towing)
        self._time_ns = time_ns
        return [decision for trajectory in seen for decision in self._settle(trajectory)] + self._bury(time_ns)

    def inside(self, index: int) -> int:
        """How many are in the zone whose boundary is the line of this index: all that were seen there less than a second ago."""
        counted = self._lines[index]
        corners, oldest_ns = counted.line.points[:-1], self._time_ns - self._settings.presence_s * NS_PER_S
        return sum(
            trajectory.confirmed
            and trajectory.last.time_ns >= oldest_ns
            and (counted.class_ids is None or trajectory.class_id in counted.class_ids)
            and contains(corners, trajectory.last.anchor(counted.height_share))
            for trajectory in self._by_track.values()
        )

    def finish(self) -> list[Decision]:
        """The decisions that fall because nothing more will be seen."""
        decisions = [decision for trajectory in self._by_track.values() for decision in self._end(trajectory)]
        self._by_track.clear()
        return decisions

    def _see(self, track_id: int, now: Sighting, class_id: int, score: float) -> Trajectory:
        trajectory = self._by_track.get(track_id)
        if trajectory is None:
            trajectory = self._by_track[track_id] = Trajectory.begin(track_id, now, len(self._lines))
        else:
            for counted, passage in zip(self._lines, trajectory.passages):
                passage.step(counted.line, trajectory.last, now, counted.height_share)
        trajectory.see(now, class_id, score)
        for counted, passage in zip(self._lines, trajectory.passages):
            was_clear, passage.clear = passage.clear, self._is_clear(counted, now)
            passage.held = was_clear and passage.clear
        return trajectory

    def _is_clear(self, counted: CountedLine, sighting: Sighting) -> bool:
        return counted.line.distance(sighting.anchor(counted.height_share)) > self._band_px(sighting)

    def _band_px(self, sighting: Sighting) -> float:
        return max(self._settings.dead_band_px, self._settings.dead_band_share * sighting.size)

    def _confirm(self, newborn: Trajectory) -> None:
        """Confirm a trajectory, and let it go on with the one that it continues, if there is one."""
        newborn.confirmed = True
        born_ns = newborn.first.time_ns
        lost = [other for other in self._by_track.values() if other.confirmed and other.last.time_ns < born_ns]
        old = find_predecessor(newborn, lost, self._settings.bridge)
        if old is not None:
            anchors = [counted.height_share for counted in self._lines]
            newborn.follow(old, [counted.line for counted in self._lines], anchors)
            del self._by_track[old.track_id]
            hand_over(self._by_track.values(), old.track_id, newborn.track_id)

    def _settle(self, trajectory: Trajectory) -> list[Decision]:
        """The decisions on a trajectory that is held outside the dead band."""
        decisions = []
        for index, (counted, passage) in enumerate(zip(self._lines, trajectory.passages)):
            if not (trajectory.confirmed and passage.held):
                continue
            if passage.net:
                if self._is_over(counted, passage.since, trajectory.recent[-2]):
                    if self._may_prove_towed(trajectory, index):
                        # In a moment they will have been together for long enough, or have parted.
                        continue
                    decisions.append(self._decision(trajectory, index, Reason.CROSSED))
                elif not passage.settled:
                    # It was born too near to tell; its way will.
                    continue
            passage.settle(trajectory.last)
        return decisions

    def _is_over(self, counted: CountedLine, before: Sighting, now: Sighting) -> bool:
        """Whether two sightings outside the dead band are as far from each other as its two sides are; if not, there may be no
        more than jitter around an end of the line between them.
        """
        way = math.dist(before.anchor(counted.height_share), now.anchor(counted.height_share))
        return way > self._band_px(before) + self._band_px(now)

    def _bury(self, time_ns: int) -> list[Decision]:
        """Settle what is over, and forget it when nothing that it towed can be waiting to be settled any more."""
        oldest_ns = time_ns - self._settings.memory_s * NS_PER_S
        over = [trajectory for trajectory in self._by_track.values() if trajectory.last.time_ns < oldest_ns]
        decisions = [decision for trajectory in over for decision in self._end(trajectory)]
        oldest_ns -= self._settings.towing.longest_s * NS_PER_S
        gone = [trajectory.track_id for trajectory in over if trajectory.last.time_ns < oldest_ns]
        for track_id in gone:
            del self._by_track[track_id]
        forget(self._by_track.values(), gone)
        return decisions

    def _end(self, trajectory: Trajectory) -> list[Decision]:
        decisions = []
        for index, passage in enumerate(trajectory.passages):
            if passage.net:
                reason = self._reason_at_end(trajectory, index)
                decisions.append(self._decision(trajectory, index, reason))
                passage.net = 0
        return decisions

    def _reason_at_end(self, trajectory: Trajectory, index: int) -> Reason:
        if not trajectory.confirmed:
            return Reason.UNCONFIRMED
        passage = trajectory.passages[index]
        if passage.held and self._is_over(self._lines[index], passage.since, trajectory.recent[-2]):
            # Time was to tell whether it was towed, and did not.
            return Reason.CROSSED
        return Reason.CROSSED_AT_END if self._is_carried(trajectory, index) else Reason.ENDED_ON_LINE

    def _is_carried(self, trajectory: Trajectory, index: int) -> bool:
        """Whether the motion before the newest sighting leads from one side of the dead band to the other, as the object went.

        Two points within the dead band are less far apart than it is wide: a shorter way may be jitter, and is no motion.
        """
        counted, carry_ns = self._lines[index], round(self._settings.carry_s * NS_PER_S)
        known = trajectory.recent[:-1] if len(trajectory.recent) > 2 else trajectory.recent
        first, last = known[0], known[-1]
        if math.hypot(last.x - first.x, last.y - first.y) <= 2 * self._band_px(last):
            return False
        velocity = velocity_between(first, last)
        start = last.moved(velocity, min(first.time_ns, last.time_ns - carry_ns))
        end = last.moved(velocity, trajectory.last.time_ns + carry_ns)
        way = Passage(start)
        way.step(counted.line, start, end, counted.height_share)
        return way.net == trajectory.passages[index].net and self._is_clear(counted, start) and self._is_clear(counted, end)

    def _decision(self, trajectory: Trajectory, index: int, reason: Reason) -> Decision:
        passage, class_ids = trajectory.passages[index], self._lines[index].class_ids
        if reason in COUNTED:
            if class_ids is not None and trajectory.class_id not in class_ids:
                reason = Reason.OTHER_CLASS
            elif self._is_towed(trajectory, index):
                reason = Reason.TOWED
        return Decision(
            index,
            1 if passage.net > 0 else -1,
            reason,
            trajectory.class_id,
            passage.frame,
            passage.time_ns,
            trajectory.track_id,
            trajectory.confidence,
            passage.x,
            passage.y,
        )

    def _may_prove_towed(self, trajectory: Trajectory, index: int) -> bool:
        companies = self._towing_companies(trajectory, index)
        return bool(companies) and not any(is_long(company, self._settings.towing) for company in companies)

    def _is_towed(self, trajectory: Trajectory, index: int) -> bool:
        return any(is_long(company, self._settings.towing) for company in self._towing_companies(trajectory, index))

    def _towing_companies(self, trajectory: Trajectory, index: int) -> list[Company]:
        """The company that it kept with everybody who may have towed it over the line."""
        settings = self._settings.towing
        own, size_px = trajectory.passages[index], trajectory.last.size
        return [
            company
            for track_id, company in leaders_of(trajectory, settings).items()
            if (leader := self._by_track.get(track_id)) is not None
            and crossed_behind(own, leader.passages[index], size_px, settings)
        ]
