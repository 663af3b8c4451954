"""What this machine is: facts that people are asked for when they ask for help."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone

from nicegui import run, ui

import appliance
from appliance.access.roles import Permission
from appliance.clock import NS_PER_S, wall_ns
from appliance.config import SiteSettings
from appliance.control.figures import ledger_bytes
from appliance.control.house import House
from appliance.control.panel.parts.controls import facts, section, words
from appliance.control.panel.site_view import settings_of, zone_in, zone_name
from appliance.control.panel.visitor import Visitor, telling
from appliance.control.panel.words import size


class About:
    """The facts, as soon as they are read."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._place = ui.element("div").classes("stack")
        ui.timer(0.05, self.begin, once=True)

    async def begin(self) -> None:
        """Read and show them."""
        with telling():
            self._visitor.caller(Permission.LOOK)
            found = await run.io_bound(facts_of, self._visitor.house)
            if found is None:
                return
            with self._place, section("This site"):
                facts(found)
            with self._place, section("For programs"), ui.element("p"):
                words("Everything that can be seen and done here can be had over HTTP, too: ")
                words("the description of the interface (OpenAPI)", "a").props('href="/api/v1/openapi.json"')


def facts_of(house: House) -> list[tuple[str, str]]:
    """Looks at files and at the disk."""
    settings = settings_of(house)
    disk = shutil.disk_usage(house.ledger.parent)
    return [
        ("Site", house.site),
        ("Version", appliance.__version__),
        ("Time zone", f"{zone_name(settings)}; it is {_now(settings)} there"),
        ("Data folder", str(house.ledger.parent)),
        ("Ledger", f"{size(ledger_bytes(house.ledger))}; {size(disk.free)} of the disk are free"),
        ("Kept for", _kept(settings)),
        ("The site's file", "none: this machine was started without one" if house.site_file is None else str(house.site_file)),
        ("Run", house.run),
    ]


def _now(settings: SiteSettings | None) -> str:
    now = datetime.fromtimestamp(wall_ns() // NS_PER_S, timezone.utc).astimezone(zone_in(settings))
    return f"{now:%H:%M} ({now:%Z}, UTC{now:%z})"


def _kept(settings: SiteSettings | None) -> str:
    if settings is None:
        return "not known: the site's file cannot be read"
    kept = settings.retention
    return f"{kept.days} days, {kept.most_mb} MB at most; sums by quarter of an hour for ten years"
