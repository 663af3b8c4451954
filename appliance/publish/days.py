"""Days of people: from midnight to midnight in a time zone, 23, 24 or 25 hours."""

from __future__ import annotations

from datetime import datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.clock import NS_PER_S
from appliance.errors import Refusal


def zone_of(name: str) -> tzinfo | None:
    """The time zone of this name; None, which is that of the computer, where nothing is named."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal(f"'time_zone': a name like Europe/Berlin is wanted, found '{name}'", usage=True) from None


def midnight_ns(time_ns: int, zone: tzinfo | None) -> int:
    """When the day of this time began; where the clocks are put forward at midnight, the first moment that there is."""
    day = datetime.fromtimestamp(time_ns // NS_PER_S, zone).date()
    midnight = datetime.combine(day, time(), zone)
    # Nobody's day: a moment that does not exist is taken as before the change, one that is there twice as the first.
    return round(midnight.timestamp()) * NS_PER_S
