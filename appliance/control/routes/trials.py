"""What a line or zone would have counted, before it is saved."""

from __future__ import annotations

from fastapi import APIRouter

from appliance.control.door import SEE
from appliance.control.inside import Inside
from appliance.control.live.trial import item_of, recall, try_out
from appliance.control.problems import documented
from appliance.control.rooms import InRooms
from appliance.control.routes.configuration import Item, Kind
from appliance.control.routes.live import Camera, refuse_strangers
from appliance.control.shown_live import TrialShown, trial_of

router = APIRouter(tags=["live"])


@router.post("/cameras/{camera}/{kind:kind}/trial", responses=documented(401, 403, 404, 413, 422, 429, 503))
async def try_line_or_zone(house: Inside, caller: SEE, rooms: InRooms, camera: Camera, kind: Kind, item: Item) -> TrialShown:
    """Count once more, on the tracks of the last minutes, with this line or zone alone. Nothing is saved."""
    del caller
    refuse_strangers(house, camera)

    def tried() -> TrialShown:
        wanted = item_of(kind, item.tree())
        return trial_of(try_out(recall(house.folder, camera), wanted, house.counter))

    return await rooms.trials.run(tried)
