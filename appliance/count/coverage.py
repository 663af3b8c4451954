"""What was seen of a camera, and when nothing was: so that no count can pass for the whole truth when it is not.

Between two frames that were looked at the camera is covered if no more than ``blind_ns`` lie between them; if more, all that
time is a gap, with its reason. What is covered is added up by the minute (UTC).

    frames      | | | | | |             | | | | |
    covered     ───────────             ─────────
    gap                    ~~~~~~~~~~~~~
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.ledger.records import Gap, Minute, Presence, Seen

# A wall clock that has gone back by more was set; by less, it is two clocks that are not quite the same.
SET_BACK_NS = 5 * NS_PER_S


class Coverage:
    """One camera's; pure, and fed with every frame that was looked at."""

    def __init__(self, blind_ns: int, until_ns: int) -> None:
        """``until_ns``: the newest frame that is written down, by wall clock; 0 where there never was one."""
        self._blind_ns = blind_ns
        self.until_ns = until_ns
        self._seen = Seen(until_ns)

    def look(self, capture_ns: int, skipped: int, inside: dict[str, int], why: Callable[[int], str]) -> None:
        """Take in a frame, before which ``skipped`` others were not looked at, and who is in which zone in it.

        ``why`` tells the reason of a gap since a time, and is asked only where there is one.
        """
        step_ns = capture_ns - self.until_ns
        if self.until_ns and step_ns < -SET_BACK_NS:
            self.until_ns = capture_ns
        elif self.until_ns and step_ns > self._blind_ns:
            self._gap(Gap(self.until_ns, capture_ns, why(self.until_ns)))
        elif self.until_ns and step_ns > 0:
            self._cover(self.until_ns, capture_ns, inside)
        self.until_ns = max(self.until_ns, capture_ns)
        minute = self._minute(minute_of(capture_ns))
        minute.frames += 1
        minute.skipped += skipped
        for zone, number in inside.items():
            presence = self._seen.presences.setdefault((zone, minute_of(capture_ns)), Presence())
            presence.most = max(presence.most, number)

    def skip(self, capture_ns: int, frames: int) -> None:
        """So many frames up to this one were on their way, and have not been looked at."""
        self._minute(minute_of(capture_ns)).skipped += frames

    def take(self) -> Seen:
        """What is new since this was last taken."""
        seen, self._seen = self._seen, Seen(self.until_ns)
        seen.until_ns = self.until_ns
        return seen

    def _gap(self, gap: Gap) -> None:
        """Note a gap; one that goes on where the last one ended, for the same reason, is the same."""
        last = self._seen.gaps[-1] if self._seen.gaps else None
        if last is not None and (last.end_ns, last.reason) == (gap.start_ns, gap.reason):
            self._seen.gaps[-1] = Gap(last.start_ns, gap.end_ns, gap.reason)
        else:
            self._seen.gaps.append(gap)

    def _cover(self, start_ns: int, end_ns: int, inside: dict[str, int]) -> None:
        for minute_ns, span_ns in by_minute(start_ns, end_ns):
            self._minute(minute_ns).covered_ns += span_ns
            for zone, number in inside.items():
                self._seen.presences.setdefault((zone, minute_ns), Presence()).time_ns += number * span_ns

    def _minute(self, minute_ns: int) -> Minute:
        return self._seen.minutes.setdefault(minute_ns, Minute())


def minute_of(time_ns: int) -> int:
    """When the minute of this time began."""
    return time_ns - time_ns % NS_PER_MINUTE


def by_minute(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """The minutes of a time, and how much of it lies in each."""
    while start_ns < end_ns:
        minute_ns = minute_of(start_ns)
        part_end_ns = min(end_ns, minute_ns + NS_PER_MINUTE)
        yield minute_ns, part_end_ns - start_ns
        start_ns = part_end_ns
