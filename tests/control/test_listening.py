"""One who listens to the news, says something himself, or may not listen any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from appliance.access.guard import Guard
from appliance.access.roles import Role
from appliance.control.routes import events
from appliance.ledger.ledger import Ledger
from tests.control.alone import HERE, Alone, alone, bearer
from tests.control.machines import Machine, running
from tests.ledger.asking import a_crossing, at, begin, keep

NOON_NS = at("2026-05-04 12:00")
MANY = 3000


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "data").mkdir()
    with closing(Ledger(folder / "data" / "ledger.sqlite", "run1")) as ledger:
        begin(ledger, NOON_NS)
        keep(ledger, *(a_crossing(NOON_NS) for _ in range(3)))
    with running(folder, Role.VIEWER, Role.ADMIN, tree={"retention": {"days": 36_500}}) as running_one:
        yield running_one


def address(machine: Machine) -> str:
    return f"ws://127.0.0.1:{machine.port}/api/v1/events?after=0"


def test_what_he_says_is_not_heard_and_he_goes_on_listening(machine: Machine) -> None:
    with connect(address(machine), additional_headers=machine.bearer("viewer"), open_timeout=60) as socket:
        for said in ('{"type": "ping"}', b"ping", "x" * 1000, ""):
            socket.send(said)
        told = [json.loads(socket.recv(timeout=30)) for _ in range(4)]
        assert [one["sequence"] for one in told if one["type"] == "crossing"] == [1, 2, 3]
        assert socket.ping().wait(30)
        socket.send("still here")
        assert socket.ping().wait(30)


def test_nor_is_he_heard_out_who_says_too_much(machine: Machine) -> None:
    with connect(address(machine), additional_headers=machine.bearer("viewer"), open_timeout=60) as socket:
        socket.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            hear_all(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def hear_all(socket: Connection) -> None:
    while True:
        socket.recv(timeout=30)


class Wire:
    """Takes in what one listener is told, and has his token revoked in the middle."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.told: list[str] = []
        self.code = 0
        self._questions: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._questions.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> dict[str, object]:
        return await self._questions.get()

    async def send(self, message: dict[str, object]) -> None:
        if message["type"] == "websocket.close":
            self.code = int(str(message["code"]))
        elif message["type"] == "websocket.send":
            self.told.append(str(message["text"]))
            if len(self.told) == 100:
                self.guard.tokens.revoke("viewer", HERE, 2)


def test_a_token_that_is_revoked_ends_a_long_replay_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SILENCE_S", 0.0)
    with closing(Ledger(tmp_path / "ledger.sqlite", "run1")) as ledger:
        begin(ledger, NOON_NS)
        keep(ledger, *(a_crossing(NOON_NS) for _ in range(MANY)))

    async def play(here: Alone) -> None:
        token, wire = bearer(here, Role.VIEWER)["authorization"], Wire(here.guard)
        scope = {
            "type": "websocket",
            "path": "/api/v1/events",
            "query_string": b"after=0",
            "headers": [(b"authorization", token.encode()), (b"host", b"127.0.0.1")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
            "scheme": "ws",
            "subprotocols": [],
        }
        await asyncio.wait_for(here.app(scope, wire.receive, wire.send), 60)  # type: ignore[arg-type]
        assert (wire.code, 100 <= len(wire.told) < MANY // 2) == (events.REFUSED, True)

    alone(tmp_path, play)
