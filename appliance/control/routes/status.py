"""How everything is now."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

import appliance
from appliance.control.door import LOOK
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.shown import CameraShown, StatusShown, camera_of, status_of
from appliance.messages.health import Health

router = APIRouter(tags=["status"], dependencies=[LOOK])


@router.get("/status", responses=documented(401, 403, 429, 503))
def read_status(house: Inside) -> StatusShown:
    """How every camera and every process is, since when, and why."""
    return status_of(_heard(house), house.site, house.run, appliance.__version__)


@router.get("/cameras", responses=documented(401, 403, 429, 503))
def list_cameras(house: Inside) -> list[CameraShown]:
    """How every camera is."""
    return [camera_of(camera) for camera in _heard(house).cameras]


@router.get("/cameras/{name}", responses=documented(401, 403, 404, 429, 503))
def read_camera(name: str, house: Inside) -> CameraShown:
    """How one camera is."""
    for one in _heard(house).cameras:
        if one.name == name:
            return camera_of(one)
    raise HTTPException(404, f"there is no camera '{name}'")


def _heard(house: Inside) -> Health:
    if house.health is None or not house.is_heard:
        raise HTTPException(503, "nothing is heard of the machine")
    return house.health
