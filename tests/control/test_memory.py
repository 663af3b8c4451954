"""Work that is kept apart, and answers that are kept."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fastapi import HTTPException

from appliance.control.memory import Memory, Told
from appliance.control.rooms import Room


def test_only_what_can_be_no_other_one_is_kept() -> None:
    memory = Memory(100)
    memory.remember("over", Told(b"x" * 20, True))
    memory.remember("not over", Told(b"x" * 20, False))
    memory.remember("too long", Told(b"x" * 26, True))
    assert memory.recall("over") == Told(b"x" * 20, True)
    assert memory.recall("not over") is memory.recall("too long") is memory.recall("never asked") is None


def test_what_nobody_asks_for_makes_room() -> None:
    memory = Memory(100)
    for question in range(5):
        memory.remember(question, Told(b"x" * 20, True))
    memory.recall(0)
    memory.remember(0, Told(b"y" * 20, True))
    memory.remember(5, Told(b"x" * 25, True))
    assert [memory.recall(question) is not None for question in range(6)] == [True, False, False, True, True, True]


def test_so_much_at_once_so_much_in_line_and_then_later() -> None:
    async def play() -> None:
        room, go_on = Room("questions", at_once=1, in_line=1), threading.Event()
        under_way = [asyncio.ensure_future(room.run(go_on.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(HTTPException, match="at most 2 questions are taken at once") as refused:
            await room.run(go_on.wait)
        assert (refused.value.status_code, (refused.value.headers or {})["Retry-After"]) == (503, "2")
        go_on.set()
        assert await asyncio.gather(*under_way) == [True, True]
        assert await room.run(lambda: 7) == 7

    asyncio.run(play())
