"""Where lines and zones are drawn: the picture, the form beside it, and what becomes of a draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from nicegui import ui

from appliance.access.roles import Permission
from appliance.control.door import Caller
from appliance.control.live.trial import Trial
from appliance.control.panel.editor import saving
from appliance.control.panel.editor.carrying_out import Refused, carry_out
from appliance.control.panel.editor.draft import Draft, Kind, draft_of, faults_of, fields_of, new_draft
from appliance.control.panel.editor.elements import Notice, button, words
from appliance.control.panel.editor.form import DraftForm, FormEvents
from appliance.control.panel.editor.line_editor import EditorEvents, LineEditor
from appliance.control.panel.editor.questions import may_delete, may_discard, wants_theirs
from appliance.control.panel.editor.saving import Done, Known
from appliance.control.panel.editor.trials import Trials
from appliance.control.panel.visitor import Visitor, notify
from appliance.counted import Point

HINTS: dict[Kind, str] = {
    "line": "Drag across the way, or click both ends. Enter puts one into the middle, Escape stops.",
    "zone": "Drag a rectangle, or click each corner and then the first one again. Enter finishes, Escape stops.",
}
EDITING = "Drag the points, or a small dot for one more corner. Arrow keys move a point, Delete removes it."


@dataclass(frozen=True, slots=True)
class StudioEvents:
    """Who hears of what becomes of the lines and zones."""

    listed: Callable[[], Any]
    """Fills the place beside the picture while nothing is edited."""
    changed: Callable[[], Any]
    """Another one is chosen, or another one is there."""


class Studio:
    """Of one visitor and one camera. A draft is lost by no refusal, and by nobody else's change."""

    def __init__(
        self, visitor: Visitor, known: Known, ratio: float | None, places: tuple[ui.element, ui.element], events: StudioEvents
    ) -> None:
        self.known, self.chosen = known, ""
        self.may_edit = visitor.may(Permission.LINES)
        self._visitor, self._ratio, self._events = visitor, ratio, events
        self._classes = tuple(sorted({name for counted in known.camera.counted for name in counted.classes}))
        self._draft: Draft | None = None
        self._begun: Draft | None = None
        """The draft as it was when it was opened."""
        self._form: DraftForm | None = None
        self._trials = Trials(visitor.house, self._tell_trial)
        self._view, self._side = places
        with self._view:
            self._tools = ui.element("div").classes("tools line")
            heard = EditorEvents(self.choose, self._drawn, self._reshaped, self._escape, self._drop, self._finish)
            picture, name = f"/api/v1/cameras/{known.camera.name}/stream?overlay=boxes,ids&fps=10", known.camera.name
            self._editor = LineEditor(picture, f"Camera {name}", heard, is_editable=self.may_edit, ratio=ratio)
            self._notice = Notice()

    @property
    def shapes(self) -> list[Draft]:
        """Everything that is counted at."""
        return [draft_of(counted) for counted in self.known.camera.counted]

    def adopt(self, known: Known) -> None:
        """What stands in the file now; whoever edits hears of a conflict when it is saved."""
        if known.camera == self.known.camera:
            self.known = known
        elif self._draft is None:
            self._take(known)

    async def choose(self, name: str) -> None:
        """A line or zone of this name; who may edit it gets it to edit."""
        shape = self._shape(name)
        if shape is not None and await self._may_leave():
            self.chosen = name
            self._events.changed()
            self._open(shape if self.may_edit else None)

    def show(self) -> None:
        """Everything, as it is now."""
        self._show_tools(None)
        self._editor.draw(None)
        self._editor.show(self.shapes, self.chosen)
        self._editor.edit(self._draft, is_moved=True)
        self._side.clear()
        self._form = None
        with self._side:
            if self._draft is None:
                self._events.listed()
            else:
                events = FormEvents(self._changed, self._save, self._discard, self._turn, lambda: self._remove(self._begun))
                self._form = DraftForm(self._draft, self._classes, self._ratio, events)

    def _show_tools(self, drawn: Kind | None) -> None:
        self._tools.clear()
        self._tools.set_visibility(self.may_edit)
        with self._tools:
            if drawn is not None:
                words(HINTS[drawn], "p", "hint muted")
                button("Stop drawing", self._escape, "quiet")
            elif self._draft is not None:
                words(EDITING, "p", "hint muted")
            else:
                button("Draw a line", lambda: self._begin("line"))
                button("Draw a zone", lambda: self._begin("zone"), "quiet")

    def _shape(self, name: str) -> Draft | None:
        return next((shape for shape in self.shapes if shape.name == name), None)

    def _take(self, known: Known) -> None:
        """Nothing is edited any more, and this is what there is."""
        self.known = known
        self.chosen = self.chosen if self._shape(self.chosen) else ""
        self._events.changed()
        self._open(None)

    def _open(self, draft: Draft | None) -> None:
        """Begin to edit; None: to look."""
        self._draft = self._begun = draft
        self._trials.stop()
        self.show()
        if draft is not None:
            self._become(draft)

    # What is done on the picture and in the form.

    def _begin(self, kind: Kind) -> None:
        self._show_tools(kind)
        self._editor.draw(kind)

    def _drawn(self, kind: Kind, points: tuple[Point, ...]) -> None:
        if self._draft is None:
            self._open(new_draft(kind, points, self.known.camera))

    def _reshaped(self, points: tuple[Point, ...]) -> None:
        if self._draft is not None and points != self._draft.points:
            self._become(replace(self._draft, points=points))

    def _changed(self, draft: Draft) -> None:
        """In the form, which knows nothing of the picture."""
        if self._draft is not None:
            self._become(replace(draft, points=self._draft.points))
            self._editor.edit(self._draft)

    def _turn(self) -> None:
        if self._draft is not None:
            self._become(self._draft.turned())
            self._editor.edit(self._draft, is_moved=True)

    def _become(self, draft: Draft) -> None:
        self._draft = draft
        if self._form is not None:
            self._form.update(draft)
            self._form.tell(faults_of(draft, self.known.camera))
            self._trials.begin(draft, self.known.camera)

    def _tell_trial(self, trial: Trial | str, classes: tuple[str, ...]) -> None:
        self._classes = tuple(sorted({*self._classes, *classes}))
        if self._form is not None:
            self._form.offer(self._classes)
            self._form.show_trial(trial)

    def _finish(self) -> None:
        if self._form is not None:
            self._form.focus()

    async def _escape(self) -> None:
        if self._draft is None:
            self.show()
        else:
            await self._discard()

    async def _discard(self) -> None:
        if await self._may_leave():
            self._open(None)

    async def _may_leave(self) -> bool:
        draft = self._draft
        if draft is None or (draft == self._begun and not draft.is_new):
            return True
        return await may_discard(self._view, draft)

    async def _drop(self, name: str) -> None:
        """Delete, on the picture; what is new is nowhere yet."""
        shape = self._shape(name)
        await (self._discard() if shape is None else self._remove(shape))

    # What is asked of the machine.

    async def _save(self) -> None:
        draft, form = self._draft, self._form
        if draft is None or form is None:
            return
        if faults := faults_of(draft, self.known.camera):
            form.tell(faults)
            return
        form.wait(is_waiting=True)
        done = await self._carry_out(lambda caller: saving.save(self._visitor.house, caller, self.known, draft))
        form.wait(is_waiting=False)
        if done is not None:
            is_renamed = draft.origin not in ("", draft.name)
            sentence = f"{draft.origin} is called {draft.name} now." if is_renamed else f"{draft.name} is saved."
            self.chosen = draft.name
            self._in_force(done, sentence, draft)

    async def _remove(self, shape: Draft | None) -> None:
        if shape is None or not self.may_edit or not await may_delete(self._view, shape):
            return
        done = await self._carry_out(lambda caller: saving.remove(self._visitor.house, caller, self.known, shape))
        if done is not None:
            self._in_force(done, f"{shape.origin} is deleted.", self._draft)

    async def _undo(self, done: Done) -> None:
        self._notice.clear()
        undone = await self._carry_out(lambda caller: saving.undo(self._visitor.house, caller, done))
        if undone is not None:
            self._notice.show("It is as it was before.")
            self.adopt(undone.known)

    def _in_force(self, done: Done, sentence: str, draft: Draft | None) -> None:
        """What is in force is known; a draft that was changed while it was saved stays open."""
        self._notice.show(sentence, "Undo", (lambda: self._undo(done)) if done.former is not None else None)
        if draft is None or self._draft is None or self._draft == draft:
            self._take(done.known)
        else:
            self._begun = replace(draft, origin=draft.name)
            self._show_behind(done.known, replace(self._draft, origin=draft.name))

    def _show_behind(self, known: Known, draft: Draft) -> None:
        """What there is, behind a draft that stays."""
        self.known = known
        self._events.changed()
        self._become(draft)
        self._editor.show(self.shapes, self.chosen)
        self._editor.edit(draft)

    async def _carry_out(self, change: Callable[[Caller], Done]) -> Done | None:
        """Do it; what is refused is told, and the draft is as it was."""
        came = await carry_out(self._visitor, change)
        if isinstance(came, Refused):
            self._refuse(came)
        elif isinstance(came, Known):
            await self._settle(came)
        else:
            return came
        return None

    def _refuse(self, refused: Refused) -> None:
        if self._form is None or self._draft is None:
            notify(refused.sentence)
        else:
            fields = fields_of(refused.faults, self._draft)
            self._form.tell(fields, "" if fields else refused.sentence)

    async def _settle(self, theirs: Known) -> None:
        """Somebody else was first."""
        if await wants_theirs(self._view) or self._draft is None:
            self._take(theirs)
            return
        names = {counted.name for counted in theirs.camera.counted}
        # What they have deleted or renamed is new when it is saved again.
        draft = self._draft if self._draft.origin in names else replace(self._draft, origin="")
        self._show_behind(theirs, draft)
