"""The first page: all cameras, their pictures, their state and what they have counted today."""

from __future__ import annotations

from nicegui import Client, ui

from appliance.access.roles import Permission
from appliance.control.panel.icons import icon
from appliance.control.panel.pulse import Pulse
from appliance.control.panel.sight import Sight
from appliance.control.panel.tiles import Tiles
from appliance.control.panel.visitor import Visitor, telling


class Live:
    """Tiles, or where there is no camera yet, how to add the first one."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._tiles = Tiles(())
        self._empty = _nothing_yet(visitor)
        self._empty.visible = self._tiles.visible = False

    def show(self, sight: Sight) -> None:
        """Everything as it is now."""
        is_empty = not self._visitor.house.cameras and not sight.tiles
        if self._empty.visible != is_empty:
            self._empty.visible = is_empty
        if self._tiles.visible == is_empty:
            self._tiles.visible = not is_empty
        self._tiles.show(sight.tiles)


def build(visitor: Visitor, client: Client, pulse: Pulse) -> None:
    """The page."""
    pulse.watch(client, visitor, Live(visitor).show)


def _nothing_yet(visitor: Visitor) -> ui.element:
    with ui.element("section").classes("card empty") as section:
        icon("live")
        with ui.element("h2"):
            ui.label("No camera yet")
        if visitor.may(Permission.CAMERAS):
            ui.label("Add the first one: its address is tried, and you see its picture before anything is saved.").classes(
                "muted"
            )
            ui.button("Add a camera", on_click=lambda: _add(visitor)).props("unelevated no-caps color=primary size=lg")
        else:
            ui.label("Who may change cameras can add one here; you may look.").classes("muted")
    return section


def _add(visitor: Visitor) -> None:
    with telling():
        visitor.caller(Permission.CAMERAS)
        # Only who adds a camera needs what tries one.
        from appliance.control.panel.add_camera import add_camera_dialog

        add_camera_dialog(visitor, lambda *_: ui.navigate.to("/"))
