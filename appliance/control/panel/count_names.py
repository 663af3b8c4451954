"""What can be chosen on the counts page: all that was ever counted, and all that is counted at now; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.config import SiteSettings


@dataclass(frozen=True, slots=True)
class CountNames:
    """Sorted, each once."""

    cameras: tuple[str, ...]
    lines: tuple[str, ...]
    """And zones, which are counted at as lines are."""
    directions: tuple[str, ...]
    classes: tuple[str, ...]
    present: tuple[str, ...]
    """Cameras that are in the configuration now."""
    zones: tuple[tuple[str, str], ...]
    """Camera and name, of the configuration."""


def names_of(totals: Iterable[tuple[str, str, str, str, int]], settings: SiteSettings | None) -> CountNames:
    """From the totals of the ledger and, where it can be read, the site's file."""
    cameras: set[str] = set()
    lines: set[str] = set()
    directions: set[str] = set()
    classes: set[str] = set()
    for camera, line, direction, name, _ in totals:
        cameras.add(camera)
        lines.add(line)
        directions.add(direction)
        classes.add(name)
    here = () if settings is None else settings.cameras
    for one in here:
        cameras.add(one.name)
        for counted in one.counted:
            lines.add(counted.name)
            directions |= {counted.directions.forward, counted.directions.backward}
            classes |= set(counted.classes)
    return CountNames(
        cameras=tuple(sorted(cameras)),
        lines=tuple(sorted(lines)),
        directions=tuple(sorted(directions)),
        classes=tuple(sorted(classes)),
        present=tuple(one.name for one in here),
        zones=tuple((one.name, zone.name) for one in here for zone in one.zones),
    )
