"""A control plane in this process, with no machine behind it: what is asked of one, nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar

import httpx
from fastapi import FastAPI

from appliance.access.audit import Actor
from appliance.access.guard import Guard
from appliance.access.roles import Role
from appliance.config import ControlSettings, CounterSettings
from appliance.control.app import create_app
from appliance.control.house import House
from appliance.control.sizes import Sizes
from appliance.ipc.requests import RequestDesk
from appliance.messages.orders import LearnAnew
from appliance.messages.questions import Activate, Answer, CallOff, Request
from appliance.process_settings import ControlProcess
from appliance.topics import REQUESTS, Desk

Q = TypeVar("Q")
A = TypeVar("A")
HERE = Actor("tests", "command line")
SITE = "site: yard\ncameras: []\ndetector: {model: demo}\n"


@dataclass(frozen=True)
class Alone:
    """One, and a client of this computer."""

    app: FastAPI
    sizes: Sizes
    house: House
    guard: Guard
    client: httpx.AsyncClient


@contextmanager
def a_machine(folder: Path, answer: Answer) -> Iterator[list[Request | Activate | CallOff | LearnAnew]]:
    """One that answers everything so; what it was asked."""
    with answering(folder, REQUESTS, answer) as asked:
        yield asked


@contextmanager
def answering(folder: Path, questions: Desk[Q, A], answer: A) -> Iterator[list[Q]]:
    """Somebody at this desk who answers everything so; what he was asked."""
    desk, asked, is_over = RequestDesk(folder, questions), list[Q](), Event()

    def work() -> None:
        while not is_over.is_set():
            if desk.socket.poll(10) and (question := desk.take()) is not None:
                asked.append(question)
                desk.answer(answer)

    worker = Thread(target=work)
    worker.start()
    try:
        yield asked
    finally:
        is_over.set()
        worker.join()
        desk.close()


def bearer(here: Alone, role: Role) -> dict[str, str]:
    """What a program sends along that has a new token of this role."""
    return {"authorization": f"Bearer {here.guard.tokens.create(role.value, role, HERE, 1).text}"}


def alone(folder: Path, play: Callable[[Alone], Awaitable[None]], text: str = SITE) -> None:
    """Play this with one that is served for so long."""
    file = folder / "site.yml"
    file.write_text(text)
    settings = ControlProcess(
        site="yard",
        run="run1",
        control=ControlSettings(port=1),
        counter=CounterSettings(),
        confidence=0.25,
        time_zone="UTC",
        ledger=folder / "ledger.sqlite",
        site_file=file,
    )

    async def run() -> None:
        house = House(settings, folder)
        with Guard(folder) as guard:
            app = create_app(house, guard)
            sizes = Sizes(app, app.state.door.refuse_unknown)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(sizes), base_url="http://127.0.0.1") as client:
                await play(Alone(app, sizes, house, guard, client))
            app.state.answers.close()

    asyncio.run(run())
