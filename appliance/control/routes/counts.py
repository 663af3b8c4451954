"""What was counted, and how much of the time somebody was looking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from appliance.clock import wall_ns
from appliance.control.door import COUNTS
from appliance.control.house import House
from appliance.control.inside import Inside
from appliance.control.problems import documented
from appliance.control.shown_counts import BucketShown, CrossingPage, CrossingShown, bucket_of, crossing_of
from appliance.errors import Refusal
from appliance.ledger.buckets import BucketLength
from appliance.ledger.choice import Attribute, Choice
from appliance.ledger.pages import Page
from appliance.ledger.queries import Queries, Span
from appliance.ledger.sheets import counts_csv, crossings_csv
from appliance.publish.days import zone_of

router = APIRouter(tags=["counts"], dependencies=[COUNTS])
CSV = "text/csv"
SHEET: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}
MOST_ON_A_PAGE = 1000

Names = Annotated[list[str], Query(description="Only of these; may be given several times.", max_length=100)]
Accept = Annotated[str, Header(description="text/csv for a sheet.")]
Zone = Annotated[str, Query(description="As in Europe/Berlin; that of the computer where left out.", max_length=64)]
Moment = Annotated[str, Query(description="As in 2026-11-21T13:00:00Z, or a day.", max_length=40)]


@router.get("/counts", responses={**documented(401, 403, 422, 429, 503), **SHEET}, response_model=list[BucketShown])
def counts(  # noqa: PLR0913  # one parameter per word of the query is how FastAPI reads it
    house: Inside,
    start: Annotated[Moment, Query(alias="from")],
    end: Annotated[Moment, Query(alias="to")],
    bucket: BucketLength = "hour",
    camera: Names = [],  # noqa: B006  # FastAPI copies it
    line: Names = [],  # noqa: B006
    direction: Names = [],  # noqa: B006
    class_name: Annotated[Names, Query(alias="class")] = [],  # noqa: B006
    group_by: Annotated[list[Attribute], Query(max_length=4)] = [],  # noqa: B006
    zone: Zone = "",
    accept: Accept = "",
) -> list[BucketShown] | Response:
    """How many crossed in each minute, hour or year, with how much of it was seen. A bucket that is empty is there, too."""
    where, choice = zone_of(zone), Choice(tuple(camera), tuple(line), tuple(direction), tuple(class_name))
    span, groups = Span(time_ns(start, where), time_ns(end, where), bucket, where), tuple(dict.fromkeys(group_by))
    with open_book(house) as book:
        found = book.counts(span, choice, groups, now_ns=wall_ns())
    if CSV in accept:
        return Response(b"".join(counts_csv(found, groups, where)), media_type=f"{CSV}; charset=utf-8")
    return [bucket_of(one, groups) for one in found]


@router.get("/crossings", responses={**documented(401, 403, 422, 429, 503), **SHEET}, response_model=CrossingPage)
def crossings(  # noqa: PLR0913
    house: Inside,
    cursor: Annotated[int | None, Query(ge=0, le=2**62, description="What the last page gave.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = 100,
    oldest_first: bool = False,
    camera: Names = [],  # noqa: B006
    line: Names = [],  # noqa: B006
    direction: Names = [],  # noqa: B006
    class_name: Annotated[Names, Query(alias="class")] = [],  # noqa: B006
    zone: Zone = "",
    accept: Accept = "",
) -> CrossingPage | Response:
    """Each crossing, page by page; what is counted meanwhile shifts no page."""
    where, choice = zone_of(zone), Choice(tuple(camera), tuple(line), tuple(direction), tuple(class_name))
    with open_book(house) as book:
        found = book.page(Page(limit, not oldest_first, cursor), choice)
    if CSV in accept:
        return Response(b"".join(crossings_csv(found, where)), media_type=f"{CSV}; charset=utf-8")
    shown: list[CrossingShown] = [crossing_of(one) for one in found]
    return CrossingPage(crossings=shown, cursor=found[-1].sequence if len(found) == limit else None)


@contextmanager
def open_book(house: House) -> Iterator[Queries]:
    """The ledger, for one request."""
    book = Queries(house.ledger)
    try:
        yield book
    finally:
        book.close()


def time_ns(text: str, zone: tzinfo | None) -> int:
    """A moment, wall clock; one without a zone is of the zone that was asked for."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace(" ", "+"))
        moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        return round(moment.timestamp() * 1000) * 1_000_000
    except (ValueError, OverflowError, OSError):
        raise Refusal(f"a time like 2026-11-21T13:00:00Z or 2026-11-21 is wanted, found '{text}'", usage=True) from None
