"""Models that come over HTTP, and those that go: what is sent is written to the disk as it comes, and looked into, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from appliance.catalogue.importing import Wish, import_model
from appliance.catalogue.users import refuse_at_work, refuse_used
from appliance.clock import wall_ns
from appliance.control.door import Caller
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.rooms import InRooms
from appliance.control.routes.models import EDIT_MODELS
from appliance.control.shown_models import StoredShown, stored_of
from appliance.errors import Refusal
from appliance.models.listing import listed
from appliance.models.store import find_version, own_store, stores_of
from appliance.models.versions import delete, draft_in

# No Idempotency-Key: a model that is there already is refused by its content, so that nothing is brought twice.
router = APIRouter(tags=["models"])
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
SENT = "sent"
Name = Annotated[str, Query(pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=64, description="What it is called from now on.")]
Version = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=64, description="Left out: the next number.")]
Classes = Annotated[str, Query(max_length=4000, description="In order, as in car,bus; for models that do not name their own.")]
FileName = Annotated[str, Query(max_length=200, description="Where it came from, for the records.")]
InPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=64)]


@router.post(
    "/models/import",
    status_code=201,
    responses=documented(401, 403, 413, 422, 429, 503),
    openapi_extra=BODY,
)
async def import_sent(  # noqa: PLR0913  # one parameter per part of a request is how FastAPI reads one
    house: Inside,
    caller: EDIT_MODELS,
    rooms: InRooms,
    request: Request,
    name: Name,
    version: Version = None,
    classes: Classes = "",
    file_name: FileName = "",
) -> StoredShown:
    """Bring an ONNX model, or an archive of 'appliance models export', as the body. It is looked into in a process of its own and
    kept, and does not count before it is activated. A checkpoint of PyTorch is a program, and is not taken.
    """
    async with rooms.imports.place(), _received(request, own_store(house.ledger.parent)) as file:
        wanted = tuple(word.strip() for word in classes.split(",") if word.strip())
        wish = Wish(file, name, caller.name, version, wanted, source=file_name or name)
        return await run_in_threadpool(_imported, house, caller, wish)


@router.delete("/models/{name}/{version}", status_code=204, responses=documented(401, 403, 404, 409, 422, 429, 503))
async def delete_version(house: Inside, caller: EDIT_MODELS, rooms: InRooms, name: InPath, version: InPath) -> None:
    """Take a version away for good; never one that counts, is being brought in, or would be gone back to."""
    await rooms.swaps.run(lambda: _delete(house, caller, f"{name}@{version}"))


@asynccontextmanager
async def _received(request: Request, store: FilePath) -> AsyncIterator[FilePath]:
    """The body as a file, gone afterwards."""
    place = draft_in(store)
    folder = await run_in_threadpool(place.__enter__)
    try:
        with (folder / SENT).open("wb") as file:
            async for piece in request.stream():
                await run_in_threadpool(file.write, piece)
        yield folder / SENT
    except OSError as error:
        raise Refusal(f"the model cannot be kept: {error.strerror}") from None
    finally:
        await run_in_threadpool(place.__exit__, None, None, None)


def _imported(house: House, caller: Caller, wish: Wish) -> StoredShown:
    folder = import_model(wish, stores_of(house.ledger.parent))
    shown = next(stored_of(one) for one in listed([folder.parent.parent]) if one.folder == folder)
    caller.audit("model", f"import {shown.model}", f"sha256 {shown.sha256}", wall_ns())
    return shown


def _delete(house: House, caller: Caller, label: str) -> None:
    stores = stores_of(house.ledger.parent)
    try:
        folder = find_version(label, *stores)
    except Refusal:
        raise HTTPException(404, f"there is no model {label}") from None
    if folder.parent.parent != stores[0]:
        raise HTTPException(409, f"a model that somebody has brought is wanted, but {label} comes with this program")
    try:
        if house.health is not None:
            refuse_at_work(folder, house.health)
        refuse_used(folder, [] if house.site_file is None else [house.site_file])
    except Refusal as used:
        raise HTTPException(409, used.sentence) from None
    delete(folder)
    caller.audit("model", f"delete {label}", "gone", wall_ns())
