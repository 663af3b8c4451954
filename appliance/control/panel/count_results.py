"""What was found: figures at a glance, the chart, the table, and the sheets to take home."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from appliance.control.panel.count_answers import Answer
from appliance.control.panel.count_content import counts_chart, counts_table, zones_chart, zones_table
from appliance.control.panel.count_table import CountTable
from appliance.control.panel.count_view import BUCKETS, CountView
from appliance.control.panel.parts.controls import button, figure, notice, words
from appliance.control.panel.parts.count_chart import ChartContent, CountChart
from appliance.control.panel.parts.data_table import DataTable, TableContent
from appliance.control.panel.zone_table import ZoneTable

Act = Callable[[], Awaitable[None]]
# More of them are told apart in the legend of the chart.
MOST_FIGURES = 3


class Results:
    """Of one page; the chart and the table stay the same ones, so that nobody loses his place in them."""

    def __init__(self, take_counts: Act, take_crossings: Act) -> None:
        self._notices = ui.element("div").classes("stack").props("aria-live=polite")
        self._figures = ui.element("section").classes("tallies").props('aria-label="At a glance"')
        self._chart_place = ui.element("section").classes("card").props('aria-label="Chart"')
        self._table_place = ui.element("section").classes("stack").props('aria-label="Table"')
        with self._table_place:
            with ui.element("div").classes("line"):
                words("Numbers", "h2")
                ui.element("span").classes("space")
                button("Download these (CSV)", take_counts, "quiet small")
                self._crossings_button = button("Download each crossing (CSV)", take_crossings, "quiet small")
            self._rows = ui.element("div")
        self._chart: CountChart | None = None
        self._table: DataTable | None = None
        self._hide()

    def is_working(self, working: bool) -> None:
        """Whether something else is being asked for; what is there stays, but paler."""
        for place in (self._figures, self._chart_place, self._rows):
            place.classes(add="is-working" if working else "", remove="" if working else "is-working")

    def show_problem(self, sentence: str) -> None:
        """Why there is nothing to show."""
        self._hide()
        self._notices.clear()
        with self._notices, notice("careful"):
            words(sentence)

    def show(self, answer: Answer, view: CountView) -> None:
        """What was found."""
        self._notices.clear()
        self._figures.clear()
        with self._notices:
            _tell(answer)
        if answer.counts is not None:
            with self._figures:
                _figures_of(answer.counts, answer)
            self._draw(counts_chart(answer.counts, view.chart, answer.period.bucket), counts_table(answer.counts))
        elif answer.zones is not None and answer.zones.names:
            with self._figures:
                _figures_of_zones(answer.zones)
            self._draw(zones_chart(answer.zones, view.chart), zones_table(answer.zones))
        else:
            self._hide()
        self._crossings_button.set_visibility(answer.counts is not None)

    def _draw(self, chart: ChartContent, table: TableContent) -> None:
        for place in (self._figures, self._chart_place, self._table_place):
            place.set_visibility(True)
        if self._chart is None or self._table is None:
            with self._chart_place:
                self._chart = CountChart(chart)
            with self._rows:
                self._table = DataTable(table)
            return
        self._chart.show(chart)
        self._table.show(table)

    def _hide(self) -> None:
        for place in (self._figures, self._chart_place, self._table_place):
            place.set_visibility(False)


def _tell(answer: Answer) -> None:
    """What somebody who reads the numbers has to know."""
    length = BUCKETS[answer.period.bucket].lower()
    if answer.zones is not None and not answer.zones.names:
        with notice():
            words("Nobody has been in any of these zones yet.", "strong")
            words("A zone is drawn on a camera's page; how full it is appears here as soon as somebody was in it.")
    if answer.counts is not None and not answer.counts.total:
        with notice():
            words("Nothing was counted in this time.", "strong")
            words(_why_nothing(answer.counts))
    if answer.counts is not None and not answer.counts.is_all_kept:
        with notice("careful"):
            words(
                "Of some of these minutes only sums are kept, so their numbers are too small. 15 minutes and more have them all."
            )
    if answer.reaches_further:
        with notice():
            words(f"Each {length} is shown whole, so the first one begins before the time that was chosen.")


def _why_nothing(table: CountTable) -> str:
    if table.seeing.sight == "none":
        return "No camera has seen it: this does not mean that nothing went by."
    if table.seeing.sight == "seen":
        return "The cameras were looking, and nothing went by."
    return "The cameras were looking for some of it only; the table tells when."


def _figures_of(table: CountTable, answer: Answer) -> None:
    figure("Crossings", f"{table.total:,}")
    if 1 < len(table.names) <= MOST_FIGURES:
        for name, total in zip(table.names, table.totals):
            share = f"{100 * total / table.total:.0f} %" if table.total else ""
            figure(name, f"{total:,}", share)
    busiest = table.busiest
    if busiest is not None and len(table.rows) > 1:
        figure(f"Busiest {BUCKETS[answer.period.bucket].lower()}", f"{busiest.total.number:,}", busiest.label)
    seen = table.seeing
    value = {"seen": seen.words, "low": f"{int(seen.share * 100)} %", "none": "0 %"}.get(seen.sight, "–")
    blind = sum(row.seeing.sight == "none" for row in table.rows)
    note = f"{blind} of {len(table.rows)} not seen" if blind else "" if seen.sight in ("seen", "low") else seen.words
    figure("Of the time seen", value, note)


def _figures_of_zones(table: ZoneTable) -> None:
    for number, name in list(enumerate(table.names))[:6]:
        figure(f"Most at once in {name}", str(table.most(number)))
