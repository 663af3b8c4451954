"""Trying a camera before it is added: what it shows, or why it shows nothing."""

from __future__ import annotations

import base64
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from appliance.control.door import EDIT_CAMERAS
from appliance.control.inside import Inside
from appliance.control.looking import Busy, camera_to_try
from appliance.control.problems import documented
from appliance.control.reach import Way, refuse_reach, ways_of
from appliance.decode.trial import LONGEST_PX
from appliance.errors import Refusal
from appliance.login import login_from

router = APIRouter(tags=["configuration"])
RETRY_S = 5


class CameraToTry(BaseModel):
    """Where a camera is; as it would stand in the file, but for the login, which may be told here."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(
        min_length=1,
        max_length=4000,
        description="A file, an rtsp:// or http:// address, the number of a webcam, or gst: and a launch line.",
        examples=["rtsp://gate.local/stream1"],
    )
    decoder: Literal["auto", "pyav", "gstreamer", "opencv"] = "auto"
    transport: Literal["tcp", "udp"] = "tcp"
    login: str = Field(
        default="",
        max_length=4000,
        pattern="^$|^(env|file):.+",
        description="Where user:password is kept on the machine, env:NAME or file:PATH; for administrators, and for what is"
        " in force already.",
    )
    user: str = Field(default="", max_length=200, description="In the place of 'login', for this try alone.")
    password: SecretStr = Field(default=SecretStr(""), max_length=200, description="Of that user; kept nowhere, shown nowhere.")


class CameraSeen(BaseModel):
    """What it shows."""

    width: int = Field(description="Of its pictures, pixels.", examples=[1280])
    height: int = Field(examples=[720])
    frames_per_second: float = Field(description="As the camera says.", examples=[25.0])
    decoder: str = Field(examples=["PyAV 15.0.0"])
    picture: str = Field(
        description=f"Its first one, at most {LONGEST_PX} pixels long: a JPEG in Base64.", examples=["/9j/4AAQ…"]
    )


@router.post("/cameras/try", responses=documented(401, 403, 413, 422, 429, 503))
async def try_camera(house: Inside, caller: EDIT_CAMERAS, wanted: CameraToTry) -> CameraSeen:
    """Look through a camera, for some seconds at most, in a process of its own; nothing is kept."""
    refuse_reach(caller.role, Way(wanted.source, wanted.login), ways_of(house))
    login = login_from(wanted.user, wanted.password.get_secret_value()) or None
    if login and wanted.login:
        raise Refusal("either 'login' or 'user' and 'password' is wanted, found both", usage=True)
    camera = camera_to_try(
        wanted.source,
        has_login=bool(login or wanted.login),
        login=wanted.login,
        decoder=wanted.decoder,
        transport=wanted.transport,
    )
    try:
        seen = await house.looks.look(camera, login)
    except Busy as busy:
        raise HTTPException(429, busy.sentence, {"Retry-After": str(RETRY_S)}) from None
    picture = base64.b64encode(seen.jpeg).decode()
    return CameraSeen(
        width=seen.width,
        height=seen.height,
        frames_per_second=seen.frames_per_second,
        decoder=seen.decoder,
        picture=picture,
    )
