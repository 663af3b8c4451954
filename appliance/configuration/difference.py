"""What is different between two configurations: one line for a list of revisions, and the lines of the files."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import unified_diff

from appliance.config import CameraSettings, SiteSettings
from appliance.counted import LineSettings, Settings, ZoneSettings

MOST_LETTERS = 300
Named = CameraSettings | LineSettings | ZoneSettings


def in_words(before: SiteSettings | None, now: SiteSettings) -> str:
    """One line that says which cameras, lines, zones and settings are others; ``before`` is None where it could not be read."""
    if before is None:
        return "takes the place of a file that was none"
    parts = [*_items("camera", before.cameras, now.cameras)]
    was = {camera.name: camera for camera in before.cameras}
    for camera in now.cameras:
        if camera.name in was and was[camera.name] != camera:
            parts.append(f"camera {camera.name}: {', '.join(_camera(was[camera.name], camera))}")
    parts += _settings(before, now, skip=("cameras",))
    line = "; ".join(parts) or "comments and layout only"
    return line if len(line) <= MOST_LETTERS else f"{line[: MOST_LETTERS - 1]}…"


def unified(before: str, now: str, before_name: str, now_name: str) -> str:
    """The lines that are different, with some around them."""
    lines = unified_diff(before.splitlines(), now.splitlines(), before_name, now_name, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _camera(before: CameraSettings, now: CameraSettings) -> list[str]:
    parts: list[str] = []
    for kind, old, new in (("line", before.lines, now.lines), ("zone", before.zones, now.zones)):
        parts += _items(kind, old, new)
        was = {item.name: item for item in old}
        parts += [f"{kind} {item.name} changed" for item in new if item.name in was and was[item.name] != item]
    return [*parts, *_settings(before, now, skip=("lines", "zones"))] or ["another order"]


def _items(kind: str, before: Iterable[Named], now: Iterable[Named]) -> list[str]:
    old, new = [item.name for item in before], [item.name for item in now]
    known, stays = set(old), set(new)
    come = [f"{kind} {name} new" for name in new if name not in known]
    go = [f"{kind} {name} gone" for name in old if name not in stays]
    is_moved = not come and not go and old != new
    return [*come, *go, *([f"{kind}s in another order"] if is_moved else [])]


def _settings(before: Settings, now: Settings, skip: tuple[str, ...] = (), prefix: str = "") -> list[str]:
    """The dotted names of the settings that are others."""
    parts: list[str] = []
    for name in type(now).model_fields:
        old, new = getattr(before, name), getattr(now, name)
        if name in skip or old == new:
            continue
        if isinstance(old, Settings) and isinstance(new, Settings):
            parts += _settings(old, new, prefix=f"{prefix}{name}.")
        else:
            parts.append(f"{prefix}{name}")
    return parts
