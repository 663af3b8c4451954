"""One camera: its picture, its lines and zones, and what they count."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from os import stat_result

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from appliance.clock import NS_PER_MINUTE, wall_ns
from appliance.control.panel.charts import bar_chart
from appliance.control.panel.crossing_list import Sides, crossing_list
from appliance.control.panel.editor import saving
from appliance.control.panel.editor.elements import words
from appliance.control.panel.editor.listing import Listing
from appliance.control.panel.editor.marks import marks_of
from appliance.control.panel.editor.saving import Known
from appliance.control.panel.editor.studio import Studio, StudioEvents
from appliance.control.panel.hours import Latest, bars_of_today, latest
from appliance.control.panel.theme import asset
from appliance.control.panel.visitor import Visitor
from appliance.errors import Refusal
from appliance.messages.health import CameraHealth

TICK_S = 1.0
WORDS = {"ok": "Running", "starting": "Starting", "degraded": "Running with trouble", "down": "Down"}


def build(visitor: Visitor, name: str) -> None:
    """The page."""
    for sheet in ("charts.css", "camera.css"):
        ui.add_head_html(f'<link rel="stylesheet" href="{asset(sheet)}">')
    try:
        known = saving.look(visitor.house, name)
    except Refusal as refusal:
        words(f"{refusal.sentence[:1].upper()}{refusal.sentence[1:]}.")
        words("All cameras", "a", "button quiet").props('href="/"')
        return
    CameraPage(visitor, known)


class CameraPage:
    """Of one visitor."""

    def __init__(self, visitor: Visitor, known: Known) -> None:
        self._house, self._name = visitor.house, known.camera.name
        self._latest, self._scores = Latest(), visitor.house.today.scores()
        self._shown: tuple[int, int, str] | None = None
        """What the chart is of; None: it has to be drawn again."""
        self._file: tuple[int, int, int] | None = self._file_state()
        with ui.element("div").classes("line"):
            self._dot = ui.element("span").classes("dot").props('aria-hidden="true"')
            self._state = words("", "span")
        self._listing = Listing(self._name, lambda name: self._studio.choose(name))
        with ui.element("div").classes("camera-page"):
            with ui.element("div").classes("column-of-cards"):
                view = ui.element("section").classes("card view stack").props('aria-label="Picture"')
                self._title, self._chart = _titled("hours", "Today, by hour")
            with ui.element("div").classes("column-of-cards"):
                side = ui.element("aside").classes("card side stack").props('aria-label="Lines and zones"')
                _, self._crossings = _titled("latest", "Latest crossings")
        self._studio = Studio(visitor, known, self._ratio(), (view, side), StudioEvents(self._list, self._draw_again))
        self._studio.show()
        self._show_state()
        ui.timer(TICK_S, self._tick)

    def _list(self) -> None:
        self._listing.build(self._studio.shapes, self._studio.chosen, self._ratio(), may_edit=self._studio.may_edit)
        self._listing.count(self._scores)

    def _draw_again(self) -> None:
        self._shown = None

    async def _tick(self) -> None:
        """Once a second; the ledger is asked for more than its newest crossings only where there is something new."""
        self._show_state()
        await self._follow_file()
        now_ns = wall_ns()
        self._scores = await asyncio.to_thread(self._house.today.scores)
        newest = await asyncio.to_thread(latest, self._house, self._name)
        if newest != self._latest or self._shown is None:
            known = self._latest.sequence or newest.sequence
            self._crossings.content = crossing_list(newest.crossings, self._sides(), self._house.zone, now_ns, known)
        self._latest = newest
        self._listing.count(self._scores)
        await self._show_hours(now_ns)

    async def _show_hours(self, now_ns: int) -> None:
        shapes = self._studio.shapes
        shape = next((shape for shape in shapes if shape.name == self._studio.chosen), shapes[0] if shapes else None)
        if shape is None:
            self._title.text, self._chart.content = "Today, by hour", '<p class="muted">There is no line or zone yet.</p>'
            return
        wanted = (self._latest.sequence, now_ns // NS_PER_MINUTE, shape.name)
        if wanted == self._shown:
            return
        self._shown = wanted
        directions = (shape.forward, shape.backward)
        bars = await asyncio.to_thread(bars_of_today, self._house, self._name, shape.name, directions, now_ns)
        self._title.text = f"Today at {shape.name}, by hour"
        self._chart.content = bar_chart(self._title.text, directions, bars)

    def _sides(self) -> Sides:
        return {
            (shape.name, direction): (side, mark)
            for shape in self._studio.shapes
            for side, (direction, mark) in enumerate(zip((shape.forward, shape.backward), marks_of(shape, self._ratio())))
        }

    async def _follow_file(self) -> None:
        """Somebody else may have changed the lines."""
        state = self._file_state()
        if state == self._file:
            return
        self._file = state
        # A file that is faulty for a moment is not in force.
        with suppress(Refusal):
            known = await asyncio.to_thread(saving.look, self._house, self._name)
            # What was saved on this page meanwhile is newer than what was read.
            if self._file_state() == state:
                self._studio.adopt(known)

    def _file_state(self) -> tuple[int, int, int] | None:
        try:
            found: stat_result | None = None if self._house.site_file is None else self._house.site_file.stat()
        except OSError:
            found = None
        return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)

    def _health(self) -> CameraHealth | None:
        cameras = () if self._house.health is None else self._house.health.cameras
        return next((camera for camera in cameras if camera.name == self._name), None)

    def _ratio(self) -> float | None:
        health = self._health()
        return None if health is None or health.source is None else health.source.width / max(1, health.source.height)

    def _show_state(self) -> None:
        health = self._health()
        if health is None or not self._house.is_heard:
            self._dot.classes(replace="dot")
            self._state.text = "Nothing is heard of this camera."
            return
        state, reason = health.condition.state, health.condition.reason
        self._dot.classes(replace=f"dot {state}")
        self._state.text = f"{WORDS.get(state, state)}{': ' if reason else ''}{reason}"


def _titled(name: str, title: str) -> tuple[TextElement, ui.html]:
    """A part of the page with a heading; what is wider or longer than its place can be scrolled to, by key too."""
    with ui.element("section").classes(f"card stack {name}").props(f'aria-labelledby="{name}-title"'):
        heading = words(title, "h2").props(f'id="{name}-title"')
        return heading, ui.html(sanitize=False)
