"""The component: tiles of all cameras, with pictures of those that can be seen."""

from __future__ import annotations

from nicegui.element import Element

from appliance.control.panel.sight import Shown


class Tiles(Element, component="static/tiles.js", esm={"appliance-tiles": "static/modules"}):
    """Shows what it is told; only what changes is sent."""

    def __init__(self, cameras: tuple[Shown, ...]) -> None:
        super().__init__()
        self._cameras = cameras
        self._props["cameras"] = cameras

    def show(self, cameras: tuple[Shown, ...]) -> None:
        """These cameras, as they are now."""
        if cameras != self._cameras:
            self._props["cameras"] = self._cameras = cameras
            self.update()
