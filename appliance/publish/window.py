"""What is under way to the broker: sent, and not yet acknowledged; pure.

Messages may be acknowledged in any order. What is told is how far everything has been acknowledged without a hole, by kind:

    sent            1 2 3 4 5 6        acknowledged: 1 2 4 5        told: 2, and after 3: 5
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class _Sent:
    message_id: int
    kind: str
    sequence: int
    sent_ns: int
    topic: str
    bytes: int
    is_acknowledged: bool = False


class Window:
    """Of one connection."""

    def __init__(self, size: int, most_bytes: int, *, is_careful: bool = False) -> None:
        """``size`` messages may be under way at once, and about so many bytes: a slow wire shall not be full of them.

        A careful one sends a single message until that is answered: a broker that refuses it and hangs up on whatever came
        behind it would take its answer away with the connection.
        """
        self._size, self._most_bytes, self._bytes = size, most_bytes, 0
        self._is_careful = is_careful
        self._sent: deque[_Sent] = deque()
        self._waiting: dict[int, _Sent] = {}

    @property
    def has_room(self) -> bool:
        """Whether one more may be sent."""
        return len(self._sent) < (1 if self._is_careful else self._size) and self._bytes < self._most_bytes

    @property
    def is_empty(self) -> bool:
        """Whether nothing is under way."""
        return not self._sent

    @property
    def oldest(self) -> tuple[int, str] | None:
        """When the oldest message was sent that is not acknowledged, and its topic."""
        return next(((one.sent_ns, one.topic) for one in self._sent if not one.is_acknowledged), None)

    def add(self, message_id: int, topic: str, size_bytes: int, now_ns: int, kind: str = "", sequence: int = 0) -> None:
        """A message has been sent: the record of this kind and sequence number, or, without a kind, something else."""
        self._sent.append(one := _Sent(message_id, kind, sequence, now_ns, topic, size_bytes))
        self._waiting[message_id] = one
        self._bytes += size_bytes

    def refused(self, message_id: int) -> tuple[str, bool]:
        """Of a message that the broker does not take: its topic, and whether it must not be left out."""
        one = self._waiting.get(message_id)
        return ("", False) if one is None else (one.topic, bool(one.kind))

    def acknowledge(self, message_id: int) -> None:
        """The broker has it; who was never sent is nobody."""
        one = self._waiting.pop(message_id, None)
        if one is not None:
            one.is_acknowledged, self._is_careful = True, False

    def take_cursors(self) -> dict[str, int]:
        """How far each kind has got since this was last taken."""
        cursors: dict[str, int] = {}
        while self._sent and self._sent[0].is_acknowledged:
            one = self._sent.popleft()
            self._bytes -= one.bytes
            if one.kind:
                cursors[one.kind] = one.sequence
        return cursors
