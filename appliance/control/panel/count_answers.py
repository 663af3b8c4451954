"""What the counts page asks the ledger. All of it waits for a disk, so none of it belongs on the event loop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo

from appliance.config import SiteSettings
from appliance.control.house import House
from appliance.control.panel.count_names import CountNames, names_of
from appliance.control.panel.count_table import CountTable, cameras_of, table_of, without_gone
from appliance.control.panel.count_view import CountView, Period, groups_of, period_of
from appliance.control.panel.site_view import settings_of, zone_in
from appliance.control.panel.zone_table import ZoneTable, zone_table_of
from appliance.errors import Refusal
from appliance.ledger.queries import Queries


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a site before anything is asked."""

    settings: SiteSettings | None
    names: CountNames
    zone: tzinfo | None
    totals: tuple[tuple[str, str, str, str, int], ...] = ()
    """All that was ever counted, as the ledger has it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a view: one of the two tables."""

    period: Period
    counts: CountTable | None = None
    zones: ZoneTable | None = None
    reaches_further: bool = False
    """Whether the first bucket begins before the time that was asked for."""


def known_of(house: House) -> Known:
    """Names from the ledger and from the site's file."""
    settings = settings_of(house)
    with reading(house) as book:
        totals = book.all_totals()
    return Known(settings, names_of(totals, settings), zone_in(settings), tuple(totals))


def answer_to(house: House, known: Known, view: CountView, now_ns: int) -> Answer:
    """What the ledger knows; raises ``Refusal`` for a time that is none."""
    period = period_of(view, now_ns, known.zone)
    span = period.span(known.zone)
    with reading(house) as book:
        if view.shown == "zones":
            rooms = book.occupancy(span, view.choice, now_ns=now_ns)
            places = list(rooms[0].zones) if rooms else []
            zones = zone_table_of(rooms, places, period.bucket, now_ns, known.zone)
            return Answer(period, zones=zones)
        buckets = book.counts(span, view.choice, groups_of(view.compare), now_ns=now_ns)
    if known.settings is not None:
        buckets = without_gone(buckets, known.names.present)
    whose = cameras_of(known.totals, view.compare)
    table = table_of(buckets, view.compare, period.bucket, now_ns, known.zone, whose)
    return Answer(period, counts=table, reaches_further=buckets[0].start_ns < period.from_ns)


@contextmanager
def reading(house: House) -> Iterator[Queries]:
    """The ledger, for one question; raises ``Refusal`` where it cannot be read."""
    book = Queries(house.ledger, house.in_force)
    try:
        yield book
    except sqlite3.Error as error:
        raise Refusal(f"the ledger cannot be read: {error}") from None
    finally:
        book.close()
