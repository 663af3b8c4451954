"""Pictures as they are now."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from appliance.control.door import SEE, Caller, Door
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.live.look import Look, look_of
from appliance.control.problems import documented
from appliance.control.waiting import within

router = APIRouter(tags=["live"])
SNAPSHOT_S, SILENCE_S = 2.0, 5.0
# Who takes nothing for so long is gone.
SENDING_S = 15.0
JPEG = "image/jpeg"
MJPEG = "multipart/x-mixed-replace; boundary=picture"
ONE: dict[int | str, dict[str, Any]] = {200: {"content": {JPEG: {"schema": {"type": "string", "format": "binary"}}}}}
MANY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"multipart/x-mixed-replace": {"schema": {"type": "string", "format": "binary"}}}}
}

Camera = Annotated[str, Path(max_length=64)]
Overlay = Annotated[
    str,
    Query(
        max_length=64,
        description="What is drawn on it: some of boxes, ids, trails, lines, counts, with commas; or none. All if left out.",
        examples=["boxes,lines"],
    ),
]


@router.get(
    "/cameras/{camera}/snapshot.jpg", response_class=Response, responses={**documented(401, 403, 404, 422, 429, 503), **ONE}
)
async def take_snapshot(house: Inside, caller: SEE, camera: Camera, overlay: Overlay = "") -> Response:
    """The next picture of a camera."""
    del caller
    look = look_of(overlay)
    refuse_strangers(house, camera)
    picture = await house.gallery.picture(camera, look, SNAPSHOT_S)
    if picture is None:
        raise HTTPException(503, f"no picture came from {camera} within {SNAPSHOT_S:g} s{reason_of(house, camera)}")
    return Response(picture, media_type=JPEG, headers={"Cache-Control": "no-store"})


@router.get("/cameras/{camera}/stream", response_class=Response, responses={**documented(401, 403, 404, 422, 429, 503), **MANY})
async def watch_stream(
    house: Inside,
    caller: SEE,
    request: Request,
    camera: Camera,
    overlay: Overlay = "",
    fps: Annotated[float, Query(ge=0.1, le=60, description="At most so many pictures per second.")] = 10.0,
) -> Response:
    """Pictures of a camera, one after the other, as MJPEG."""
    look = look_of(overlay)
    refuse_strangers(house, camera)
    house.gallery.refuse_crowd()
    return PictureStream(house, request.app.state.door, caller, Watching(camera, look, fps))


class Watching:
    """What is watched."""

    def __init__(self, camera: str, look: Look, frames_per_second: float) -> None:
        self.camera, self.look, self.frames_per_second = camera, look, frames_per_second


class PictureStream(Response):
    """Sends pictures until the viewer goes, takes nothing any more, or may not see them any longer."""

    def __init__(self, house: House, door: Door, caller: Caller, watching: Watching) -> None:
        super().__init__(media_type=MJPEG, headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._house, self._door, self._caller, self._watching = house, door, caller, watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        del scope
        sending, leaving = asyncio.ensure_future(self._send_all(send)), asyncio.ensure_future(_until_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        watching = self._watching
        pictures = self._house.gallery.watch(watching.camera, watching.look, watching.frames_per_second, SILENCE_S)
        looked_s = asyncio.get_running_loop().time()
        async with aclosing(pictures):
            async for picture in pictures:
                now_s = asyncio.get_running_loop().time()
                if now_s - looked_s > SILENCE_S:
                    looked_s = now_s
                    if not await run_in_threadpool(self._door.still_in, self._caller):
                        break
                if picture is not None:
                    await within(SENDING_S, send({"type": "http.response.body", "body": part(picture), "more_body": True}))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def part(picture: bytes) -> bytes:
    """A picture as one part of a stream."""
    head = f"--picture\r\nContent-Type: {JPEG}\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + b"\r\n"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def refuse_strangers(house: House, camera: str) -> None:
    """Raise 404 for a camera that there is not."""
    if camera not in house.cameras:
        raise HTTPException(404, f"there is no camera '{camera}'")


def reason_of(house: House, camera: str) -> str:
    """Why a camera may have no pictures, as the rest of a sentence."""
    cameras = () if house.health is None else house.health.cameras
    reason = next((one.condition.reason for one in cameras if one.name == camera), "")
    return f": {reason}" if reason else ""
