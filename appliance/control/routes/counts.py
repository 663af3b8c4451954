"""What was counted, and how much of the time somebody was looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from appliance.clock import wall_ns
from appliance.control.asked import CSV, Accept, ChoiceAsked, SpanAsked, TimeAsked, ZoneAsked, ZonesAsked
from appliance.control.door import COUNTS
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.long_answers import Begun, begin
from appliance.control.memory import Told, memory_of
from appliance.control.problems import documented
from appliance.control.rooms import rooms_of
from appliance.control.shown_counts import (
    BucketShown,
    CrossingPage,
    CrossingShown,
    OccupancyShown,
    buckets_json,
    crossing_of,
    occupancy_json,
)
from appliance.ledger.choice import Attribute
from appliance.ledger.pages import Page
from appliance.ledger.queries import Queries
from appliance.ledger.sheets import counts_csv, crossings_csv, occupancy_csv

router = APIRouter(tags=["counts"], dependencies=[COUNTS])
MOST_ON_A_PAGE = 1000
# An answer, and whether it stays so.
Asked = tuple[Begun, bool]
JSON_TYPE, SHEET_TYPE = "application/json", f"{CSV}; charset=utf-8"
SHEET = "start,end,direction,number,covered_s\r\n2026-11-21T13:00:00+01:00,…"


def answers(example: str) -> dict[int | str, dict[str, Any]]:
    """JSON, or a sheet; and why there is neither."""
    sheet = {"content": {CSV: {"schema": {"type": "string"}, "example": example}}}
    return {**documented(401, 403, 422, 429, 503), 200: sheet}


@router.get("/counts", responses=answers(SHEET), response_model=list[BucketShown])
async def read_counts(
    house: Inside,
    request: Request,
    span: SpanAsked,
    choice: ChoiceAsked,
    group_by: Annotated[list[Attribute], Query(max_length=4)] = [],  # noqa: B006  # FastAPI copies it
    accept: Accept = "",
) -> Response:
    """How many crossed in each minute, hour or year, with how much of it was seen. A bucket that is empty is there, too."""
    groups, is_sheet = tuple(dict.fromkeys(group_by)), CSV in accept

    def ask() -> Asked:
        with open_book(house) as book:
            found = book.counts(span, choice, groups, now_ns=wall_ns())
        pieces = counts_csv(found, groups, span.zone) if is_sheet else buckets_json(found, groups)
        return begin(pieces), all(bucket.is_complete for bucket in found)

    return await told(request, ("counts", house.in_force, span, choice, groups, is_sheet), ask, is_sheet)


@router.get("/occupancy", responses=answers("start,end,camera,zone,mean,most,complete\r\n…"), response_model=list[OccupancyShown])
async def read_occupancy(house: Inside, request: Request, span: SpanAsked, choice: ZonesAsked, accept: Accept = "") -> Response:
    """How many were in each zone in each minute, hour or year: on average while it was seen, and the most at once."""
    is_sheet = CSV in accept

    def ask() -> Asked:
        with open_book(house) as book:
            found = book.occupancy(span, choice, now_ns=wall_ns())
        pieces = occupancy_csv(found, span.zone) if is_sheet else occupancy_json(found)
        return begin(pieces), all(bucket.is_complete for bucket in found)

    return await told(request, ("occupancy", span, choice, is_sheet), ask, is_sheet)


@router.get("/crossings", responses=answers("sequence,time,camera,line,direction,class,…"), response_model=CrossingPage)
async def list_crossings(  # noqa: PLR0913  # one parameter per word of the query is how FastAPI reads it
    house: Inside,
    request: Request,
    where: ZoneAsked,
    choice: ChoiceAsked,
    within_ns: TimeAsked,
    cursor: Annotated[int | None, Query(ge=0, le=2**62, description="What the last page gave.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = 100,
    oldest_first: bool = False,
    accept: Accept = "",
) -> Response:
    """Each crossing, page by page; what is counted meanwhile shifts no page."""
    page, is_sheet = Page(limit, not oldest_first, cursor, *within_ns), CSV in accept

    def ask() -> bytes:
        with open_book(house) as book:
            found = book.page(page, choice)
        if is_sheet:
            return b"".join(crossings_csv(found, where))
        shown: list[CrossingShown] = [crossing_of(one) for one in found]
        last = found[-1].sequence if len(found) == limit else None
        return CrossingPage(crossings=shown, cursor=last).model_dump_json(by_alias=True).encode()

    body = await rooms_of(request).counting.run(ask)
    return Response(body, media_type=SHEET_TYPE if is_sheet else JSON_TYPE)


async def told(request: Request, question: object, ask: Callable[[], Asked], is_sheet: bool) -> Response:
    """The answer, from memory where it can be no other one."""
    memory, rooms, media_type = memory_of(request), rooms_of(request), SHEET_TYPE if is_sheet else JSON_TYPE
    known = memory.recall(question)
    if known is None:
        begun, is_over = await rooms.counting.run(ask)
        if begun.rest is not None:
            return rooms.long.response(begun, media_type)
        known = Told(begun.body, is_over)
        memory.remember(question, known)
    return Response(known.body, media_type=media_type)


@contextmanager
def open_book(house: House) -> Iterator[Queries]:
    """The ledger, for one request."""
    book = Queries(house.ledger, house.in_force)
    try:
        yield book
    finally:
        book.close()
