"""Waiting for something to become true, with a deadline; nothing in the tests just waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_S = 0.005


def wait_until(what: str, condition: Callable[[], T | None], deadline_s: float = 30.0) -> T:
    """What ``condition`` returns as soon as it is something; fails where it is still nothing at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        # Who was stopped meanwhile looks once more.
        is_late = time.monotonic() > end
        if found := condition():
            return found
        if is_late:
            raise AssertionError(f"{what}: not within {deadline_s:g} s")
        time.sleep(PAUSE_S)
