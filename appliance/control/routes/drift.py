"""What a camera shows, and a model finds: learning anew how it shall be."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from appliance.control.door import EDIT_CAMERAS
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.repeatable import WITH_KEY, Repeatable
from appliance.control.rooms import InRooms
from appliance.control.routes.configuration import Name
from appliance.control.routes.models import told
from appliance.control.shown_models import SwapAnswer
from appliance.messages.orders import LearnAnew

router = APIRouter(tags=["cameras"], route_class=Repeatable)
REFUSALS = documented(401, 403, 404, 409, 413, 422, 429, 503, 504)


@router.post("/cameras/{camera}/baseline", status_code=202, responses=REFUSALS, dependencies=[WITH_KEY])
async def learn_anew(camera: Name, house: Inside, caller: EDIT_CAMERAS, rooms: InRooms) -> SwapAnswer:
    """What the camera shows from now on is how it shall be: after it was cleaned, moved or replaced, or where a new season is no
    drift.
    """
    if house.health is None or not house.is_heard:
        raise HTTPException(503, "nothing is heard of the machine")
    if all(known.name != camera for known in house.health.cameras):
        raise HTTPException(404, f"there is no camera '{camera}'")
    subject = f"learn the baseline of {camera} anew"
    return await rooms.swaps.run(lambda: told(house, caller, subject, LearnAnew(camera, caller.name)))
