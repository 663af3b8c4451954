"""The page of models: what is live now, as the machine reports it, and what is in the store."""

from __future__ import annotations

from nicegui import run, ui

from appliance.access.roles import Permission
from appliance.control.panel.bring_model import offer_bringing
from appliance.control.panel.model_view import Models, Stored, figure_of, models_of
from appliance.control.panel.parts.controls import facts, figure, notice, section, use_style, words
from appliance.control.panel.swap_board import SwapBoard
from appliance.control.panel.visitor import Visitor, telling
from appliance.control.panel.words import milliseconds, size, state_word
from appliance.messages.health import ProcessHealth
from appliance.messages.orders import ModelInfo

DETECT = "detect"
REFRESH_S = 2.0
MOST_CLASSES = 24


def build(visitor: Visitor) -> None:
    """The page."""
    use_style()
    page = ModelsPage(visitor)
    ui.timer(0.05, page.begin, once=True)
    ui.timer(REFRESH_S, page.look)


class ModelsPage:
    """Files are read once; what the machine reports is shown as it comes."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._reported: tuple[object, ...] | None = None
        self._tallies = ui.element("section").classes("tallies").props('aria-label="Live now"')
        self._swaps = SwapBoard(visitor, self.begin)
        self._files = ui.element("div").classes("stack")
        self.show_reported()

    async def begin(self) -> None:
        """Read the files."""
        with telling():
            self._visitor.caller(Permission.LOOK)
            found = await run.io_bound(models_of, self._visitor.house)
            if found is None:
                return
            self._files.clear()
            with self._files:
                self._show_live(found)
                self._show_store(found.stored)

    async def look(self) -> None:
        """What is new."""
        self.show_reported()
        await self._swaps.show()

    def show_reported(self) -> None:
        """What the detector says of itself."""
        house = self._visitor.house
        health = house.health if house.is_heard else None
        process = None if health is None else next((one for one in health.processes if one.name == DETECT), None)
        model = None if health is None else health.model
        figures = () if process is None else figures_of(model, process)
        if figures != self._reported:
            self._reported = figures
            self._tallies.clear()
            with self._tallies:
                for name, value, note in figures or (("Detector", "Not heard", "nothing is heard of the machine"),):
                    figure(name, value, note, is_text=True)

    def _show_live(self, found: Models) -> None:
        with section("Live now"):
            if found.detector is None:
                words("The site's file cannot be read, so nobody can tell what it asks for.")
                return
            if found.problem:
                with notice("bad"):
                    words("The model that the configuration names is not there any more.", "strong")
                    words(found.problem)
            manifest = found.manifest
            named = [("Named in the configuration", found.detector.model), ("File", str(found.path or "none"))]
            if manifest is None:
                facts([*named, ("Manifest", "none: nothing more is known of it than what is in the file")])
            else:
                facts(
                    [("Name", f"{manifest.name}, version {manifest.version}"), *named, *_about(manifest.sha256, manifest.made_by)]
                )
            self._show_classes(found)
            with ui.element("div").classes("line"):
                self._swaps.offer_way_back()

    def _show_classes(self, found: Models) -> None:
        health = self._visitor.house.health
        told = health.model.names if health is not None and health.model is not None else ()
        names = told or (found.manifest.classes if found.manifest is not None else ())
        if not names:
            return
        words(f"It knows {len(names)} classes" if len(names) != 1 else "It knows one class", "h3")
        with ui.element("div").classes("line"):
            for name in names[:MOST_CLASSES]:
                words(name, kind="badge quiet")
        if len(names) > MOST_CLASSES:
            with ui.element("details").classes("unfold"):
                words(f"{len(names) - MOST_CLASSES} more", "summary")
                words(", ".join(names[MOST_CLASSES:]), "p")

    def _show_store(self, stored: tuple[Stored, ...]) -> None:
        with section("In the store"):
            with ui.element("div").classes("line"):
                offer_bringing(self._visitor, self.begin)
            if not stored:
                words("Nothing is in the store; the configuration names a file of its own.", kind="muted")
            with ui.element("div").classes("catalogue"):
                for one in stored:
                    _stored(one, self._swaps)


def figures_of(model: ModelInfo | None, process: ProcessHealth) -> tuple[tuple[str, str, str], ...]:
    """Name, value and note of what the machine reports."""
    state = (("Detector", state_word(process.condition.state), process.condition.reason),)
    if model is None:
        return (*state, ("Model", "Loading", "it is not at work yet"))
    rule = model.rule
    taken = f"{rule.fixed[1]} × {rule.fixed[0]}" if rule.fixed is not None else f"up to {rule.size_px}"
    note = "pixels, always" if rule.fixed is not None else "pixels on the longer side, as the camera's picture is shaped"
    latency = milliseconds(process.latency_p50_ns)
    times = (
        (("Time of a frame until it is done", latency, f"99 % within {milliseconds(process.latency_p99_ns)}"),) if latency else ()
    )
    memory = (("Memory", size(process.memory_bytes), "the most it has used"),) if process.memory_bytes else ()
    return (*state, ("Runs on", model.backend, ""), ("Input", taken, note), *times, *memory)


def _about(sha256: str, made_by: str) -> list[tuple[str, str]]:
    checked = f"{sha256}; the file has it" if sha256 else "not noted"
    return [("SHA-256", checked), *([("Made by", made_by)] if made_by else [])]


def _stored(one: Stored, swaps: SwapBoard) -> None:
    with ui.element("article").classes("stack stored"):
        if one.manifest is None:
            words(f"{one.folder.parent.name}, version {one.folder.name}", "h3")
            with notice("bad"):
                words(one.problem)
            return
        manifest = one.manifest
        with ui.element("div").classes("line"):
            words(f"{manifest.name}, version {manifest.version}", "h3")
            if one.is_wanted:
                words("named in the configuration", kind="badge")
        measured = [figure_of(name, value) for name, value in manifest.figures.items()]
        facts(
            [
                ("Classes", ", ".join(manifest.classes) or "as the file says"),
                ("Input", f"{manifest.input_px} px" if manifest.input_px else "as the file says"),
                *(measured or [("Measured", "nothing is noted")]),
                ("Licence", manifest.licence or "not noted"),
            ]
        )
        if not one.is_wanted:
            with ui.element("div").classes("line"):
                swaps.offer(manifest.label)
