"""What a camera shows, and a model finds: learning anew how it shall be."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException

from appliance.access.roles import Permission
from appliance.clock import wall_ns
from appliance.control.door import Caller, needs
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.shown_models import SwapAnswer
from appliance.ipc.requests import ask
from appliance.messages import LearnAnew
from appliance.topics import REQUESTS

router = APIRouter(tags=["cameras"])
ANSWER_S = 10.0
EDIT_CAMERAS = Annotated[Caller, Depends(needs(Permission.CAMERAS))]


@router.post("/cameras/{name}/baseline", status_code=202, responses=documented(401, 403, 404, 409, 422, 429, 503, 504))
def learn_anew(name: str, house: Inside, caller: EDIT_CAMERAS) -> SwapAnswer:
    """What the camera shows from now on is how it shall be: after it was cleaned, moved or replaced, or where a new season is no
    drift.
    """
    if house.health is None or not house.is_heard:
        raise HTTPException(503, "nothing is heard of the machine")
    if all(camera.name != name for camera in house.health.cameras):
        raise HTTPException(404, f"there is no camera '{name}'")
    answer = ask(house.folder, REQUESTS, LearnAnew(name, caller.name), ANSWER_S)
    if answer is None:
        raise HTTPException(504, "the machine has not answered in time")
    if not answer.is_done:
        raise HTTPException(409, answer.sentence)
    caller.audit("camera", f"learn the baseline of {name} anew", answer.sentence, wall_ns())
    return SwapAnswer(sentence=answer.sentence)
