"""The page of counts: choose a time and what to compare, see it as a chart and as a table, take it home as a sheet."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from nicegui import run, ui

from appliance.access.roles import Permission
from appliance.clock import wall_ns
from appliance.control.panel import count_sheets
from appliance.control.panel.count_answers import Answer, Known, answer_to, known_of
from appliance.control.panel.count_controls import Controls
from appliance.control.panel.count_results import Results
from appliance.control.panel.count_view import CountView, view_of
from appliance.control.panel.count_view import query_of as words_of
from appliance.control.panel.parts.controls import use_style, words
from appliance.control.panel.visitor import Visitor, telling
from appliance.errors import Refusal

PATH = "/counts"
# A time that is not over yet is asked for again so often.
REFRESH_S = 30.0


def build(visitor: Visitor) -> None:
    """The page."""
    use_style()
    query = ui.context.client.request.query_params
    page = CountsPage(visitor, view_of({name: query.getlist(name) for name in query}))
    ui.timer(0.05, page.begin, once=True)
    ui.timer(REFRESH_S, page.refresh)


class CountsPage:
    """What is chosen, and what was found for it."""

    def __init__(self, visitor: Visitor, view: CountView) -> None:
        self._visitor, self._view = visitor, view
        self._known: Known | None = None
        self._answer: Answer | None = None
        self._asked = 0
        self._place = ui.element("div").classes("stack")
        with self._place:
            words("Reading what was counted …", kind="muted").props("role=status")

    async def begin(self) -> None:
        """Learn what there is to choose, then show what is chosen."""
        with telling():
            self._visitor.caller(Permission.COUNTS)
            self._known = await run.io_bound(known_of, self._visitor.house)
            if self._known is None:
                return
            self._place.clear()
            with self._place:
                self._controls = Controls(self._known, self._view, self.choose)
                self._results = Results(self.take_counts, self.take_crossings)
            await self.load()

    async def choose(self, view: CountView) -> None:
        """Another view; the address of the page names it from now on."""
        self._view = view
        ui.navigate.history.replace(f"{PATH}?{urlencode(words_of(view))}")
        await self.load()

    async def refresh(self) -> None:
        """Look again, where something may be different by now."""
        if self._answer is not None and self._answer.period.to_ns > wall_ns():
            await self.load()

    async def load(self) -> None:
        """Ask the ledger, and show what it says; of several questions under way only the last one counts."""
        if self._known is None:
            return
        self._asked += 1
        number = self._asked
        with telling():
            self._visitor.caller(Permission.COUNTS)
            self._results.is_working(True)
            try:
                answer = await run.io_bound(answer_to, self._visitor.house, self._known, self._view, wall_ns())
            except Refusal as refusal:
                if number == self._asked:
                    self._answer = None
                    self._results.show_problem(refusal.sentence)
                return
            finally:
                if number == self._asked:
                    self._results.is_working(False)
            if answer is not None and number == self._asked:
                self._answer = answer
                self._controls.fit(self._view, answer.period)
                self._results.show(answer, self._view)

    async def take_counts(self) -> None:
        """The sheet of what is shown."""
        if self._known is None:
            return
        view = replace(self._view, bucket=None if self._answer is None else self._answer.period.bucket)
        with telling():
            self._visitor.caller(Permission.COUNTS)
            sheet = await run.io_bound(count_sheets.shown_sheet, self._visitor.house, self._known, view, wall_ns())
            if sheet is not None:
                ui.download.content(sheet.content, sheet.name, "text/csv")

    async def take_crossings(self) -> None:
        """The sheet of every single crossing."""
        if self._known is None:
            return
        with telling():
            self._visitor.caller(Permission.COUNTS)
            sheet = await run.io_bound(count_sheets.crossings_sheet, self._visitor.house, self._known, self._view, wall_ns())
            if sheet is not None:
                ui.download.content(sheet.content, sheet.name, "text/csv")
