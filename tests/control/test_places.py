"""Who gets a place where there are few, in a world of real connections."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Awaitable, Callable

from appliance.control.places import WANTED_FILES, Places, raise_limit_of_files

HERE, THERE, ELSEWHERE = "192.0.2.1", "192.0.2.2", "2001:db8::1"


class Wires:
    """Connections of this process with itself."""

    def __init__(self) -> None:
        self.open: list[asyncio.Transport] = []
        self._others: list[socket.socket] = []

    async def make(self) -> asyncio.Transport:
        one, other = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=one)
        self.open.append(transport)
        self._others.append(other)
        return transport

    def close(self) -> None:
        for transport in self.open:
            transport.abort()
        for other in self._others:
            other.close()


def in_a_world(play: Callable[[Wires], Awaitable[None]]) -> None:
    async def run() -> None:
        wires = Wires()
        try:
            await play(wires)
        finally:
            wires.close()

    asyncio.run(run())


def test_there_are_files_enough_for_all_places() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        raise_limit_of_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(WANTED_FILES, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_one_that_waits_longest_makes_room() -> None:
    async def play(wires: Wires) -> None:
        places = Places(most=2)
        first, second, third = [await wires.make() for _ in range(3)]
        assert all(
            places.enter(transport, address) for transport, address in ((first, HERE), (second, THERE), (third, ELSEWHERE))
        )
        assert [transport.is_closing() for transport in (first, second, third)] == [True, False, False]

    in_a_world(play)


def test_nobody_who_works_is_sent_away() -> None:
    async def play(wires: Wires) -> None:
        places = Places(most=2)
        first, second, third = [await wires.make() for _ in range(3)]
        places.enter(first, HERE)
        places.enter(second, HERE)
        places.work(first)
        places.work(second)
        assert not places.enter(third, THERE)
        assert places.refused == 1
        places.wait(second)
        assert places.enter(third, THERE)
        assert [transport.is_closing() for transport in (first, second)] == [False, True]

    in_a_world(play)


def test_one_address_fills_its_own_places_only() -> None:
    async def play(wires: Wires) -> None:
        places = Places(most=10, most_per_party=2)
        transports = [await wires.make() for _ in range(6)]
        assert places.enter(transports[0], HERE)
        for transport in transports[1:4]:
            assert places.enter(transport, "2001:db8::1")
        assert [transport.is_closing() for transport in transports[:4]] == [False, True, False, False]
        for transport in transports[2:4]:
            places.work(transport)
        # A customer has a /64.
        assert not places.enter(transports[4], "2001:db8::2")
        assert places.enter(transports[4], "2001:db8:0:1::1")
        places.leave(transports[2])
        assert places.enter(transports[5], "2001:db8::2")

    in_a_world(play)


def test_a_proxy_here_stands_for_many() -> None:
    async def play(wires: Wires) -> None:
        places = Places(most=10, most_per_party=1)
        transports = [await wires.make() for _ in range(5)]
        assert all(places.enter(transport, "127.0.0.1") for transport in transports)
        assert not any(transport.is_closing() for transport in transports)

    in_a_world(play)


def test_who_has_left_is_forgotten() -> None:
    async def play(wires: Wires) -> None:
        places = Places(most=1)
        first, second = [await wires.make() for _ in range(2)]
        places.enter(first, HERE)
        places.work(first)
        places.leave(first)
        places.leave(first)
        places.wait(first)
        assert places.enter(second, THERE)
        assert not first.is_closing()

    in_a_world(play)
