"""Putting another model to work from the page of models: begin, look on, call off, go back, and what became of earlier ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import run, ui

from appliance.access.roles import Permission
from appliance.clock import wall_ns
from appliance.control.panel.model_view import figure_of
from appliance.control.panel.parts.controls import button, facts, notice, section, words
from appliance.control.panel.parts.dialogs import choices_below, dialog
from appliance.control.panel.swap_story import FORCED, STEPS, Stage, end_words, is_good, stages_of, title_of
from appliance.control.panel.visitor import Visitor, notify, telling
from appliance.control.panel.words import capital, moment
from appliance.control.routes.models import told
from appliance.messages.health import SwapHealth
from appliance.messages.questions import Activate, CallOff
from appliance.swap.journal import Step, ends_of, steps_in

ABOUT = (
    "It is proved in a process of its own, then beside the model that counts, and takes its place between two pictures. "
    "Where it does not keep what it promises, the other one is back by itself. No crossing is lost meanwhile."
)
MOST_SHOWN, MOST_STEPS = 10, 200
MARKS = {"done": "✓", "now": "…", "open": "·", "failed": "✕"}
SPOKEN = {"done": "done", "now": "under way", "open": "not yet", "failed": "failed"}


class SwapBoard:
    """The swap that is under way or was the last, and those before it."""

    def __init__(self, visitor: Visitor, changed: Callable[[], Awaitable[None]]) -> None:
        """``changed`` is called when another model may count."""
        self._visitor, self._house, self._changed = visitor, visitor.house, changed
        self._shown: tuple[SwapHealth | None, str] | None = None
        self._now = ui.element("div")
        self._before = ui.element("div")

    async def show(self) -> None:
        """What the machine says of it, as soon as it says something else."""
        health = self._house.health
        shown = (None, "") if health is None else (health.swap, health.model_name)
        if shown == self._shown:
            return
        # At its end the configuration names it.
        is_end = self._shown is not None and shown[0] is not None and shown[0].is_over
        self._shown = shown
        with telling():
            self._visitor.caller(Permission.LOOK)
            steps = await run.io_bound(steps_in, self._house.ledger.parent, MOST_STEPS)
            if steps is None:
                return
            self._show_now(shown[0], steps)
            self._show_before(ends_of(steps, MOST_SHOWN))
            if is_end:
                await self._changed()

    def offer(self, model: str) -> None:
        """A button that puts this model to work, for who may do that."""
        if self._visitor.may(Permission.MODELS):
            button("Put to work …", lambda: self._ask(model), "quiet small").props["aria-label"] = f"Put {model} to work"

    def offer_way_back(self) -> None:
        """A button that brings back the model before this one."""
        if self._visitor.may(Permission.MODELS):
            button("Back to the model before …", self._ask_back, "quiet small")

    def _ask(self, model: str) -> None:
        with dialog(f"Put {model} to work?") as made:
            words(ABOUT)
            with ui.element("label").classes("check"):
                force = ui.element("input").props("type=checkbox")
                words("Also where it does not see what the other one sees")
            wish = {"force": False}
            force.on("change", lambda event: wish.update(force=bool(event.args)), js_handler="(e) => emit(e.target.checked)")

            async def begin() -> None:
                made.close()
                await self._order(f"activate {model}", lambda name: Activate(model, name, wish["force"]))

            choices_below(made, "Put to work", begin)

    def _ask_back(self) -> None:
        with dialog("Back to the model that counted before?") as made:
            words(
                "It has proved itself already, so that it is loaded and takes its place at once; no crossing is lost meanwhile."
            )

            async def begin() -> None:
                made.close()
                await self._order("roll back", lambda name: Activate("", name))

            choices_below(made, "Go back", begin)

    async def _call_off(self) -> None:
        await self._order("call off", CallOff)

    async def _order(self, subject: str, question: Callable[[str], Activate | CallOff]) -> None:
        with telling():
            caller = self._visitor.caller(Permission.MODELS)
            answer = await run.io_bound(told, self._house, caller, subject, question(caller.name))
            if answer is not None:
                notify(answer.sentence, is_good=True)

    def _show_now(self, swap: SwapHealth | None, steps: list[Step]) -> None:
        self._now.clear()
        if swap is None:
            return
        good = [step.step for step in steps if step.swap == swap.number and step.step in (*STEPS, FORCED)]
        with self._now, section("Another model"):
            with notice("" if is_good(swap) else "careful"):
                words(capital(title_of(swap)), "strong")
                if swap.sentence:
                    words(capital(swap.sentence))
            with ui.element("ol").classes("stages"):
                for stage in stages_of(swap, good[-1] if good else ""):
                    _stage(stage)
            if swap.figures:
                facts([figure_of(name, value) for name, value in swap.figures.items()])
            if not swap.is_over and self._visitor.may(Permission.MODELS):
                with ui.element("div").classes("line"):
                    button("Call it off", self._call_off, "danger small")

    def _show_before(self, ends: list[Step]) -> None:
        self._before.clear()
        if not ends:
            return
        with self._before, section("Swaps"), ui.element("div").classes("data-table free"), ui.element("table"):
            with ui.element("thead"), ui.element("tr"):
                for name in ("When", "Model", "", "Who"):
                    words(name, "th").props("scope=col")
            with ui.element("tbody"):
                for end in ends:
                    with ui.element("tr"):
                        words(moment(end.time_ns, wall_ns(), self._house.zone), "td", "nowrap")
                        words(end.model, "th", "broad").props("scope=row")
                        words(end_words(end) + (f": {end.sentence}" if end.sentence else ""), "td", "broad")
                        words(end.author or "the machine", "td")


def _stage(stage: Stage) -> None:
    with ui.element("li").classes(f"stage {stage.state}"):
        words(MARKS[stage.state], kind="mark").props("aria-hidden=true")
        words(stage.text)
        words(SPOKEN[stage.state], kind="only-read")
