"""What is to be said of an edited file: that it is fine and what it would change, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui

from appliance.control.panel.parts.controls import words
from appliance.control.panel.settings.drafts import Checked, place_of

MOST_SHOWN = 20


class Verdict:
    """Below the editor; read out when it changes."""

    def __init__(self, reveal: Callable[[int], None]) -> None:
        self._reveal = reveal
        self._place = ui.element("div").classes("stack").props("role=status")

    def wait(self, is_changed: bool) -> None:
        """It is being looked at; what was said stays until then, so that nothing jumps."""
        if not is_changed:
            self.show(Checked(), is_changed=False)

    def show(self, checked: Checked, *, is_changed: bool) -> None:
        """What was found."""
        self._place.clear()
        with self._place:
            if checked.faults:
                self._show_faults(checked)
            elif is_changed:
                with ui.element("div").classes("note-box good"):
                    words("This can be saved.", "strong")
                    words(f"It would change: {checked.summary}")

    def _show_faults(self, checked: Checked) -> None:
        number = len(checked.faults)
        with ui.element("div").classes("note-box bad"):
            words("This cannot be saved: one fault." if number == 1 else f"This cannot be saved: {number} faults.", "strong")
            with ui.element("ul").classes("faults"):
                for fault in checked.faults[:MOST_SHOWN]:
                    with ui.element("li"):
                        made = words(f"{place_of(fault)}: {fault.reason}", "button").props("type=button")
                        made.on("click", partial(self._reveal, max(1, fault.line)))
            if number > MOST_SHOWN:
                words(f"{number - MOST_SHOWN} more are not shown.", kind="muted")
