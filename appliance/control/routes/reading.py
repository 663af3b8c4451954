"""Parts of the configuration, for programs that want no YAML: a camera with its lines, a change with all that is kept of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Response

from appliance.control.door import SEE
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.rooms import InRooms
from appliance.control.routes.configuration import ETAG_SHOWN, Name, refuse_faulty, store_of
from appliance.control.shown_configuration import CameraInTheFile, RevisionInFull, in_full, text_for

router = APIRouter(tags=["configuration"])
WITH_ETAG: dict[int | str, dict[str, Any]] = {200: {"headers": {"ETag": ETAG_SHOWN}}}


@router.get(
    "/cameras/{camera}/settings",
    responses={**documented(401, 403, 404, 422, 429, 503), **WITH_ETAG},
    response_model_exclude_unset=True,
)
async def read_camera_settings(house: Inside, caller: SEE, rooms: InRooms, response: Response, camera: Name) -> CameraInTheFile:
    """A camera as it stands in the file, with its lines and zones; changed, PUT takes it back for the same ETag.
    A viewer does not see passwords in its address.
    """
    found, etag = await rooms.history.run(lambda: _look(house, camera))
    response.headers["ETag"] = f'"{etag}"'
    return found.model_copy(update={"source": text_for(caller.role, found.source)})


@router.get("/config/revisions/{number}", responses=documented(401, 403, 404, 422, 429, 503))
async def read_revision(
    house: Inside, caller: SEE, rooms: InRooms, number: Annotated[int, Path(ge=1, le=2**62)]
) -> RevisionInFull:
    """One change: who has made it and when, the lines that it changed, and the file after it; without passwords for a viewer."""
    full = in_full(await rooms.history.run(lambda: store_of(house).revision(number)))
    texts = {name: text_for(caller.role, getattr(full, name)) for name in ("diff", "text")}
    return full.model_copy(update=texts)


def _look(house: House, camera: str) -> tuple[CameraInTheFile, str]:
    refuse_faulty(house)
    configuration = store_of(house).read()
    for one in configuration.settings.cameras:
        if one.name == camera:
            tree = one.model_dump(mode="json", by_alias=True, exclude_unset=True)
            return CameraInTheFile.model_validate(tree), configuration.etag
    raise HTTPException(404, f"there is no camera '{camera}'")
