"""The live model, for a picture of one's own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request

from appliance.control.door import SEE
from appliance.control.inside import Inside
from appliance.control.live.guest import NoPicture, look_at
from appliance.control.problems import documented
from appliance.control.rooms import InRooms
from appliance.control.shown_live import FoundShown, found_of

router = APIRouter(tags=["live"])
MOST_BYTES = 20_000_000
PICTURE = {"schema": {"type": "string", "format": "binary"}}
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"image/jpeg": PICTURE, "image/png": PICTURE}}}


@router.post("/infer", responses=documented(401, 403, 413, 422, 429, 503), openapi_extra=BODY)
async def infer_picture(
    house: Inside,
    caller: SEE,
    request: Request,
    rooms: InRooms,
    confidence: Annotated[float | None, Query(ge=0, le=1, description="The least; that of the site where left out.")] = None,
) -> FoundShown:
    """What the live model sees on a JPEG or PNG. It is looked at between the cameras' frames, which do not wait for it."""
    del caller
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            raise HTTPException(413, f"a picture of at most {MOST_BYTES // 1_000_000} MB is wanted")
    least = house.confidence if confidence is None else confidence
    try:
        return found_of(await rooms.pictures.run(lambda: look_at(house.folder, content, least)))
    except NoPicture as none:
        raise HTTPException(422, none.sentence) from None
