"""Waiting for something, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(limit_s: float, work: Awaitable[T]) -> T:
    """What it comes to; raises ``asyncio.TimeoutError``, and ends it, where that takes longer.

    Before Python 3.12 ``asyncio.wait_for`` swallows a cancellation that comes in the moment in which the work is done; who had
    left then went on for ever.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=limit_s)
    finally:
        is_done = not task.cancel()
    if not is_done:
        await asyncio.wait((task,))
        raise asyncio.TimeoutError
    return task.result()
