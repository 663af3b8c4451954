"""Lines and zones as a list, with what they have counted today."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from appliance.control.live.painting import Score
from appliance.control.panel.editor.draft import Draft
from appliance.control.panel.editor.elements import words
from appliance.control.panel.editor.marks import marks_of

EMPTY = "Nothing is counted here yet."
BEGIN = "Draw a line across the way that people or vehicles take; both directions are counted."


class Listing:
    """Filled where it is built, and again whenever the lines change."""

    def __init__(self, camera: str, choose: Callable[[str], Any]) -> None:
        self._camera, self._choose = camera, choose
        self._numbers: dict[tuple[str, str], TextElement] = {}

    def build(self, shapes: Sequence[Draft], chosen: str, ratio: float | None, *, may_edit: bool) -> None:
        """Here."""
        self._numbers = {}
        words("Lines and zones", "h2")
        if not shapes:
            words(f"{EMPTY} {BEGIN}" if may_edit else EMPTY, look="muted")
        with ui.element("ul").classes("lines"):
            for shape in shapes:
                with ui.element("li"):
                    self._one(shape, marks_of(shape, ratio), is_chosen=shape.name == chosen)

    def count(self, scores: Mapping[tuple[str, str], Score]) -> None:
        """What each has counted since midnight."""
        for (name, direction), label in self._numbers.items():
            score = scores.get((self._camera, name))
            label.text = f"{0 if score is None else score.counts.get(direction, 0):,}"

    def _one(self, shape: Draft, marks: tuple[str, str], *, is_chosen: bool) -> None:
        pressed = "true" if is_chosen else "false"
        with ui.element("button").props(f'type="button" aria-pressed="{pressed}"').classes("one-line") as element:
            words(shape.name, "span", "name")
            words(f"{shape.kind}, today", "span", "muted")
            with ui.element("span").classes("sides"):
                for side, direction in enumerate((shape.forward, shape.backward)):
                    with ui.element("span"):
                        words(f"{marks[side]} ", "i", f"way-mark series-{side}").props('aria-hidden="true"')
                        words(f"{direction} ", "span")
                        self._numbers[shape.name, direction] = words("0", "b")
        element.on("click", lambda: self._choose(shape.name), [])
