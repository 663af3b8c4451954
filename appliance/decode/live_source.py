"""A camera that comes and goes: opened, read, and opened again for as long as anybody wants its pictures.

starting ──▶ ok ◀──▶ degraded: the picture is frozen, the clock is wrong
    │         │
    ▼         ▼
   down: nobody answers, the login is refused, no pictures come; tried again and again
"""

from __future__ import annotations

from collections.abc import Callable

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.decode.asking import Misled
from appliance.decode.demand import Demand
from appliance.decode.source import NoAnswer, Picture, Source
from appliance.errors import Refusal
from appliance.messages.orders import SourceInfo
from appliance.messages.reports import Condition

FIRST_DELAY_NS = NS_PER_S // 2
# Where nobody answers a try costs little, and the camera should be found soon after it is back.
LONGEST_UNANSWERED_NS = 4 * NS_PER_S
# Who answers with a refusal is not asked often: some lock out who knocks with a wrong password.
LONGEST_DELAY_NS = 15 * NS_PER_S
# A connection that has held for so long was a good one: the next loss counts as the first.
GOOD_NS = 5 * NS_PER_S


class LiveSource:
    """The pictures of one camera over all its connections. Nothing here ends or raises."""

    def __init__(
        self,
        opened: Callable[[Demand | None], Source],
        now_ns: Callable[[], int] = monotonic_ns,
        ask: Callable[[], bool] = lambda: True,
    ) -> None:
        """``opened`` is told what pictures are only drawn for, where that is known; ``ask`` raises ``Misled`` where it had better
        not be tried again.
        """
        self._opened, self._now_ns, self._ask = opened, now_ns, ask
        self._demand: Demand | None = None
        self._is_misled = False
        self._source: Source | None = None
        self._connected_ns = self._attempt_ns = 0
        self._losses = 0
        self.connections = 0
        """With pictures; a new one means that the time stamps begin anew."""
        self.condition = Condition("starting", "")
        self._has_picture = False

    @property
    def info(self) -> SourceInfo | None:
        """What is connected now."""
        return None if self._source is None else self._source.info

    @property
    def damaged(self) -> int:
        """See ``Source``; of this connection."""
        return 0 if self._source is None else self._source.damaged

    @property
    def idle_s(self) -> float:
        """How long it is until ``read`` does something; 0 while it is connected."""
        return 0.0 if self._source is not None else max(0, self._attempt_ns - self._now_ns()) / NS_PER_S

    def read(self) -> Picture | None:
        """The next picture. None where there is none now; comes back after a few seconds at the latest."""
        if self._source is None and (self.idle_s > 0 or not self._connect()):
            return None
        source = self._source
        assert source is not None
        picture = source.read()
        if picture is None:
            self._lose(source.problem, LONGEST_UNANSWERED_NS)
        elif not self._has_picture:
            self._has_picture = True
            self.connections += 1
            self.condition = Condition("ok", "")
        return picture

    def serve(self, demand: Demand) -> None:
        """See ``Source``; of this connection and all that follow."""
        self._demand = demand
        if self._source is not None:
            self._source.serve(demand)

    def degrade(self, reason: str) -> None:
        """Something is wrong with the pictures, or, with an empty reason, nothing is any more."""
        self.condition = Condition("degraded" if reason else "ok", reason)

    def close(self) -> None:
        """Hang up."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _connect(self) -> bool:
        try:
            # A decoder that is redirected for ever runs in circles, as fast as it can, until it is interrupted.
            if self._is_misled:
                self._ask()
            self._is_misled = False
            self._source = self._opened(self._demand)
        except Misled as refusal:
            self._is_misled = True
            self._lose(refusal.sentence, LONGEST_DELAY_NS)
        except NoAnswer as refusal:
            self._lose(refusal.sentence, LONGEST_UNANSWERED_NS)
        except Refusal as refusal:
            self._lose(refusal.sentence, LONGEST_DELAY_NS)
        self._connected_ns, self._has_picture = self._now_ns(), False
        return self._source is not None

    def _lose(self, reason: str, longest_ns: int) -> None:
        self.close()
        now_ns = self._now_ns()
        is_good = self._has_picture and now_ns - self._connected_ns > GOOD_NS
        self._losses = 1 if is_good else self._losses + 1
        self._has_picture = False
        self._attempt_ns = now_ns + min(longest_ns, FIRST_DELAY_NS << min(self._losses - 1, 10))
        self.condition = Condition("down", reason)
