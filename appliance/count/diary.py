"""What the count process keeps besides crossings: the intervals of every line, and why a camera was not seen."""

from __future__ import annotations

from itertools import islice

from appliance.clock import NS_PER_MINUTE
from appliance.config import CameraSettings
from appliance.count.intervals import GRACE_NS, LineIntervals
from appliance.count.reasons import NO_PICTURES, Reasons
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import Gap, Seen
from appliance.messages.health import Health

NOT_RUNNING = "the machine was not running, or not with this camera"
NOT_YET = "it was not connected yet"
STARTED_ANEW = "a process of it was started anew"
TAKEN_OUT = "it was taken out of the configuration"
# At once; after a day without the machine there are thousands, and frames are waiting.
MOST_CLOSED = 200


class Diary:
    """Of all cameras that keep time."""

    def __init__(self, ledger: Ledger, intervals_min: tuple[int, ...]) -> None:
        self._ledger = ledger
        self._lengths_ns = tuple(minutes * NS_PER_MINUTE for minutes in intervals_min)
        self._lines: dict[tuple[str, str], LineIntervals] = {}
        self._reasons = Reasons()
        self._taken_out: set[str] = set()
        self._strangers_due_ns: int | None = None

    def hear(self, health: Health) -> None:
        """Take in how everything is."""
        self._reasons.hear(health)

    def begin(self, camera: CameraSettings, now_ns: int) -> str:
        """A camera begins, or begins again, perhaps with other lines; why there is a gap since it was last seen."""
        until_ns, run = self._ledger.seen_until(camera.name)
        if not until_ns:
            self._ledger.see(camera.name, Seen(now_ns))
        elif run != self._ledger.run and until_ns < now_ns:
            self._ledger.see(camera.name, Seen(now_ns, gaps=[Gap(until_ns, now_ns, NOT_RUNNING)]))
        here = {line.name: (line.directions.forward, line.directions.backward) for line in camera.counted}
        self._leave([known for known in self._lines if known[0] == camera.name and known[1] not in here], now_ns)
        for line, directions in here.items():
            intervals = self._lines.get((camera.name, line))
            if intervals is None:
                self._lines[camera.name, line] = self._intervals(camera.name, line, directions, now_ns)
            else:
                intervals.directions, intervals.leaves_ns = directions, 0
        reason = TAKEN_OUT if camera.name in self._taken_out else STARTED_ANEW if until_ns else NOT_YET
        self._taken_out.discard(camera.name)
        return reason

    def _intervals(self, camera: str, line: str, directions: tuple[str, str], now_ns: int) -> LineIntervals:
        """Where a line stands, as the ledger has it."""
        since_ns = self._ledger.line_since_ns(camera, line, directions, now_ns)
        ends_ns = self._ledger.interval_ends_ns(camera, line)
        intervals = LineIntervals.begin(camera, line, directions, self._lengths_ns, ends_ns, since_ns)
        intervals.busy_until_ns = self._ledger.newest_minute_ns(camera, line)
        return intervals

    def _close_strangers(self, now_ns: int) -> None:
        """Lines that were there in an earlier run and are no more have a last interval, too."""
        for camera, line, directions in self._ledger.lines():
            if (camera, line) not in self._lines:
                intervals = self._intervals(camera, line, directions, now_ns)
                if intervals.busy_until_ns >= min(intervals.next_ns.values(), default=now_ns):
                    intervals.leaves_ns = intervals.busy_until_ns + 1
                    self._lines[camera, line] = intervals

    def leave(self, camera: str, now_ns: int) -> None:
        """A camera is no more; its last intervals are closed all the same."""
        self._leave([known for known in self._lines if known[0] == camera], now_ns)
        self._taken_out.add(camera)
        self._reasons.forget(camera)

    def _leave(self, lines: list[tuple[str, str]], now_ns: int) -> None:
        for line in lines:
            self._lines[line].leaves_ns = self._lines[line].leaves_ns or now_ns

    def minute_ns(self, camera: str, line: str, time_ns: int) -> int:
        """The minute that a crossing of this time belongs to."""
        return self._lines[camera, line].minute_ns(time_ns)

    def why(self, camera: str, since_ns: int, otherwise: str = NO_PICTURES) -> str:
        """Why a camera was not seen since a time (wall clock), if anything was heard of that, or ``otherwise``."""
        return self._reasons.why(camera, since_ns, otherwise)

    def open_ns(self, now_ns: int) -> int:
        """Since when there are intervals that are not closed."""
        return min((start_ns for intervals in self._lines.values() for start_ns in intervals.next_ns.values()), default=now_ns)

    def close(self, now_ns: int) -> None:
        """Close the intervals that are over."""
        if self._strangers_due_ns is None:
            # By then all cameras that there are have begun.
            self._strangers_due_ns = now_ns + NS_PER_MINUTE
        elif 0 < self._strangers_due_ns <= now_ns:
            self._strangers_due_ns = 0
            self._close_strangers(now_ns)
        for intervals in self._lines.values():
            if intervals.is_ahead(now_ns):
                intervals.set_back(now_ns, self._ledger.closed_ns(intervals.camera, intervals.line, now_ns))
        due = (
            span
            for (camera, _), intervals in self._lines.items()
            for span in intervals.due(now_ns, TAKEN_OUT if intervals.leaves_ns else self.why(camera, now_ns - GRACE_NS))
        )
        spans = list(islice(due, MOST_CLOSED))
        if spans:
            self._ledger.close_intervals(spans)
        for known in [known for known, intervals in self._lines.items() if intervals.is_over]:
            del self._lines[known]
