"""What the site's file says, for pages that only look; a file that is faulty or missing is no reason to show nothing."""

from __future__ import annotations

from datetime import tzinfo

from appliance.config import SiteSettings
from appliance.configuration.store import ConfigurationStore
from appliance.control.house import House
from appliance.errors import Refusal
from appliance.publish.days import zone_of


def settings_of(house: House) -> SiteSettings | None:
    """As they are now; None where nobody can tell. Reads a file: not for the event loop."""
    if house.site_file is None:
        return None
    try:
        return ConfigurationStore(house.site_file, house.ledger.parent).read().settings
    except Refusal:
        return None


def zone_in(settings: SiteSettings | None) -> tzinfo | None:
    """The site's time zone; None, which is that of the computer, where it names none that there is."""
    try:
        return zone_of("" if settings is None else settings.time_zone)
    except Refusal:
        return None


def zone_name(settings: SiteSettings | None) -> str:
    """For people."""
    return settings.time_zone if settings is not None and settings.time_zone else "the computer's time zone"
