"""What can be chosen on the counts page. Parts that have the focus stay as they are while the others follow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from nicegui import ui

from appliance.clock import NS_PER_MINUTE, wall_ns
from appliance.control.panel.count_answers import Known
from appliance.control.panel.count_view import (
    BUCKETS,
    COMPARED,
    RANGES,
    CountView,
    Period,
    choice_of,
    field_text,
)
from appliance.control.panel.parts.controls import checks, chooser, entry, segments, words
from appliance.control.panel.site_view import zone_name
from appliance.ledger.choice import Choice

CHARTS = {"bars": "Bars", "lines": "Lines"}
SHOWN = {"crossings": "Crossings", "zones": "Zones"}
KINDS = ("Cameras", "Lines and zones", "Directions", "Classes")
MOST_TOLD = 4


class Controls:
    """Of one page; ``choose`` is told of every other view."""

    def __init__(self, known: Known, view: CountView, choose: Callable[[CountView], Awaitable[None]]) -> None:
        self._known, self._view, self._choose = known, view, choose
        self._period: Period | None = None
        self._buckets: tuple[str, ...] = ()
        with ui.element("section").classes("card stack").props('aria-label="What is shown"'):
            with ui.element("div").classes("choices"):
                if known.names.zones or view.shown == "zones":
                    with field_of("Show"):
                        segments("Show", SHOWN, view.shown, self._pick_shown)
                with field_of(f"Time ({zone_name(known.settings)})"):
                    segments("Time", {str(name): text for name, text in RANGES.items()}, view.range, self._pick_range)
            self._custom = ui.element("div").classes("choices")
            with ui.element("div").classes("choices"):
                self._bucket_place = ui.element("div")
                self._compare_place = ui.element("div")
                with field_of("Chart"):
                    segments("Chart", CHARTS, view.chart, self._pick_chart)
            self._filters()
        self._show_custom()
        self._show_compared()

    def fit(self, view: CountView, period: Period) -> None:
        """What can be chosen for this time."""
        self._view, self._period = view, period
        state = (*period.buckets, period.bucket)
        if state != self._buckets:
            self._buckets = state
            self._bucket_place.clear()
            with self._bucket_place:
                chooser("By", {length: BUCKETS[length] for length in period.buckets}, period.bucket, self._pick_bucket)

    def _filters(self) -> None:
        names = self._known.names
        with ui.element("details").classes("unfold") as details:
            details.props["open"] = not self._view.choice.is_everything
            self._told = words(in_words(self._view.choice), "summary")
            with ui.element("div").classes("chosen-names"):
                options = (names.cameras, names.lines, names.directions, names.classes)
                for number, chosen in enumerate(choice_of(self._view.choice)):
                    checks(KINDS[number], options[number], chosen, partial(self._filter, number))

    def _show_custom(self) -> None:
        self._custom.clear()
        self._custom.set_visibility(self._view.range == "custom")
        if self._view.range == "custom":
            with self._custom:
                entry("From", self._view.start, lambda text: self._become(start=text, bucket=None), "datetime-local")
                entry("To", self._view.end, lambda text: self._become(end=text, bucket=None), "datetime-local")

    def _show_compared(self) -> None:
        self._compare_place.clear()
        if self._view.shown == "crossings":
            with self._compare_place:
                chooser("Compare", {str(name): text for name, text in COMPARED.items()}, self._view.compare, self._pick_compared)

    async def _pick_range(self, value: str) -> None:
        name = next(name for name in RANGES if name == value)
        start, end = self._view.start, self._view.end
        if name == "custom" and self._period is not None and not start:
            zone = self._known.zone
            start = field_text(self._period.from_ns, zone)
            end = field_text(min(self._period.to_ns, wall_ns() + NS_PER_MINUTE), zone)
        self._view = replace(self._view, range=name, bucket=None, start=start, end=end)
        self._show_custom()
        await self._choose(self._view)

    async def _pick_bucket(self, value: str) -> None:
        await self._become(bucket=next((length for length in BUCKETS if length == value), None))

    async def _pick_compared(self, value: str) -> None:
        await self._become(compare=next(name for name in COMPARED if name == value))

    async def _pick_chart(self, value: str) -> None:
        await self._become(chart="lines" if value == "lines" else "bars")

    async def _pick_shown(self, value: str) -> None:
        self._view = replace(self._view, shown="zones" if value == "zones" else "crossings")
        self._show_compared()
        await self._choose(self._view)

    async def _filter(self, number: int, picked: tuple[str, ...]) -> None:
        names = list(choice_of(self._view.choice))
        names[number] = picked
        choice = Choice(*names)
        self._told.set_text(in_words(choice))
        await self._become(choice=choice)

    async def _become(self, **changes: object) -> None:
        self._view = replace(self._view, **changes)  # type: ignore[arg-type]  # of fields of the view
        await self._choose(self._view)


def field_of(name: str) -> ui.element:
    """A group of buttons and what it is about; they have names of their own, so this one is for the eyes."""
    with ui.element("div").classes("field") as made:
        words(name, kind="name").props("aria-hidden=true")
    return made


def in_words(choice: Choice) -> str:
    """What is chosen, for who has closed the list."""
    if choice.is_everything:
        return "All cameras, lines, directions and classes"
    names = [name for part in choice_of(choice) for name in part]
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"Only {', '.join(names[:MOST_TOLD])}{more}"
