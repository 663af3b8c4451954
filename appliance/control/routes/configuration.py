"""The site's file: what it says, what it said, and changing it. Every change is the machine's, too, or nobody's."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, HTTPException, Path, Query, Response
from fastapi.responses import PlainTextResponse
from starlette.convertors import register_url_convertor

from appliance.access.roles import Permission, allows
from appliance.clock import wall_ns
from appliance.configuration.changes import Change, add_item, remove_value, replace_camera, replace_line, replace_zone
from appliance.configuration.files import SiteFile
from appliance.configuration.reading import etag_of
from appliance.configuration.refusals import Faulty
from appliance.configuration.schema import json_schema
from appliance.configuration.store import Ask, ConfigurationStore, Outcome, Wish
from appliance.control.door import EDIT_CAMERAS, EDIT_CONFIGURATION, EDIT_LINES, SEE, Caller
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.naming import KindConvertor, where_named
from appliance.control.problems import documented
from appliance.control.reach import within_reach
from appliance.control.repeatable import WITH_KEY, Repeatable
from appliance.control.rooms import InRooms
from appliance.control.shown_configuration import (
    CameraInTheFile,
    ChangeShown,
    LineOrZone,
    RevisionShown,
    revision_of,
    text_for,
)
from appliance.errors import Refusal
from appliance.ipc.requests import ask
from appliance.messages.questions import Answer, Request
from appliance.topics import REQUESTS
from appliance.yaml_tree import MOST_BYTES

# So that other words at their place are other addresses, and not wrong ones.
register_url_convertor("kind", KindConvertor())
router = APIRouter(tags=["configuration"], route_class=Repeatable)
ANSWER_S = 10.0
REFUSALS = documented(401, 403, 404, 409, 412, 413, 422, 428, 429, 503, 504)
# Of what would be made, and is not.
DRY: dict[int | str, dict[str, Any]] = {200: {"model": ChangeShown, "description": "What would change: of a dry run."}}
GATE = {"name": "gate", "source": "rtsp://gate.local/stream1"}
DOORSTEP = {"name": "doorstep", "from": [0.1, 0.6], "to": [0.9, 0.6], "classes": ["person"]}
ETAG_SHOWN = {"schema": {"type": "string"}, "description": "Changes with every byte of the file."}
SITE = "site: yard\ncameras: []\ndetector: {model: demo}\n"

THE_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/yaml": {"schema": {"type": "object", "example": SITE}}}, "headers": {"ETag": ETAG_SHOWN}}
}
ETAG = "The ETag of what is changed, so that nobody's change is lost; * takes it as it is."
IfMatch = Annotated[str, Header(description=ETAG, examples=["*"])]
DryRun = Annotated[bool, Query(description="Only tell what would change, or why the machine would refuse it.")]
AS_IN_THE_FILE = "As it stands in the file; see /config/schema."
Item = Annotated[LineOrZone, Body(description=AS_IN_THE_FILE, examples=[DOORSTEP])]
CameraItem = Annotated[CameraInTheFile, Body(description=AS_IN_THE_FILE, examples=[GATE])]
Kind = Literal["lines", "zones"]
Name = Annotated[str, Path(pattern=r"^[\w-]+$", max_length=64)]

logger = logging.getLogger(__name__)


class YamlResponse(PlainTextResponse):
    """The file as it is."""

    media_type = "application/yaml"


@router.get("/config", response_class=YamlResponse, responses={**documented(401, 403, 429, 503), **THE_FILE})
def read_configuration(house: Inside, caller: SEE) -> Response:
    """The file with its comments; every change wants its ETag. A faulty one is shown to nobody but who may mend it, and a viewer
    does not see passwords in addresses.
    """
    content = content_of(house)
    if not allows(caller.role, Permission.CONFIGURATION):
        refuse_faulty(house)
    return YamlResponse(shown_to(caller, content), headers={"ETag": f'"{etag_of(content)}"'})


@router.put("/config", responses=REFUSALS)
async def replace_configuration(
    house: Inside,
    caller: EDIT_CONFIGURATION,
    rooms: InRooms,
    text: Annotated[str, Body(media_type="application/yaml", max_length=MOST_BYTES, examples=[SITE])],
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """Another file in its place."""
    wish = wish_of(house, caller, if_match, dry_run)
    return await rooms.changing.run(lambda: told(caller, "config", store_of(house).put(text, wish)))


@router.get("/config/schema", responses=documented(401, 403, 429))
def read_configuration_schema(caller: SEE) -> dict[str, Any]:
    """What may stand in the file, as JSON Schema."""
    del caller
    return json_schema()


@router.get("/config/revisions", responses=documented(401, 403, 422, 429, 503))
async def list_revisions(
    house: Inside,
    caller: SEE,
    rooms: InRooms,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[RevisionShown]:
    """Who has changed what and when, the newest first."""
    del caller
    found = await rooms.history.run(lambda: store_of(house).history(limit, before))
    return [revision_of(one) for one in found]


@router.post("/config/revisions/{number}/rollback", responses=REFUSALS, dependencies=[WITH_KEY])
async def roll_back_configuration(
    house: Inside,
    caller: EDIT_CONFIGURATION,
    rooms: InRooms,
    number: Annotated[int, Path(ge=1, le=2**62)],
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """What a revision said holds again; this is a new revision."""
    wish = wish_of(house, caller, if_match, dry_run)
    return await rooms.changing.run(lambda: told(caller, f"revision {number}", store_of(house).roll_back(number, wish)))


@router.post("/cameras", status_code=201, responses={**REFUSALS, **DRY}, dependencies=[WITH_KEY])
async def add_camera(
    house: Inside,
    caller: EDIT_CAMERAS,
    rooms: InRooms,
    item: CameraItem,
    response: Response,
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """One more camera."""
    response.status_code = 200 if dry_run else 201
    change, subject = add_item("cameras", item.tree()), f"camera {item.name}"
    return await rooms.changing.run(lambda: changed(house, caller, change, subject, if_match, dry_run))


@router.put("/cameras/{camera}", responses=REFUSALS)
async def replace_camera_settings(
    house: Inside,
    caller: EDIT_CAMERAS,
    rooms: InRooms,
    camera: Name,
    item: CameraItem,
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """Another camera in the place of one."""
    change = where_named(replace_camera(camera, item.tree()), camera)
    return await rooms.changing.run(lambda: changed(house, caller, change, f"camera {camera}", if_match, dry_run))


@router.delete("/cameras/{camera}", responses=REFUSALS)
async def remove_camera(
    house: Inside, caller: EDIT_CAMERAS, rooms: InRooms, camera: Name, if_match: IfMatch = "", dry_run: DryRun = False
) -> ChangeShown:
    """A camera goes, with its lines and zones; what it has counted stays."""
    change = where_named(remove_value(f"cameras.{camera}"), camera)
    return await rooms.changing.run(lambda: changed(house, caller, change, f"camera {camera}", if_match, dry_run))


@router.post("/cameras/{camera}/{kind:kind}", status_code=201, responses={**REFUSALS, **DRY}, dependencies=[WITH_KEY])
async def add_line_or_zone(  # noqa: PLR0913  # one parameter per word of the request is how FastAPI reads it
    house: Inside,
    caller: EDIT_LINES,
    rooms: InRooms,
    camera: Name,
    kind: Kind,
    item: Item,
    response: Response,
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """One more line or zone."""
    response.status_code = 200 if dry_run else 201
    change, subject = where_named(add_item(f"cameras.{camera}.{kind}", item.tree()), camera), f"{camera}/{item.name}"
    return await rooms.changing.run(lambda: changed(house, caller, change, subject, if_match, dry_run))


@router.put("/cameras/{camera}/{kind:kind}/{name}", responses=REFUSALS)
async def replace_line_or_zone(  # noqa: PLR0913
    house: Inside,
    caller: EDIT_LINES,
    rooms: InRooms,
    camera: Name,
    kind: Kind,
    name: Name,
    item: Item,
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """Another line or zone in the place of one."""
    replace = replace_line if kind == "lines" else replace_zone
    change = where_named(replace(camera, name, item.tree()), camera, kind, name)
    return await rooms.changing.run(lambda: changed(house, caller, change, f"{camera}/{name}", if_match, dry_run))


@router.delete("/cameras/{camera}/{kind:kind}/{name}", responses=REFUSALS)
async def remove_line_or_zone(  # noqa: PLR0913
    house: Inside,
    caller: EDIT_LINES,
    rooms: InRooms,
    camera: Name,
    kind: Kind,
    name: Name,
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """A line or zone goes; what was counted there stays."""
    change = where_named(remove_value(f"cameras.{camera}.{kind}.{name}"), camera, kind, name)
    return await rooms.changing.run(lambda: changed(house, caller, change, f"{camera}/{name}", if_match, dry_run))


def changed(house: House, caller: Caller, change: Change, subject: str, if_match: str, dry_run: bool) -> ChangeShown:
    """Carry a change out."""
    allowed = within_reach(caller.role, change)
    return told(caller, subject, store_of(house).change(allowed, wish_of(house, caller, if_match, dry_run)))


def told(caller: Caller, subject: str, outcome: Outcome) -> ChangeShown:
    """What came of it; the audit log hears of it, too."""
    if outcome.revision is not None:
        caller.audit("change", subject, outcome.diff, wall_ns())
    return ChangeShown(
        summary=outcome.summary,
        diff=outcome.diff,
        etag=outcome.configuration.etag,
        revision=None if outcome.revision is None else outcome.revision.number,
    )


def content_of(house: House) -> bytes:
    """What is in the site's file, faulty or not; raises what is 503 where nobody can tell."""
    store_of(house)
    assert house.site_file is not None  # store_of has seen to it
    try:
        return SiteFile(house.site_file).read()
    except Refusal as refusal:
        # It is not the request that is wrong.
        raise Refusal(refusal.sentence) from None


