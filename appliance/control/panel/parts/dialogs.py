"""Dialogs: one heading, what it is about, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from appliance.control.panel.parts.controls import Act, button, words


@contextmanager
def dialog(title: str, *, is_broad: bool = False, is_kept: bool = False) -> Iterator[ui.dialog]:
    """Open one; what is made inside is in it. One that ``is_kept`` closes by its buttons alone."""
    made = ui.dialog().props("persistent" if is_kept else "")
    with made, ui.element("div").classes(f"q-card dialog {'broad' if is_broad else ''}") as card:
        card.props["aria-label"] = title
        words(title, "h2")
        yield made
    made.on("hide", made.delete)
    made.open()


def choices_below(made: ui.dialog, act_text: str, act: Act, *, is_danger: bool = False, way_out: str = "Cancel") -> None:
    """What can be done, and the way out."""
    with ui.element("div").classes("line"):
        button(act_text, act, "danger" if is_danger else "")
        button(way_out, made.close, "quiet")
