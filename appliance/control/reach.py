"""How far cameras may reach of who may change cameras, but not the whole configuration.

A launch line of GStreamer's is a program, and a login goes to whatever host stands beside it. So both stay what an administrator
has made of them, or what was typed in with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from appliance.access.roles import Permission, Role, allows
from appliance.configuration.changes import Change
from appliance.configuration.reading import Tree
from appliance.control.house import House
from appliance.decode.source import is_launch_line
from appliance.errors import Refusal

END_OF_HOST = re.compile(r"[/?#\\]")


class OutOfReach(Refusal):
    """Somebody else may do that."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a camera is reached."""

    source: str
    login: str = ""
    """Where it is kept."""

    @property
    def host(self) -> str:
        """Who hears the login: scheme, host and port as they are written, because not everybody reads addresses alike."""
        scheme, separator, rest = self.source.partition("://")
        return f"{scheme}://{END_OF_HOST.split(rest)[0]}" if separator else self.source


def within_reach(role: Role, change: Change, kept: str = "") -> Change:
    """The change, refused where it reaches further than the role may; ``kept`` is a login that its caller has just typed in."""
    if allows(role, Permission.CONFIGURATION):
        return change

    def checked(tree: Tree) -> None:
        before = ways_in(tree)
        change(tree)
        for way in ways_in(tree):
            if not kept or way.login != kept:
                refuse_reach(role, way, before)
            else:
                refuse_reach(role, Way(way.source), before)

    return checked


def refuse_reach(role: Role, wanted: Way, known: Iterable[Way]) -> None:
    """Raise ``OutOfReach`` where only an administrator may have a camera reached so; what is known already may stay."""
    if allows(role, Permission.CONFIGURATION):
        return
    known = tuple(known)
    if is_launch_line(wanted.source) and wanted.source not in {way.source for way in known}:
        raise OutOfReach("a launch line can run anything on this computer: an administrator has to set a source with 'gst:'")
    if not wanted.login:
        return
    hosts = {way.host for way in known if way.login == wanted.login}
    if not hosts:
        raise OutOfReach(
            "a login that is kept on this computer has to be named by an administrator;"
            " without one, leave 'login' out, or add the camera in the panel with its user and password"
        )
    if wanted.host not in hosts:
        raise OutOfReach(
            f"the login was kept for {' and '.join(sorted(hosts))} and would go to {wanted.host}: an administrator has to do"
            " that; or add the camera anew in the panel, with its user and password"
        )


def ways_in(tree: Tree) -> tuple[Way, ...]:
    """Of all cameras, whatever else they may be."""
    cameras: Any = tree.get("cameras")
    items = [item for item in cameras if isinstance(item, dict)] if isinstance(cameras, list) else []
    return tuple(Way(_text(item.get("source")), _text(item.get("login"))) for item in items)


def ways_of(house: House) -> tuple[Way, ...]:
    """Of the cameras that are in force."""
    return tuple(Way(camera.source, camera.login) for camera in house.cameras.values())


def _text(value: object) -> str:
    return "" if value is None else str(value)