def shown_to(caller: Caller, content: bytes) -> bytes:
    """The file for who may see all of it, or for a viewer."""
    return text_for(caller.role, content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def refuse_faulty(house: House) -> None:
    """Raise 503 where the site's file is faulty: nobody has checked that there is no password in it."""
    try:
        store_of(house).read()
    except Faulty as faulty:
        # It is not the request that is wrong.
        raise HTTPException(503, faulty.sentence) from None


def store_of(house: House) -> ConfigurationStore:
    """The site's file; raises what is 503 for a machine that has none."""
    if house.site_file is None:
        raise HTTPException(503, "this machine was started without a file of its site")
    if not house.site_file.is_file():
        raise Refusal(f"the configuration {house.site_file} is wanted, but there is no such file")
    return _store(house.site_file, house.ledger.parent)


@lru_cache(maxsize=4)
def _store(file: FilePath, data_dir: FilePath) -> ConfigurationStore:
    """One for all requests: it remembers what it has read last."""
    return ConfigurationStore(file, data_dir)


def wish_of(house: House, caller: Caller, if_match: str, is_dry: bool) -> Wish:
    """How the change is meant; raises 428 where it is not said for which state of the file."""
    if not if_match:
        raise HTTPException(428, "an If-Match header with the ETag of /config is wanted, or *, found none")

    etag = None if if_match.strip() == "*" else if_match.strip().strip('"')
    return Wish(author=caller.name, if_match=etag, ask=ask_of(house), is_dry=is_dry)


def ask_of(house: House) -> Ask:
    """Asks its machine."""

    def ask_machine(request: Request) -> Answer | None:
        return ask(house.folder, REQUESTS, request, ANSWER_S)

    return ask_machine


def heal(house: House) -> None:
    """At the start: whoever was here before may have been killed in the middle of a change."""
    if house.site_file is None:
        return
    try:
        store_of(house).heal(ask_of(house))
    except (Refusal, OSError) as error:
        # Whoever changes the file next tries again.
        logger.error("the site's file and its revisions may differ: %s", error)
