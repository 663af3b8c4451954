"""How everything is: one sentence, some figures, every camera and every process."""

from __future__ import annotations

from nicegui import Client, ui

from appliance.control.panel.board import Board
from appliance.control.panel.pulse import Pulse
from appliance.control.panel.sight import COLUMNS, Shown, Sight
from appliance.control.panel.visitor import Visitor


class Health:
    """The page; once it is built, only texts change."""

    def __init__(self) -> None:
        self._verdict = Verdict()
        self._facts = Facts()
        self._cameras = Board("Cameras", "Camera", COLUMNS["cameras"])
        self._processes = Board("Processes", "Process", COLUMNS["processes"])

    def show(self, sight: Sight) -> None:
        """Everything as it is now."""
        self._verdict.show(sight)
        self._facts.show(sight.facts)
        self._cameras.show(sight.cameras)
        self._processes.show(sight.processes)


class Verdict:
    """All is well, or what is not."""

    def __init__(self) -> None:
        with ui.element("section").classes("card verdict").props('aria-label="Verdict"'):
            self._dot = ui.element("span").classes("dot")
            with ui.element("div").props('role="status"'):
                self._sentence = ui.label().classes("sentence")
                self._reasons = [ui.label().classes("muted") for _ in range(5)]

    def show(self, sight: Sight) -> None:
        """What to say."""
        glance = sight.glance
        self._dot.classes(replace=f"dot {glance.state}")
        _say(self._sentence, glance.sentence)
        for number, label in enumerate(self._reasons):
            _say(label, glance.reasons[number] if number < len(glance.reasons) else "")


class Facts:
    """A few figures of the whole machine; as many as there have ever been."""

    def __init__(self) -> None:
        self._place = ui.element("dl").classes("facts")
        self._labels: dict[str, tuple[ui.label, ui.label]] = {}

    def show(self, facts: tuple[Shown, ...]) -> None:
        """What they are now."""
        for fact in facts:
            if fact["name"] not in self._labels:
                self._labels[fact["name"]] = self._added(fact["name"])
            value, more = self._labels[fact["name"]]
            _say(value, fact["value"])
            _say(more, fact["more"])

    def _added(self, name: str) -> tuple[ui.label, ui.label]:
        with self._place, ui.element("div").classes("card fact"):
            with ui.element("dt").classes("muted"):
                ui.label(name)
            with ui.element("dd"):
                return ui.label().classes("figure"), ui.label().classes("muted more")


def build(visitor: Visitor, client: Client, pulse: Pulse) -> None:
    """The page."""
    pulse.watch(client, visitor, Health().show)


def _say(label: ui.label, text: str) -> None:
    if label.text != text:
        label.text = text
