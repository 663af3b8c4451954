"""Days of people: also those on which the clocks change."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from appliance.clock import NS_PER_S
from appliance.errors import Refusal
from appliance.publish.days import midnight_ns, zone_of

HOUR_NS = 3600 * NS_PER_S


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()) * NS_PER_S


@pytest.mark.parametrize(
    ("zone", "moment", "midnight"),
    [
        pytest.param("UTC", "2026-11-21T13:00", "2026-11-21T00:00", id="the world's own"),
        pytest.param("Europe/Berlin", "2026-11-21T22:59", "2026-11-20T23:00", id="before midnight"),
        pytest.param("Europe/Berlin", "2026-11-21T23:00", "2026-11-21T23:00", id="at midnight"),
        pytest.param("Europe/Berlin", "2026-03-29T20:00", "2026-03-28T23:00", id="a day of 23 hours"),
        pytest.param("Europe/Berlin", "2026-03-29T22:00", "2026-03-29T22:00", id="and the day behind it"),
        pytest.param("Europe/Berlin", "2026-10-25T22:30", "2026-10-24T22:00", id="a day of 25 hours"),
        pytest.param("Asia/Kathmandu", "2026-11-21T18:15", "2026-11-21T18:15", id="a quarter of an hour beside the others"),
        pytest.param("America/Santiago", "2026-09-06T12:00", "2026-09-06T04:00", id="a midnight that is left out"),
    ],
)
def test_when_a_day_begins(zone: str, moment: str, midnight: str) -> None:
    assert midnight_ns(at(moment), zone_of(zone)) == at(midnight)


def test_what_is_no_time_zone_is_refused() -> None:
    with pytest.raises(Refusal, match="like Europe/Berlin is wanted, found 'Atlantis'"):
        zone_of("Atlantis")
    assert zone_of("") is None
