"""Answers about times that are over, kept for a minute: a wall of screens asks the same question again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from fastapi import Request

from appliance.clock import NS_PER_MINUTE, monotonic_ns

# What is over changes only where retention takes it away.
KEPT_NS = NS_PER_MINUTE
MOST_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and whether it stays so."""

    body: bytes
    is_over: bool


class Memory:
    """Of one application. Used by one loop."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Hashable, tuple[int, Told]] = OrderedDict()

    def recall(self, question: object) -> Told | None:
        """What was said to the same question within a minute."""
        assert isinstance(question, Hashable)
        kept = self._answers.get(question)
        if kept is None:
            return None
        if monotonic_ns() - kept[0] > KEPT_NS:
            self._forget(question)
            return None
        self._answers.move_to_end(question)
        return kept[1]

    def remember(self, question: object, told: Told) -> None:
        """Keep it, if it can be no other one soon; those that nobody has asked for longest make room."""
        assert isinstance(question, Hashable)
        if not told.is_over or len(told.body) > self._most_bytes // 4:
            return
        self._forget(question)
        self._answers[question] = (monotonic_ns(), told)
        self._bytes += len(told.body)
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._answers)))

    def _forget(self, question: Hashable) -> None:
        kept = self._answers.pop(question, None)
        if kept is not None:
            self._bytes -= len(kept[1].body)


def memory_of(request: Request) -> Memory:
    """Of the application that is asked."""
    memory: Memory = request.app.state.memory
    return memory
