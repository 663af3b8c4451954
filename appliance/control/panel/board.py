"""The component: a table of parts of the machine, each with its state; on a phone a card for each."""

from __future__ import annotations

from nicegui.element import Element

from appliance.control.panel.sight import Shown


class Board(Element, component="static/board.js"):
    """Shows what it is told; the browser changes only the cells that differ."""

    def __init__(self, caption: str, first: str, columns: tuple[str, ...]) -> None:
        super().__init__()
        self._rows: tuple[Shown, ...] = ()
        self._props.update(caption=caption, first=first, columns=columns, rows=self._rows)

    def show(self, rows: tuple[Shown, ...]) -> None:
        """These parts, as they are now."""
        if rows != self._rows:
            self._props["rows"] = self._rows = rows
            self.update()
