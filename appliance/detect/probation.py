"""Whether a model that has just been put in does what it did before: pure.

Two signs are looked for: that it takes much longer for a picture than the one before it, and that it no longer sees what the one
before it still sees, which for that reason looks at a frame now and then. Both are judged by what was last: a model that does
well for a while and then no more shall not live on what it has done. A computer that has got busy makes it slow, too; so that is
a suspicion only, until both have been asked in turns.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from appliance.clock import NS_PER_MS, NS_PER_S
from appliance.config import GateSettings

# What lasts for a shorter time is chance.
WINDOW_NS = 3 * NS_PER_S
LEAST_PICTURES = 10
# Who needs most of the window for them.
LEAST_SLOW_PICTURES = 3
# Less is not slow, whatever it is a multiple of.
ALWAYS_FAST_NS = 5 * NS_PER_MS
# One frame, however full, is chance.
LEAST_BOXES, LEAST_LOOKS = 20, 5
# The one before looks so often, and no more than costs a tenth of the time, but once a second.
SHORTEST_PAUSE_NS, LONGEST_PAUSE_NS = NS_PER_S // 4, NS_PER_S
PAUSE_PER_PICTURE = 10


class Paces:
    """How long the network takes for a picture, over the last seconds, or the last pictures where few have come."""

    def __init__(self) -> None:
        self._took: deque[tuple[int, int]] = deque()

    def add(self, took_ns: int, now_ns: int) -> None:
        """A batch is done; time per picture."""
        self._took.append((now_ns, took_ns))
        while len(self._took) > LEAST_PICTURES and self._took[0][0] < now_ns - WINDOW_NS:
            self._took.popleft()

    @property
    def median_ns(self) -> int | None:
        """None where there are too few to tell: few pictures that have filled the window tell as much as many."""
        took_ns = [took_ns for _, took_ns in self._took]
        is_full = len(took_ns) >= LEAST_SLOW_PICTURES and sum(took_ns) > WINDOW_NS // 2
        return int(np.median(took_ns)) if is_full or len(took_ns) >= LEAST_PICTURES else None


class Probation:
    """Of one model, from the switch on."""

    def __init__(self, gates: GateSettings, usual_ns: int | None, now_ns: int, *, is_proved: bool = False) -> None:
        """``usual_ns`` is what the one before took for a picture, where that is known; one that ``is_proved`` already needs none
        to be kept, but may still show that it is no good.
        """
        self._gates, self._usual_ns, self._is_proved = gates, usual_ns, is_proved
        self.began_ns, self._ends_ns = now_ns, now_ns + round(gates.probation_s * NS_PER_S)
        self.paces = Paces()
        self.pictures = 0
        """How many it has answered."""
        self._looks: deque[tuple[int, int]] = deque()
        self._seen = self._seen_before = 0
        self._trusted_ns = now_ns
        """Since when it may have become slow."""
        self._slowness = ""

    @property
    def witness_pause_ns(self) -> int:
        """How long after a frame the one before it shall look at another one."""
        return min(LONGEST_PAUSE_NS, max(SHORTEST_PAUSE_NS, PAUSE_PER_PICTURE * (self._usual_ns or LONGEST_PAUSE_NS)))

    def compare(self, boxes: int, boxes_before: int) -> None:
        """How many it sees in a frame, and how many the one before it sees there."""
        self._looks.append((boxes, boxes_before))
        self._seen += boxes
        self._seen_before += boxes_before
        while len(self._looks) > LEAST_LOOKS and self._seen_before - self._looks[0][1] >= LEAST_BOXES:
            boxes, boxes_before = self._looks.popleft()
            self._seen -= boxes
            self._seen_before -= boxes_before

    def is_over(self, now_ns: int) -> bool:
        """Whether it has been watched for long enough, at work, where that is asked of it."""
        return now_ns >= self._ends_ns and (self._is_proved or self.pictures >= LEAST_PICTURES)

    def seems_slow(self, now_ns: int) -> bool:
        """Whether it takes too long, for itself or because of something else: both networks should be asked in turns."""
        median_ns = self.paces.median_ns if now_ns - self._trusted_ns >= WINDOW_NS else None
        return median_ns is not None and self._usual_ns is not None and self._is_slow(median_ns, self._usual_ns)

    def compare_paces(self, took_ns: float, before_ns: float, now_ns: int) -> None:
        """What both took for a picture in turns; where that was no reason, it is trusted for a while."""
        self._trusted_ns = now_ns
        if self._is_slow(took_ns, before_ns):
            times = took_ns / before_ns
            self._slowness = (
                f"it takes {took_ns / NS_PER_MS:.0f} ms for a picture, {times:.1f} times as long as the one before it"
            )

    def trust(self, now_ns: int) -> None:
        """For a while it does not seem slow, whatever it does."""
        self._trusted_ns = now_ns

    def _is_slow(self, took_ns: float, before_ns: float) -> bool:
        return took_ns > max(ALWAYS_FAST_NS, self._gates.slowest * before_ns)

    def fault(self) -> str:
        """What is wrong with it, as a sentence; empty where nothing is."""
        is_known = len(self._looks) >= LEAST_LOOKS and self._seen_before >= LEAST_BOXES
        if is_known and self._seen < self._gates.agreement * self._seen_before:
            return f"it sees {self._seen} objects where the one before it sees {self._seen_before}"
        return self._slowness

    def figures(self) -> dict[str, float]:
        """What was measured last."""
        figures: dict[str, float] = {"seen": self._seen, "seen_before": self._seen_before}
        if self.paces.median_ns is not None:
            figures["picture_ms"] = round(self.paces.median_ns / NS_PER_MS, 2)
        if self._usual_ns:
            figures["picture_before_ms"] = round(self._usual_ns / NS_PER_MS, 2)
        return figures
