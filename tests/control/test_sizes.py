"""Bodies: how large each may be, how much all together, and of whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from appliance.access.roles import Role
from appliance.control.sizes import MOST_BYTES_AT_ONCE, SMALL_BODY_BYTES
from tests.control.alone import HERE, Alone, alone, bearer

LARGEST = 20_000_000


class Slow:
    """A body that comes as far as it is let."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.has_come, self.may_end = asyncio.Event(), asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        for _ in range(self.size // 100_000):
            yield bytes(100_000)
        self.has_come.set()
        await self.may_end.wait()
        yield b""


def test_all_bodies_together_have_an_end_and_it_is_given_back(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        viewer, admin = bearer(here, Role.VIEWER), bearer(here, Role.ADMIN)
        slow = [Slow(LARGEST) for _ in range(MOST_BYTES_AT_ONCE // LARGEST)]
        under_way = [
            asyncio.ensure_future(here.client.post("/api/v1/infer", content=one.pieces(), headers=viewer)) for one in slow
        ]
        for one in slow:
            await one.has_come.wait()
        assert here.sizes.bytes_at_once == LARGEST * len(slow)
        late = await here.client.post("/api/v1/infer", content=bytes(LARGEST), headers=viewer)
        assert (late.status_code, late.headers["retry-after"]) == (503, "5")
        # What is small comes through all the same.
        made = await here.client.post("/api/v1/tokens", json={"name": "other", "role": "viewer"}, headers=admin)
        assert made.status_code == 201
        for one in slow:
            one.may_end.set()
        assert {(await one).status_code for one in under_way} == {422}
        assert here.sizes.bytes_at_once == 0

    alone(tmp_path, play)


def test_of_strangers_nothing_large_is_read(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        viewer = bearer(here, Role.VIEWER)
        slow = Slow(100_000)
        # It never ends, and is answered all the same.
        for path in ("/api/v1/session", "/api/v1/infer"):
            answer = await asyncio.wait_for(here.client.post(path, content=slow.pieces()), 30)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        promised = {"content-length": "900000"}
        answer = await asyncio.wait_for(here.client.post("/api/v1/session", content=slow.pieces(), headers=promised), 30)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="appliance"')
        small = await here.client.post("/api/v1/session", content=bytes(SMALL_BODY_BYTES))
        assert small.status_code == 422
        known = await here.client.post("/api/v1/session", content=bytes(SMALL_BODY_BYTES + 1), headers=viewer)
        assert known.status_code == 422
        assert here.sizes.bytes_at_once == 0

    alone(tmp_path, play)


def test_a_page_sends_what_its_panel_hands_over(tmp_path: Path) -> None:
    async def play(here: Alone) -> None:
        text = here.guard.tokens.create("page", Role.VIEWER, HERE, 1).text
        logged_in = await here.client.post("/api/v1/session", json={"token": text})
        assert logged_in.status_code == 200, logged_in.text
        large = await here.client.post("/api/v1/session", content=bytes(SMALL_BODY_BYTES + 1))
        assert large.status_code == 422

    alone(tmp_path, play)
