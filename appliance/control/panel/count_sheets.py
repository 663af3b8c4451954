"""Sheets that the counts page gives away: exactly what the ledger's own sheets hold, for what is chosen on the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo

from appliance.clock import NS_PER_S
from appliance.control.house import House
from appliance.control.panel.count_answers import Known, reading
from appliance.control.panel.count_view import CountView, Period, groups_of, period_of
from appliance.errors import Refusal
from appliance.ledger.pages import Page
from appliance.ledger.sheets import counts_csv, crossings_csv, occupancy_csv

# The sheet is made in memory: about 15 MB.
MOST_CROSSINGS = 100_000
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file to keep."""

    name: str
    content: bytes


def shown_sheet(house: House, known: Known, view: CountView, now_ns: int) -> Sheet:
    """Counts or zones by bucket, without what begins later than now."""
    period = period_of(view, now_ns, known.zone)
    span, what = period.span(known.zone), "zones" if view.shown == "zones" else "counts"
    with reading(house) as book:
        if view.shown == "zones":
            rooms = [room for room in book.occupancy(span, view.choice, now_ns=now_ns) if room.start_ns < now_ns]
            content = b"".join(occupancy_csv(rooms, known.zone))
        else:
            groups = groups_of(view.compare)
            buckets = [one for one in book.counts(span, view.choice, groups, now_ns=now_ns) if one.start_ns < now_ns]
            content = b"".join(counts_csv(buckets, groups, known.zone))
    return Sheet(_name(house, what, period, known.zone), content)


def crossings_sheet(house: House, known: Known, view: CountView, now_ns: int) -> Sheet:
    """Every crossing of the time, oldest first; refuses more than a sheet can hold."""
    period = period_of(view, now_ns, known.zone)
    parts, number, cursor = [b"".join(crossings_csv((), known.zone))], 0, None
    with reading(house) as book:
        while True:
            wanted = Page(PAGE, newest_first=False, cursor=cursor, from_ns=period.from_ns, to_ns=period.to_ns)
            some = book.page(wanted, view.choice)
            number += len(some)
            if number > MOST_CROSSINGS:
                raise Refusal(f"a sheet holds at most {MOST_CROSSINGS:,} crossings, and there are more; choose a shorter time")
            # Each page without the line of names.
            parts += list(crossings_csv(some, known.zone))[1:]
            if len(some) < PAGE:
                break
            cursor = some[-1].sequence
    return Sheet(_name(house, "crossings", period, known.zone), b"".join(parts))


def _name(house: House, what: str, period: Period, zone: tzinfo | None) -> str:
    """Tells the files in a folder apart; letters of a site's name do no harm there."""
    first, last = (
        datetime.fromtimestamp(time_ns // NS_PER_S, timezone.utc).astimezone(zone).date()
        for time_ns in (period.from_ns, period.to_ns - 1)
    )
    time = f"{first}" if first == last else f"{first}-to-{last}"
    return f"{house.site}-{what}-{time}.csv"
