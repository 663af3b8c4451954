"""Small parts of the camera's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement


def words(text: str, tag: str = "p", look: str = "") -> TextElement:
    """A text, never markup."""
    return TextElement(tag=tag, text=text).classes(look)


def button(text: str, done: Callable[[], Any], look: str = "") -> TextElement:
    """One in the panel's manner: ``quiet``, ``danger``, ``small``."""
    return words(text, "button", f"button {look}").props('type="button"').on("click", lambda: done(), [])


class Notice:
    """A sentence at the lower edge, with one thing that can be done about it; it goes by itself."""

    SHOWN_S = 20.0

    def __init__(self) -> None:
        self._place = ui.element("div").classes("notice-place").props('role="status"')
        self._number = 0

    def show(self, sentence: str, action: str = "", done: Callable[[], Any] | None = None) -> None:
        """In the place of what was there."""
        self.clear()
        with self._place, ui.element("div").classes("notice"):
            words(sentence, "span")
            if done is not None:
                button(action, done)
            button("Close", self.clear)
            mine = self._number
            ui.timer(self.SHOWN_S, lambda: self._fade(mine), once=True)

    def clear(self) -> None:
        """Away with it."""
        self._number += 1
        self._place.clear()

    def _fade(self, number: int) -> None:
        if number == self._number:
            self.clear()
