"""What the counter remembers of one object: where it was lately, what it is, and how it stands to each line."""

from __future__ import annotations

import math

import msgspec

from appliance.count.line import Line
from appliance.polygon import Point

NS_PER_S = 1e9
LONG_AGO_NS = -(2**62)
# For the velocity, sightings are kept for as long as this, and at least so many.
RECENT_S = 0.5
RECENT_SIGHTINGS = 3


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """One frame of an object: its box (centre, size, pixels) and when."""

    frame: int
    time_ns: int
    x: float
    y: float
    width: float
    height: float

    @property
    def size(self) -> float:
        """The side of a square with the box's area, pixels."""
        return math.sqrt(max(self.width * self.height, 1.0))

    def anchor(self, height_share: float) -> Point:
        """The point that counts: the centre of the box, ``height_share`` of its height further down (0.5: the bottom edge)."""
        return self.x, self.y + height_share * self.height

    def moved(self, velocity: Point, time_ns: int) -> Sighting:
        """Where the object is at another time if it keeps its ``velocity`` (pixels per second)."""
        seconds = (time_ns - self.time_ns) / NS_PER_S
        return msgspec.structs.replace(self, time_ns=time_ns, x=self.x + velocity[0] * seconds, y=self.y + velocity[1] * seconds)


def velocity_between(first: Sighting, last: Sighting) -> Point:
    """Pixels per second; none without time between the two."""
    seconds = (last.time_ns - first.time_ns) / NS_PER_S
    return ((last.x - first.x) / seconds, (last.y - first.y) / seconds) if seconds > 0 else (0.0, 0.0)


class Passage(msgspec.Struct):
    """How an object stands to one line since it was last settled on one side of it.

    ``since`` is when that was, or when it was first seen if it never was ``settled``; ``net`` signed crossings of its way from
    there; ``clear``: the newest sighting is outside the dead band; ``held``: so was the one before, with the same ``net``. The
    rest is the newest crossing: frame (with fraction), media time, place in pixels.
    """

    since: Sighting
    settled: bool = False
    net: int = 0
    clear: bool = False
    held: bool = False
    frame: float = 0.0
    time_ns: int = LONG_AGO_NS
    x: float = 0.0
    y: float = 0.0

    def step(self, line: Line, before: Sighting, now: Sighting, height_share: float) -> None:
        """Add the way from one sighting to the next."""
        start, end = before.anchor(height_share), now.anchor(height_share)
        meeting = line.met_by(start, end)
        if meeting.net:
            self.net += meeting.net
            self.frame = before.frame + meeting.at * (now.frame - before.frame)
            self.time_ns = before.time_ns + round(meeting.at * (now.time_ns - before.time_ns))
            self.x = start[0] + meeting.at * (end[0] - start[0])
            self.y = start[1] + meeting.at * (end[1] - start[1])
            self.clear = False

    def settle(self, now: Sighting) -> None:
        """Begin anew."""
        self.since, self.settled, self.net = now, True, 0


class Company(msgspec.Struct):
    """For how long an object was close behind another, and for how long it was not."""

    together_ns: int = 0
    apart_ns: int = 0


class Trajectory(msgspec.Struct):
    """An object, over all the track ids it had."""

    track_id: int
    confirmed: bool
    first: Sighting
    recent: list[Sighting]
    passages: list[Passage]
    votes: dict[int, float] = {}
    leaders: dict[int, Company] = {}
    hits: int = 0

    @classmethod
    def begin(cls, track_id: int, now: Sighting, lines: int) -> Trajectory:
        """An object that has just appeared."""
        return cls(track_id, False, now, [], [Passage(now) for _ in range(lines)])

    @property
    def last(self) -> Sighting:
        """The newest sighting."""
        return self.recent[-1]

    @property
    def class_id(self) -> int:
        """The class with the largest sum of scores; the lower id where two are equal."""
        return max(self.votes, key=lambda class_id: (self.votes[class_id], -class_id))

    @property
    def confidence(self) -> float:
        """The mean score of all sightings, whatever they were taken for."""
        return sum(self.votes.values()) / self.hits

    @property
    def velocity(self) -> Point:
        """Pixels per second over the recent sightings."""
        return velocity_between(self.recent[0], self.last)

    def see(self, sighting: Sighting, class_id: int, score: float) -> None:
        """Take in the newest sighting."""
        self.recent.append(sighting)
        self._forget()
        self.votes[class_id] = self.votes.get(class_id, 0.0) + score
        self.hits += 1

    def follow(self, old: Trajectory, lines: list[Line], height_shares: list[float]) -> None:
        """Become the rest of ``old``: its way, then the gap, then this one's own way."""
        for line, height_share, before, own in zip(lines, height_shares, old.passages, self.passages):
            before.step(line, old.last, self.first, height_share)
            if own.net == 0:
                own.frame, own.time_ns, own.x, own.y = before.frame, before.time_ns, before.x, before.y
            own.net += before.net
            own.since, own.settled = before.since, before.settled
        for class_id, score in old.votes.items():
            self.votes[class_id] = self.votes.get(class_id, 0.0) + score
        self.hits += old.hits
        self.leaders = {**old.leaders, **self.leaders}
        self.recent = old.recent + self.recent
        self._forget()

    def _forget(self) -> None:
        oldest_ns = self.last.time_ns - RECENT_S * NS_PER_S
        while len(self.recent) > RECENT_SIGHTINGS and self.recent[0].time_ns < oldest_ns:
            del self.recent[0]
