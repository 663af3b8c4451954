"""What is asked of the ledger, from the words of a query."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Annotated

from fastapi import Depends, Header, Query

from appliance.clock import NS_PER_MS
from appliance.control.inside import Inside
from appliance.errors import Refusal
from appliance.ledger.buckets import EARLIEST_NS, LATEST_NS, SHORTEST_NS, BucketLength
from appliance.ledger.choice import Choice
from appliance.ledger.queries import Span
from appliance.publish.days import zone_of

# A week of minutes, a year of hours.
MOST_TOLD = 10_080
CSV = "text/csv"

# SQLite takes no more values at once than some thousands.
Names = Annotated[
    list[Annotated[str, Query(max_length=64)]], Query(description="Only of these; may be given several times.", max_length=100)
]
Accept = Annotated[str, Header(description="text/csv for a sheet.", examples=["application/json", CSV])]
Zone = Annotated[str, Query(description="As in Europe/Berlin; that of the site where left out.", max_length=64)]
Moment = Annotated[str, Query(description="As in 2026-11-21T13:00:00Z, or a day.", max_length=40, examples=["2026-11-21"])]


async def zone_asked(house: Inside, zone: Zone = "") -> tzinfo | None:
    """Whose days and hours are meant; None: those of the computer."""
    return zone_of(zone) if zone else house.zone


ZoneAsked = Annotated[tzinfo | None, Depends(zone_asked)]


async def choice_asked(
    camera: Names = [],  # noqa: B006  # FastAPI copies it
    line: Names = [],  # noqa: B006
    direction: Names = [],  # noqa: B006
    class_name: Annotated[Names, Query(alias="class")] = [],  # noqa: B006
) -> Choice:
    """Which crossings are meant."""
    return Choice(tuple(camera), tuple(line), tuple(direction), tuple(class_name))


async def zones_asked(
    camera: Names = [],  # noqa: B006
    zones: Annotated[Names, Query(alias="zone_name")] = [],  # noqa: B006
) -> Choice:
    """Which zones of the picture are meant."""
    return Choice(tuple(camera), tuple(zones))


async def span_asked(
    where: ZoneAsked,
    start: Annotated[Moment, Query(alias="from")],
    end: Annotated[Moment, Query(alias="to")],
    bucket: BucketLength = "hour",
) -> Span:
    """In which buckets of which time; refuses more of them than anybody reads."""
    span = Span(time_ns(start, where), time_ns(end, where), bucket, where)
    if (number := (span.to_ns - span.from_ns) // SHORTEST_NS[bucket]) > MOST_TOLD:
        raise Refusal(f"at most {MOST_TOLD} buckets are told at once, found {number} of one {bucket} each", usage=True)
    return span


async def time_asked(
    where: ZoneAsked,
    start: Annotated[Moment, Query(alias="from", description="Not before; from the beginning where left out.")] = "",
    end: Annotated[Moment, Query(alias="to", description="Before; until now where left out.")] = "",
) -> tuple[int, int]:
    """From when to when, wall clock."""
    return time_ns(start, where) if start else EARLIEST_NS, time_ns(end, where) if end else LATEST_NS


def time_ns(text: str, zone: tzinfo | None) -> int:
    """A moment, wall clock; one without a zone is of the zone that was asked for."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace(" ", "+"))
        moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        found_ns = round(moment.timestamp() * 1000) * NS_PER_MS
    except (ValueError, OverflowError, OSError):
        raise Refusal(f"a time like 2026-11-21T13:00:00Z or 2026-11-21 is wanted, found '{text}'", usage=True) from None
    if not EARLIEST_NS <= found_ns <= LATEST_NS:
        raise Refusal(f"a time from 1970 to 2200 is wanted, found '{text}'", usage=True)
    return found_ns


ChoiceAsked = Annotated[Choice, Depends(choice_asked)]
ZonesAsked = Annotated[Choice, Depends(zones_asked)]
SpanAsked = Annotated[Span, Depends(span_asked)]
TimeAsked = Annotated[tuple[int, int], Depends(time_asked)]
