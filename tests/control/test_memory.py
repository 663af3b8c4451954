"""Work that is kept apart, and answers that are kept."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fastapi import HTTPException

from appliance.control import memory as memories
from appliance.control.memory import EACH_BYTES, MOST_ANSWERS, Memory, Told
from appliance.control.rooms import Room

ROOM = 4 * (20 + EACH_BYTES)


def test_only_what_can_be_no_other_one_is_kept() -> None:
    memory = Memory(1000)
    memory.remember("over", Told(b"x" * 20, True))
    memory.remember("not over", Told(b"x" * 20, False))
    memory.remember("too long", Told(b"x" * 251, True))
    assert memory.recall("over") == Told(b"x" * 20, True)
    assert memory.recall("not over") is memory.recall("too long") is memory.recall("never asked") is None


def test_what_nobody_asks_for_makes_room() -> None:
    memory = Memory(ROOM)
    for question in range(4):
        memory.remember(question, Told(b"x" * 20, True))
    memory.recall(0)
    memory.remember(0, Told(b"y" * 20, True))
    memory.remember(5, Told(b"x" * 20, True))
    assert [memory.recall(question) is not None for question in (0, 1, 2, 3, 5)] == [True, False, True, True, True]
    memory.remember(6, Told(b"x" * 21, True))
    assert [memory.recall(question) is not None for question in (0, 1, 2, 3, 5, 6)] == [False, False, False, True, True, True]


def test_ten_thousand_small_answers_are_not_kept() -> None:
    memory = Memory()
    for question in range(MOST_ANSWERS + 5):
        memory.remember(question, Told(b"[]", True))
    assert [memory.recall(question) is not None for question in (0, 4, 5, MOST_ANSWERS + 4)] == [False, False, True, True]


def test_what_is_a_minute_old_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    for question in range(3):
        memory.remember(question, Told(b"x", True))
    monkeypatch.setattr(memories, "KEPT_NS", -1)
    memory.remember("new", Told(b"x", True))
    assert len(memory) == 1


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
