"""A difference between two texts on a page: signs and colours; the lines are text, never markup."""

from __future__ import annotations

from nicegui import ui

from appliance.control.panel.diff_lines import MOST_LINES, diff_lines, in_short
from appliance.control.panel.parts.controls import words


def difference(diff: str) -> None:
    """A unified diff."""
    lines = diff_lines(diff)
    if not lines:
        words("No line is different.", kind="muted")
        return
    words(in_short(lines), kind="muted")
    region = ui.element("div").classes("diff").props('tabindex="0" role="region" aria-label="Difference"')
    with region, ui.element("div").classes("text"):
        for line in lines[:MOST_LINES]:
            with ui.element("div").classes(f"row-of {line.kind}"):
                words(line.sign)
                words(line.text)
    if len(lines) > MOST_LINES:
        words(f"{len(lines) - MOST_LINES} more lines are not shown.", kind="muted")
