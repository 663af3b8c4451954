"""Which frames go through the network together: as many of one size as fit, across cameras, none waiting longer than allowed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from appliance.messages.frames import FrameTicket


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame and when it came."""

    ticket: FrameTicket
    since_ns: int


class Batcher:
    """Collects frames; time is an argument."""

    def __init__(self, max_batch: int, longest_wait_ns: int) -> None:
        self._max_batch = max_batch
        self._longest_wait_ns = longest_wait_ns
        self._queue: deque[Waiting] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, ticket: FrameTicket, now_ns: int) -> None:
        """One more frame."""
        self._queue.append(Waiting(ticket, now_ns))

    def due_in_ns(self, now_ns: int) -> int | None:
        """How long until the oldest frame has waited long enough; None where there is none."""
        if not self._queue:
            return None
        if len(self._first()) >= self._max_batch:
            return 0
        return max(0, self._queue[0].since_ns + self._longest_wait_ns - now_ns)

    def take(self, now_ns: int) -> list[FrameTicket]:
        """The next batch: full, or as full as it got in time; empty if it is worth waiting."""
        if self.due_in_ns(now_ns) != 0:
            return []
        chosen = self._first()
        taken = {id(waiting) for waiting in chosen}
        self._queue = deque(waiting for waiting in self._queue if id(waiting) not in taken)
        return [waiting.ticket for waiting in chosen]

    def _first(self) -> list[Waiting]:
        """The oldest frames of the oldest frame's size."""
        size = _size(self._queue[0].ticket)
        chosen: list[Waiting] = []
        for waiting in self._queue:
            if _size(waiting.ticket) == size:
                chosen.append(waiting)
            if len(chosen) == self._max_batch:
                break
        return chosen


def _size(ticket: FrameTicket) -> tuple[int, int]:
    return ticket.input_height, ticket.input_width
