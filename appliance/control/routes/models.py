"""Models: which counts, which there are, and putting another one in its place while it counts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query

from appliance.access.roles import Permission
from appliance.clock import wall_ns
from appliance.control.door import SEE, Caller, needs
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.repeatable import WITH_KEY, Repeatable, Unsettled
from appliance.control.rooms import InRooms
from appliance.control.shown_models import (
    ActivationWanted,
    ModelsShown,
    StepShown,
    SwapAnswer,
    step_of,
    stored_of,
    swap_of,
)
from appliance.ipc.requests import ask
from appliance.messages.orders import LearnAnew
from appliance.messages.questions import Activate, CallOff
from appliance.models.listing import listed
from appliance.models.store import stores_of
from appliance.swap.journal import steps_in
from appliance.topics import REQUESTS

router = APIRouter(tags=["models"], route_class=Repeatable)
ANSWER_S = 10.0
REFUSALS = documented(401, 403, 409, 413, 422, 429, 503, 504)
EDIT_MODELS = Annotated[Caller, Depends(needs(Permission.MODELS))]


@router.get("/models", responses=documented(401, 403, 429, 503))
def models(house: Inside, caller: SEE) -> ModelsShown:
    """What counts now, what is being brought in, and what there is."""
    del caller
    health = house.health
    if health is None or not house.is_heard:
        raise HTTPException(503, "nothing is heard of the machine")
    return ModelsShown(
        live=health.model_name,
        backend="" if health.model is None else health.model.backend,
        classes=[] if health.model is None else list(health.model.names),
        swap=None if health.swap is None else swap_of(health.swap),
        stored=[stored_of(one) for one in listed(stores_of(house.ledger.parent))],
    )


@router.post("/models/activate", status_code=202, responses=REFUSALS, dependencies=[WITH_KEY])
async def activate(house: Inside, caller: EDIT_MODELS, rooms: InRooms, wanted: ActivationWanted) -> SwapAnswer:
    """Bring another model in the place of the one that counts. How it goes is in /models, and in the events."""
    question = Activate(wanted.model, caller.name, wanted.force)
    return await rooms.swaps.run(lambda: told(house, caller, f"activate {wanted.model}", question))


@router.post("/models/rollback", status_code=202, responses=REFUSALS, dependencies=[WITH_KEY])
async def roll_back(house: Inside, caller: EDIT_MODELS, rooms: InRooms) -> SwapAnswer:
    """Bring back the model that was kept before this one."""
    return await rooms.swaps.run(lambda: told(house, caller, "roll back", Activate("", caller.name)))


@router.post("/models/cancel", responses=REFUSALS, dependencies=[WITH_KEY])
async def call_off(house: Inside, caller: EDIT_MODELS, rooms: InRooms) -> SwapAnswer:
    """Leave or make everything as it was before the swap that is under way."""
    return await rooms.swaps.run(lambda: told(house, caller, "call off", CallOff(caller.name)))


@router.get("/models/history", responses=documented(401, 403, 422, 429, 503))
def history(
    house: Inside,
    caller: SEE,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Only swaps before this one.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[StepShown]:
    """What became of every model, the newest swap first."""
    del caller
    return [step_of(step) for step in steps_in(house.ledger.parent, limit, before)]


def told(house: House, caller: Caller, subject: str, question: Activate | CallOff | LearnAnew) -> SwapAnswer:
    """Ask the machine; what it does is in the audit log."""
    answer = ask(house.folder, REQUESTS, question, ANSWER_S)
    if answer is None:
        # The question lies there, and may be taken up yet.
        raise Unsettled(504, "the machine has not answered in time, and may do it yet; /api/v1/models says what it does")
    if not answer.is_done:
        raise HTTPException(409, answer.sentence)
    caller.audit("model", subject, answer.sentence, wall_ns())
    return SwapAnswer(sentence=answer.sentence)
