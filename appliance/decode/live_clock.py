"""When a live camera's frames were taken, by our own clock.

A camera's time stamps are even, but they run at the camera's own speed, begin anew with every connection, and may leap; our clock
is steady, but frames reach it late by what the network makes of them. ``now - pts`` is the sum of both: what is least of it, over
the last half minute to a minute, is a frame that nothing held up, and what a frame has above that is its age.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.clock import NS_PER_MS, NS_PER_S

# Two of them are looked at: the present one and the one before.
WINDOW_NS = 30 * NS_PER_S
# A camera whose time stamps are further off has leapt, not drifted.
LEAP_NS = 10 * NS_PER_S
# Where all frames seem later than this for so long, their time stamps have moved.
LATE_NS, LATE_FOR_NS = NS_PER_S // 2, 3 * NS_PER_S
# How much of a drift is followed with every frame; a hundred times what bad quartz drifts.
SLEW_NS = NS_PER_MS // 5
LEAST_STEP_NS = NS_PER_MS


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame's media time, which always grows, and how long ago it could have been here; nanoseconds."""

    media_ns: int
    age_ns: int


class LiveClock:
    """One camera's; pure, and fed with every frame."""

    def __init__(self, last_ns: int) -> None:
        """``last_ns``: the media time that the camera has reached."""
        self._last_ns = last_ns
        self.reconnected()

    def reconnected(self) -> None:
        """The camera's time stamps begin anew."""
        self._offset_ns: int | None = None
        self._window_began_ns = self._fresh_ns = 0
        self._least_ns: list[int] = []

    def place(self, pts_ns: int, now_ns: int) -> Placed:
        """Where a frame with this time stamp, which has arrived now, belongs."""
        lag_ns = now_ns - pts_ns
        if self._offset_ns is None or abs(lag_ns - self._offset_ns) > LEAP_NS:
            self.reconnected()
            self._offset_ns, self._window_began_ns = lag_ns, now_ns
            self._fresh_ns = now_ns
        least_ns = self._least_lag(lag_ns, now_ns)
        if lag_ns - least_ns < LATE_NS:
            self._fresh_ns = now_ns
        elif now_ns - self._fresh_ns > LATE_FOR_NS:
            # Not the frames are late, the time stamps have moved.
            self.reconnected()
            self._offset_ns = lag_ns
            self._fresh_ns = now_ns
            least_ns = self._least_lag(lag_ns, now_ns)
        self._offset_ns += max(-SLEW_NS, min(SLEW_NS, least_ns - self._offset_ns))
        self._last_ns = max(pts_ns + self._offset_ns, self._last_ns + LEAST_STEP_NS)
        return Placed(self._last_ns, lag_ns - least_ns)

    def _least_lag(self, lag_ns: int, now_ns: int) -> int:
        if now_ns - self._window_began_ns > WINDOW_NS or not self._least_ns:
            self._window_began_ns = now_ns
            self._least_ns = [*self._least_ns[-1:], lag_ns]
        self._least_ns[-1] = min(self._least_ns[-1], lag_ns)
        return min(self._least_ns)
