"""Waiting for something, but not for ever."""

from __future__ import annotations

import asyncio

import pytest

from appliance.control.waiting import within


def test_what_comes_in_time_is_had() -> None:
    async def come() -> str:
        return "here"

    assert asyncio.run(within(5, come())) == "here"


def test_what_takes_longer_is_ended() -> None:
    ended = []

    async def last() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(within(0.01, last()))
    assert ended == [True]


def test_its_own_error_is_told() -> None:
    async def fail() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        asyncio.run(within(5, fail()))


@pytest.mark.parametrize("turns", range(6))
def test_who_is_told_to_end_ends_also_in_the_moment_in_which_it_is_done(turns: int) -> None:
    async def cancelled() -> bool:
        news = asyncio.Event()
        waiting = asyncio.ensure_future(within(5, news.wait()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        news.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        if waiting.done():
            # It came before.
            return True
        waiting.cancel()
        await asyncio.wait((waiting,))
        return waiting.cancelled()

    assert asyncio.run(cancelled())
