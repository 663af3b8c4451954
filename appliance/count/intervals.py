"""Intervals: what was counted at a line from one full minute to another, and how much of that time its camera was seen.

An interval is closed once, some seconds after its end, when no crossing of that time can still be undecided, and it never
changes after that. A crossing that is decided later all the same belongs to the next interval, so that the intervals of a line
always add up to its total. Time in which the machine did not run, or the camera was not there, has intervals, too: without
coverage, and with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.count.coverage import minute_of
from appliance.ledger.intervals import IntervalSpan

# After its end: longer than the counter ever takes for a decision, and the detector for a frame.
GRACE_NS = 10 * NS_PER_S
# Of the time in which the machine did not run; what was before has no intervals.
MOST_MISSED_NS = 24 * 60 * NS_PER_MINUTE
# Less is waited for.
SET_BACK_NS = 2 * NS_PER_MINUTE


@dataclass(slots=True)
class LineIntervals:
    """Where the intervals of one line have got to; pure."""

    camera: str
    line: str
    directions: tuple[str, str]
    since_ns: int
    next_ns: dict[int, int]
    """Of each length, nanoseconds, the beginning of the oldest one that is not closed."""
    leaves_ns: int = 0
    """When the line was taken away; 0 where it was not."""
    busy_until_ns: int = 0
    """The newest minute with a crossing, when this began: up to there no interval is left out."""
    taken_ns: dict[int, set[int]] = field(default_factory=dict)
    """Of each length, what was closed already by a clock that has been set back since."""

    @classmethod
    def begin(
        cls,
        camera: str,
        line: str,
        directions: tuple[str, str],
        lengths_ns: tuple[int, ...],
        ends_ns: dict[int, int],
        since_ns: int,
    ) -> LineIntervals:
        """``ends_ns``: the newest closed end of each length, as the ledger has it."""
        open_ns = max(ends_ns.values(), default=since_ns)
        next_ns = {length_ns: ends_ns.get(length_ns, open_ns - open_ns % length_ns) for length_ns in lengths_ns}
        return cls(camera, line, directions, since_ns, next_ns)

    def minute_ns(self, time_ns: int) -> int:
        """The minute that a crossing of this time belongs to: no interval of it is closed."""
        if not self.next_ns:
            return minute_of(time_ns)
        minute_ns = max(minute_of(time_ns), *self.next_ns.values())
        while any(minute_ns - minute_ns % length_ns in taken for length_ns, taken in self.taken_ns.items()):
            minute_ns += NS_PER_MINUTE
        return minute_ns

    def is_ahead(self, now_ns: int) -> bool:
        """Whether the clock has been set back behind what is closed."""
        return any(start_ns > now_ns + SET_BACK_NS for start_ns in self.next_ns.values())

    def set_back(self, now_ns: int, closed_ns: dict[int, set[int]]) -> None:
        """Go on from now; ``closed_ns`` of each length are the beginnings of what is closed from now on."""
        self.taken_ns = closed_ns
        for length_ns in self.next_ns:
            self.next_ns[length_ns] = self._free_ns(length_ns, now_ns - now_ns % length_ns)

    def _free_ns(self, length_ns: int, start_ns: int) -> int:
        while start_ns in self.taken_ns.get(length_ns, ()):
            start_ns += length_ns
        return start_ns

    def due(self, now_ns: int, why: str) -> Iterator[IntervalSpan]:
        """The intervals that are over, each of them once."""
        for length_ns, start_ns in self.next_ns.items():
            while start_ns + length_ns + GRACE_NS <= now_ns and not 0 < self.leaves_ns <= start_ns:
                span = IntervalSpan(self.camera, self.line, start_ns, start_ns + length_ns, self.directions, self.since_ns, why)
                start_ns += length_ns
                if start_ns > self.busy_until_ns:
                    oldest_ns = now_ns - MOST_MISSED_NS
                    start_ns = max(start_ns, oldest_ns - oldest_ns % length_ns)
                start_ns = self.next_ns[length_ns] = self._free_ns(length_ns, start_ns)
                yield span

    @property
    def is_over(self) -> bool:
        """Whether the line was taken away, and all its intervals are closed."""
        return 0 < self.leaves_ns <= min(self.next_ns.values(), default=self.leaves_ns)
