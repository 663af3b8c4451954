"""Crossings for several listeners who are not equally far: each hears every one of them, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.control.live import feed as feeds
from appliance.control.live.feed import Ear, Feed
from appliance.ledger.ledger import Ledger
from tests.ledger.asking import a_crossing, at, begin, keep

NOON_NS = at("2026-05-04 12:00")
Play = Callable[[Feed, Callable[[int], None]], Awaitable[None]]


def played(folder: Path, play: Play) -> None:
    """With a feed, and with what commits so many crossings more."""
    with closing(Ledger(folder / "ledger.sqlite", "run1")) as ledger:
        begin(ledger, NOON_NS)

        def commit(number: int) -> None:
            keep(ledger, *(a_crossing(NOON_NS) for _ in range(number)))

        async def run() -> None:
            await play(Feed(folder / "ledger.sqlite"), commit)

        asyncio.run(run())


async def heard(feed: Feed, cursor: int) -> list[int]:
    return [one.sequence for one in await feed.after(cursor)]


def test_who_comes_later_takes_nothing_from_who_is_behind(tmp_path: Path) -> None:
    async def play(feed: Feed, commit: Callable[[int], None]) -> None:
        commit(10)
        feed.enter()
        assert await heard(feed, 10) == []
        commit(5)
        feed.enter()
        assert await heard(feed, 15) == []
        commit(1)
        assert await heard(feed, 15) == [16]
        assert await heard(feed, 10) == [11, 12, 13, 14, 15, 16]

    played(tmp_path, play)


def test_who_waits_for_what_will_be_much_later_disturbs_nobody(tmp_path: Path) -> None:
    async def play(feed: Feed, commit: Callable[[int], None]) -> None:
        feed.enter()
        commit(3)
        assert await heard(feed, 0) == [1, 2, 3]
        assert await heard(feed, 1000) == []
        assert (await feed.after(1))[0] is (await feed.after(1))[0]
        commit(1)
        assert await heard(feed, 3) == [4]

    played(tmp_path, play)


@pytest.mark.parametrize("seed", range(8))
def test_everybody_hears_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(feeds, "MOST_AT_ONCE", 4)

    async def play(feed: Feed, commit: Callable[[int], None]) -> None:
        chance, last = random.Random(seed), 0
        cursors: list[int] = []
        ears: list[Ear] = []
        for _ in range(300):
            turn = chance.random()
            if turn < 0.2:
                commit(added := chance.randint(1, 6))
                last += added
            elif turn < 0.4 or len(cursors) < 3:
                # The one that has listened longest goes, another one comes.
                ears.append(feed.enter())
                cursors.append(chance.choice((0, last)))
                if len(ears) > 4:
                    feed.leave(ears.pop(0))
                    del cursors[0]
            else:
                number = chance.randrange(len(cursors))
                found = await heard(feed, cursors[number])
                assert found == list(range(cursors[number] + 1, cursors[number] + 1 + len(found)))
                assert found or cursors[number] == last
                cursors[number] += len(found)

    played(tmp_path, play)
