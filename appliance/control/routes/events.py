"""News over a WebSocket: every crossing in order, how the machine is, and today's counts."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, HTTPException, Query, WebSocket
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketDisconnect

import appliance
from appliance.access.roles import Permission, allows
from appliance.control.door import Caller, Door
from appliance.control.house import House
from appliance.control.shown import status_of
from appliance.control.shown_counts import crossing_of
from appliance.control.waiting import within

router = APIRouter()
SILENCE_S = 5.0
# Who reads nothing for so long is gone; what he missed is in the ledger.
SENDING_S = 10.0
# Policy, and try again: RFC 6455, 7.4.1 and IANA's list.
REFUSED, LATER = 1008, 1013
MOST_LISTENERS = 100


@router.websocket("/events")
async def events(socket: WebSocket, after: int | None = Query(default=None, ge=0, le=2**62)) -> None:
    """Crossings behind the sequence number ``after``, or from now on; and of status and counts the newest, when they change."""
    house: House = socket.app.state.house
    door: Door = socket.app.state.door
    try:
        caller = await run_in_threadpool(door.caller_of, socket)
    except HTTPException as refused:
        await socket.close(REFUSED, str(refused.detail))
        return
    if not allows(caller.role, Permission.LOOK):
        await socket.close(REFUSED, f"a {caller.role.value} may not do that")
        return
    if house.listeners >= MOST_LISTENERS:
        await socket.close(LATER, f"at most {MOST_LISTENERS} may listen at once")
        return
    await socket.accept()
    house.listeners += 1
    telling, leaving = (
        asyncio.ensure_future(Teller(socket, house, door, caller).tell(after)),
        asyncio.ensure_future(_deaf(socket)),
    )
    try:
        await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        house.listeners -= 1
        for task in (telling, leaving):
            task.cancel()
        await asyncio.gather(telling, leaving, return_exceptions=True)


async def _deaf(socket: WebSocket) -> None:
    """Whatever is said is not heard, be it text or bytes, until nobody is there."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


class NotAnyMore(Exception):
    """Who listens may not, since a moment ago."""


class Teller:
    """Tells one listener."""

    def __init__(self, socket: WebSocket, house: House, door: Door, caller: Caller) -> None:
        self._socket, self._house, self._door, self._caller = socket, house, door, caller
        self._told: dict[str, Any] = {}
        self._looked_s = asyncio.get_running_loop().time()

    async def tell(self, after: int | None) -> None:
        """Until he may not listen any more, or does not."""
        feed = self._house.feed
        ear = feed.enter()
        try:
            cursor = await feed.newest() if after is None else after
            while True:
                while found := await feed.after(cursor):
                    for one in found:
                        await self._send({"type": "crossing", **shown(crossing_of(one))})
                    cursor = found[-1].sequence
                await self._tell_newest()
                await ear.wait(SILENCE_S)
                await self._look()
        except NotAnyMore:
            await self._socket.close(REFUSED, "the token or the session is no longer valid")
        except (asyncio.TimeoutError, WebSocketDisconnect):
            return
        finally:
            feed.leave(ear)

    async def _look(self) -> None:
        """Now and then whether he still may, also where there is much to tell, or he reads it slowly."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s > SILENCE_S:
            self._looked_s = now_s
            if not await run_in_threadpool(self._door.still_in, self._caller):
                raise NotAnyMore

    async def _tell_newest(self) -> None:
        house = self._house
        if house.health is not None:
            status = shown(status_of(house.health, house.site, house.run, appliance.__version__))
            parts = [*status["cameras"], *status["processes"]]
            drifts = [camera["drift"] and camera["drift"]["state"] for camera in status["cameras"]]
            conditions = [(part["name"], part["state"], part["reason"]) for part in parts]
            await self._send_if_new("status", (conditions, drifts), status)
        scores = await run_in_threadpool(house.today.scores)
        counts = [
            {"camera": camera, "line": line, "counts": dict(score.counts)} for (camera, line), score in sorted(scores.items())
        ]
        await self._send_if_new("counts", counts, {"counts": counts})

    async def _send_if_new(self, kind: str, key: object, content: dict[str, Any]) -> None:
        if self._told.get(kind) != key:
            self._told[kind] = key
            await self._send({"type": kind, **content})

    async def _send(self, content: dict[str, Any]) -> None:
        await self._look()
        await within(SENDING_S, self._socket.send_json(content))


def shown(model: BaseModel) -> dict[str, Any]:
    """As JSON has it."""
    return model.model_dump(mode="json", by_alias=True)
