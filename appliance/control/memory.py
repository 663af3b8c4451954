"""Answers about times that are over, kept for a minute: a wall of screens asks the same question again and again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from fastapi import Request

from appliance.clock import NS_PER_MINUTE, monotonic_ns

# What is over changes only where retention takes it away.
KEPT_NS = NS_PER_MINUTE
MOST_BYTES = 8_000_000
MOST_ANSWERS = 1000
# Of an answer, beside its body.
EACH_BYTES = 500


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
        self._answers: OrderedDict[bytes, tuple[int, Told]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def recall(self, question: object) -> Told | None:
        """What was said to the same question within a minute."""
        key = _digest(question)
        kept = self._answers.get(key)
        if kept is None:
            return None
        if monotonic_ns() - kept[0] > KEPT_NS:
            self._forget(key)
            return None
        self._answers.move_to_end(key)
        return kept[1]

    def remember(self, question: object, told: Told) -> None:
        """Keep it, if it can be no other one soon; those that nobody has asked for longest make room."""
        if not told.is_over or len(told.body) > self._most_bytes // 4:
            return
        now_ns, key = monotonic_ns(), _digest(question)
        for old in [old for old, (then_ns, _) in self._answers.items() if now_ns - then_ns > KEPT_NS]:
            self._forget(old)
        self._forget(key)
        self._answers[key] = (now_ns, told)
        self._bytes += len(told.body) + EACH_BYTES
        while self._bytes > self._most_bytes or len(self._answers) > MOST_ANSWERS:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: bytes) -> None:
        kept = self._answers.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept[1].body) + EACH_BYTES


def _digest(question: object) -> bytes:
    """Of all its words, of which there may be hundreds."""
    return hashlib.sha256(repr(question).encode()).digest()


def memory_of(request: Request) -> Memory:
    """Of the application that is asked."""
    memory: Memory = request.app.state.memory
    return memory
