"""The site's file: what it says, what it said, and changing it. Every change is the machine's, too, or nobody's."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, HTTPException, Query, Response
from fastapi.responses import PlainTextResponse

from appliance.clock import wall_ns
from appliance.configuration.changes import Change, add_item, remove_value, replace_camera, replace_line, replace_zone
from appliance.configuration.schema import json_schema
from appliance.configuration.store import ConfigurationStore, Outcome, Wish
from appliance.control.door import EDIT_CAMERAS, EDIT_CONFIGURATION, EDIT_LINES, SEE, Caller
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.shown_configuration import ChangeShown, RevisionShown, revision_of
from appliance.ipc.requests import ask
from appliance.messages import Answer, Request

router = APIRouter(tags=["configuration"])
ANSWER_S = 10.0
REFUSALS = documented(401, 403, 404, 409, 412, 422, 428, 429, 503, 504)

IfMatch = Annotated[str, Header(description="The ETag of what is changed, so that nobody's change is lost; * takes it as it is.")]
DryRun = Annotated[bool, Query(description="Only tell what would change.")]
Item = Annotated[dict[str, Any], Body(description="As it stands in the file; see /config/schema.")]
Kind = Literal["lines", "zones"]


@router.get("/config", response_class=PlainTextResponse, responses=documented(401, 403, 429, 503))
def read(house: Inside, caller: SEE) -> Response:
    """The file with its comments; its ETag is wanted by every change."""
    del caller
    configuration = store_of(house).read()
    return PlainTextResponse(configuration.text, headers={"ETag": f'"{configuration.etag}"'}, media_type="application/yaml")


@router.put("/config", responses=REFUSALS)
def put(
    house: Inside,
    caller: EDIT_CONFIGURATION,
    text: Annotated[str, Body(media_type="application/yaml", max_length=1_000_000)],
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """Another file in its place."""
    return told(house, caller, "config", store_of(house).put(text, wish_of(house, caller, if_match, dry_run)))


@router.get("/config/schema", responses=documented(401, 403, 429))
def schema(caller: SEE) -> dict[str, Any]:
    """What may stand in the file, as JSON Schema."""
    del caller
    return json_schema()


@router.get("/config/revisions", responses=documented(401, 403, 429, 503))
def revisions(
    house: Inside,
    caller: SEE,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[RevisionShown]:
    """Who has changed what and when, the newest first."""
    del caller
    return [revision_of(one) for one in store_of(house).history(limit, before)]


@router.post("/config/revisions/{number}/rollback", responses=REFUSALS)
def roll_back(
    house: Inside, caller: EDIT_CONFIGURATION, number: int, if_match: IfMatch = "", dry_run: DryRun = False
) -> ChangeShown:
    """What a revision said holds again; this is a new revision."""
    return told(house, caller, f"revision {number}", store_of(house).roll_back(number, wish_of(house, caller, if_match, dry_run)))


@router.post("/cameras", status_code=201, responses=REFUSALS)
def add_camera(house: Inside, caller: EDIT_CAMERAS, item: Item, if_match: IfMatch = "", dry_run: DryRun = False) -> ChangeShown:
    """One more camera."""
    return changed(house, caller, add_item("cameras", item), f"camera {item.get('name')}", if_match, dry_run)


@router.put("/cameras/{camera}", responses=REFUSALS)
def put_camera(
    house: Inside, caller: EDIT_CAMERAS, camera: str, item: Item, if_match: IfMatch = "", dry_run: DryRun = False
) -> ChangeShown:
    """Another camera in the place of one."""
    return changed(house, caller, replace_camera(camera, item), f"camera {camera}", if_match, dry_run)


@router.delete("/cameras/{camera}", responses=REFUSALS)
def delete_camera(
    house: Inside, caller: EDIT_CAMERAS, camera: str, if_match: IfMatch = "", dry_run: DryRun = False
) -> ChangeShown:
    """A camera goes, with its lines and zones; what it has counted stays."""
    return changed(house, caller, remove_value(f"cameras.{camera}"), f"camera {camera}", if_match, dry_run)


@router.post("/cameras/{camera}/{kind}", status_code=201, responses=REFUSALS)
def add_counted(
    house: Inside, caller: EDIT_LINES, camera: str, kind: Kind, item: Item, if_match: IfMatch = "", dry_run: DryRun = False
) -> ChangeShown:
    """One more line or zone."""
    change = add_item(f"cameras.{camera}.{kind}", item)
    return changed(house, caller, change, f"{camera}/{item.get('name')}", if_match, dry_run)


@router.put("/cameras/{camera}/{kind}/{name}", responses=REFUSALS)
def put_counted(  # noqa: PLR0913  # one parameter per word of the request is how FastAPI reads it
    house: Inside,
    caller: EDIT_LINES,
    camera: str,
    kind: Kind,
    name: str,
    item: Item,
    if_match: IfMatch = "",
    dry_run: DryRun = False,
) -> ChangeShown:
    """Another line or zone in the place of one."""
    replace = replace_line if kind == "lines" else replace_zone
    return changed(house, caller, replace(camera, name, item), f"{camera}/{name}", if_match, dry_run)


@router.delete("/cameras/{camera}/{kind}/{name}", responses=REFUSALS)
def delete_counted(
    house: Inside, caller: EDIT_LINES, camera: str, kind: Kind, name: str, if_match: IfMatch = "", dry_run: DryRun = False
) -> ChangeShown:
    """A line or zone goes; what was counted there stays."""
    return changed(house, caller, remove_value(f"cameras.{camera}.{kind}.{name}"), f"{camera}/{name}", if_match, dry_run)


def changed(house: House, caller: Caller, change: Change, subject: str, if_match: str, dry_run: bool) -> ChangeShown:
    """Carry a change out."""
    return told(house, caller, subject, store_of(house).change(change, wish_of(house, caller, if_match, dry_run)))


def told(house: House, caller: Caller, subject: str, outcome: Outcome) -> ChangeShown:
    """What came of it; the audit log hears of it, too."""
    if outcome.revision is not None:
        caller.audit("change", subject, outcome.diff, wall_ns())
    del house
    return ChangeShown(
        summary=outcome.summary,
        diff=outcome.diff,
        etag=outcome.configuration.etag,
        revision=None if outcome.revision is None else outcome.revision.number,
    )


def store_of(house: House) -> ConfigurationStore:
    """The site's file; raises 503 for a machine that has none."""
    if house.site_file is None:
        raise HTTPException(503, "this machine was started without a file of its site")
    return ConfigurationStore(house.site_file, house.ledger.parent)


def wish_of(house: House, caller: Caller, if_match: str, is_dry: bool) -> Wish:
    """How the change is meant; raises 428 where it is not said for which state of the file."""
    if not if_match:
        raise HTTPException(428, "an If-Match header with the ETag of /config is wanted, or *, found none")

    def ask_machine(request: Request) -> Answer | None:
        return ask(house.folder, request, ANSWER_S)

    etag = None if if_match.strip() == "*" else if_match.strip().strip('"')
    return Wish(author=caller.name, if_match=etag, ask=ask_machine, is_dry=is_dry)
