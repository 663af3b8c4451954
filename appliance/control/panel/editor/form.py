"""The form beside the picture: what cannot be drawn of a line or zone, what is wrong with it, and what it would have counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from appliance.control.live.trial import Trial
from appliance.control.panel.editor.draft import Draft, Field, Kind
from appliance.control.panel.editor.elements import button, words
from appliance.control.panel.editor.marks import marks_of
from appliance.control.panel.editor.trial_words import sums_of, time_of
from appliance.counted import Anchor

ANCHORS = {
    Anchor.CENTER.value: "The middle of an object",
    Anchor.BOTTOM_CENTER.value: "Where it stands on the ground",
    Anchor.TOP_CENTER.value: "Its top",
}


LABELS: dict[Kind, tuple[str, str]] = {
    "line": ("Along the blue arrow", "Along the orange arrow"),
    "zone": ("Into the zone", "Out of the zone"),
}


@dataclass(frozen=True, slots=True)
class FormEvents:
    """Who hears of what is done in the form."""

    changed: Callable[[Draft], Any]
    saved: Callable[[], Any]
    discarded: Callable[[], Any]
    turned: Callable[[], Any]
    removed: Callable[[], Any]


class DraftForm:
    """Of one draft, from when it is opened until it is closed."""

    def __init__(self, draft: Draft, classes: Sequence[str], ratio: float | None, events: FormEvents) -> None:
        self._draft, self._ratio, self._events = draft, ratio, events
        self._fields: dict[Field, Any] = {}
        self._marks: list[TextElement] = []
        form = ui.element("form").classes("form stack").props('novalidate aria-labelledby="form-title"')
        with form.on("submit.prevent", lambda: events.saved(), []):
            words(f"{'New' if draft.is_new else 'Edit'} {draft.kind}", "h2").props('id="form-title"')
            self._trial = ui.element("div").classes("trial").props('role="status"')
            self._name()
            self._sides()
            self._what(classes)
            self._trouble = words("", look="trouble").props('role="alert"')
            self._buttons()
        for field in self._fields.values():
            field.without_auto_validation()

    def update(self, draft: Draft) -> None:
        """It was changed on the picture."""
        self._draft = draft
        for label, mark in zip(self._marks, marks_of(draft, self._ratio)):
            label.text = mark

    def tell(self, faults: Mapping[Field, str], sentence: str = "") -> None:
        """What is wrong, each at its field, and what has no field."""
        for name, field in self._fields.items():
            field.error = faults.get(name)
        self._trouble.text = sentence or faults.get("points", "")

    def offer(self, classes: Sequence[str]) -> None:
        """What the model knows."""
        field = self._fields["classes"]
        known = [*classes, *(name for name in self._draft.classes if name not in classes)]
        if field.options != known:
            field.set_options(known)

    def wait(self, *, is_waiting: bool) -> None:
        """Nobody saves twice at once."""
        self._save.props("disabled") if is_waiting else self._save.props(remove="disabled")

    def focus(self) -> None:
        """Whoever has placed the corners by key comes to the button that saves."""
        ui.run_javascript(f"getHtmlElement({self._save.id}).focus()")

    def begin_trial(self) -> None:
        """What stands there is of before."""
        self._trial.classes("waits")

    def show_trial(self, trial: Trial | str) -> None:
        """What it would have counted, or why nobody knows."""
        if self._trial.is_deleted:
            return
        self._trial.clear()
        self._trial.classes(remove="waits")
        with self._trial:
            if isinstance(trial, str):
                words(trial, look="muted")
                return
            words(f"What it would have counted in the last {time_of(trial)}:", look="muted")
            with ui.element("ul").classes("sums"):
                for side, (direction, total, each) in enumerate(sums_of(trial, (self._draft.forward, self._draft.backward))):
                    with ui.element("li").classes(f"series-{side}"):
                        words(marks_of(self._draft, self._ratio)[side], "i", "way-mark").props('aria-hidden="true"')
                        words(f" {direction} ", "span")
                        words(str(total), "b")
                        words(f" {each}", "span", "muted")

    def _name(self) -> None:
        field = ui.input("Name", value=self._draft.name, on_change=lambda event: self._change(name=(event.value or "").strip()))
        self._fields["name"] = field.props("outlined maxlength=64 autocomplete=off")

    def _sides(self) -> None:
        for side, (name, word) in enumerate(zip(("forward", "backward"), LABELS[self._draft.kind])):
            field = ui.input(
                word,
                value=getattr(self._draft, name),
                on_change=lambda event, name=name: self._change(**{name: (event.value or "").strip()}),
            ).props("outlined maxlength=64 autocomplete=off")
            with field.add_slot("prepend"):
                mark = words(marks_of(self._draft, self._ratio)[side], "i", f"way-mark series-{side}")
                self._marks.append(mark.props('aria-hidden="true"'))
            self._fields["forward" if name == "forward" else "backward"] = field

    def _what(self, classes: Sequence[str]) -> None:
        known = [*classes, *(name for name in self._draft.classes if name not in classes)]
        self._fields["classes"] = ui.select(
            known,
            label="Counts",
            value=list(self._draft.classes),
            multiple=True,
            with_input=True,
            new_value_mode="add-unique",
            on_change=lambda event: self._change(classes=tuple(event.value or ())),
        ).props('outlined use-chips stack-label hint="Nothing chosen: everything"')
        self._fields["anchor"] = ui.select(
            ANCHORS, label="What has to cross", value=self._draft.anchor, on_change=lambda event: self._change(anchor=event.value)
        ).props("outlined")

    def _buttons(self) -> None:
        with ui.element("div").classes("line"):
            # Enter in a field does the same.
            self._save = words("Save", "button", "button").props('type="submit"')
            button("Discard", self._events.discarded, "quiet")
            if self._draft.kind == "line":
                button("Swap directions", self._events.turned, "quiet")
            if not self._draft.is_new:
                button("Delete", self._events.removed, "danger")

    def _change(self, **values: Any) -> None:
        self._draft = replace(self._draft, **values)
        self._events.changed(self._draft)
