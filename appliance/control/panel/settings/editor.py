"""The site's file in an editor: checked while somebody types, shown as a difference before it is saved.

Somebody else may change the file meanwhile. Then nothing is saved until it is said what becomes of both, and neither is lost.
"""

from __future__ import annotations

from difflib import unified_diff

from nicegui import run, ui

from appliance.access.roles import Permission
from appliance.clock import wall_ns
from appliance.configuration.refusals import Faulty, MachineRefused, Stale
from appliance.control.panel.parts.controls import button, notice, words
from appliance.control.panel.parts.dialogs import choices_below, dialog
from appliance.control.panel.parts.difference import difference
from appliance.control.panel.settings.drafts import Checked, FileNow, checked, etag_now, file_now
from appliance.control.panel.settings.editor_field import HINT, EditorField
from appliance.control.panel.settings.verdict import Verdict
from appliance.control.panel.visitor import Visitor, notify, telling
from appliance.control.panel.words import capital, moment
from appliance.control.routes.configuration import store_of, told, wish_of
from appliance.control.shown_configuration import ChangeShown, text_for
from appliance.errors import Refusal

ABOUT = "Cameras, lines and zones may change while the machine runs; everything else needs a new start. Your comments stay."
PAUSE_S = 0.4
LOOK_S = 5.0


class Editor:
    """Of one page."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor, self._house = visitor, visitor.house
        self._may_edit = visitor.may(Permission.CONFIGURATION)
        self._base = FileNow("", "")
        self._mine_aside = ""
        self._checked = Checked()
        self._edits = 0
        self._is_saving = False
        self._told_etag = ""
        """Of somebody else's file, while it is said above that there is one."""
        with ui.element("div").classes("stack"):
            words(ABOUT, kind="muted")
            self._above = ui.element("div").classes("stack")
            self._field = EditorField(self._typed, is_read_only=not self._may_edit)
            self._verdict = Verdict(self._field.reveal)
            self._actions = ui.element("div").classes("actions")
        if self._may_edit:
            with self._actions:
                self._save = button("Review and save …", self.review)
                self._discard = button("Discard my changes", self.discard, "quiet")
            words(HINT, kind="muted")
            self._offer(False)
        ui.timer(0.05, self.begin, once=True)
        ui.timer(LOOK_S, self.look)

    async def begin(self) -> None:
        """Load the file."""
        with telling():
            self._visitor.caller(Permission.LOOK)
            found = await run.io_bound(file_now, self._house)
            if found is not None:
                self._load(found)

    async def look(self) -> None:
        """Notice what somebody else has done."""
        if not self._base.etag or self._told_etag or self._is_saving:
            return
        etag = await run.io_bound(etag_now, self._house)
        # What is being saved may be in the file already, and may have to leave it again.
        if not etag or etag == self._base.etag or self._is_saving:
            return
        with telling():
            self._visitor.caller(Permission.LOOK)
            found = await run.io_bound(file_now, self._house)
            if found is None or found.etag == self._base.etag:
                return
            if self._field.text == self._base.text:
                self._load(found)
                notify("somebody has changed the file; this is what it says now", is_good=True)
            else:
                self._tell_conflict(found)

    async def check(self, edit: int) -> None:
        """Tell what is wrong with the text, or what it would change; only the newest edit counts."""
        if edit != self._edits:
            return
        text = self._field.text
        with telling():
            found = await run.io_bound(checked, self._house, text)
            if found is not None and edit == self._edits:
                self._checked = found
                self._verdict.show(found, is_changed=text != self._base.text)
                self._field.mark(found.faults)
                self._offer(found.is_good and text != self._base.text)

    def review(self) -> None:
        """Show what would change, and save it only then."""
        text = self._field.text
        diff = "\n".join(unified_diff(self._base.text.splitlines(), text.splitlines(), "before", "after", lineterm=""))
        with dialog("Save these changes?", is_broad=True) as made:
            words(self._checked.summary)
            difference(diff)
            words("The running machine becomes what the file says, or nothing is saved.", kind="muted")

            async def save() -> None:
                made.close()
                await self.save(text)

            choices_below(made, "Save", save, way_out="Go on editing")

    async def save(self, text: str) -> None:
        """Save it for the state of the file that it was made from."""
        with telling():
            caller = self._visitor.caller(Permission.CONFIGURATION)
            wish = wish_of(self._house, caller, self._base.etag, False)
            self._offer(False)
            self._is_saving = True

            def put() -> ChangeShown:
                return told(caller, "config", store_of(self._house).put(text, wish))

            try:
                done = await run.io_bound(put)
            except Stale:
                found = await run.io_bound(file_now, self._house)
                if found is not None:
                    self._tell_conflict(found)
                return
            except Faulty as faulty:
                self._verdict.show(Checked(faults=faulty.faults), is_changed=True)
                return
            except MachineRefused as refused:
                self._offer(True)
                self._tell_refused(refused)
                return
            except Refusal:
                self._offer(True)
                raise
            finally:
                self._is_saving = False
            if done is not None:
                self._clear()
                now = await run.io_bound(file_now, self._house)
                self._settle(now or FileNow(text, done.etag))
                notify(f"saved as revision {done.revision}: {done.summary}", is_good=True)

    def discard(self) -> None:
        """Back to what is in the file; what was typed can be brought back."""
        self._mine_aside = self._field.text
        self._load(self._base)
        self._offer_mine()

    def _load(self, found: FileNow) -> None:
        """Show another text."""
        self._clear()
        self._field.text = text_for(self._visitor.role, found.text)
        self._settle(found)
        with self._above:
            if not self._may_edit:
                with notice():
                    words("You may read this. Changing it needs the token of an administrator.")
            if found.faults:
                with notice("bad"):
                    words("The file is faulty: somebody has edited it by hand.", "strong")
                    words("The machine goes on with what it said before. Mend it here, or roll back to a revision.")
        self._field.mark(found.faults)

    def _clear(self) -> None:
        """Nothing is said above any more."""
        self._above.clear()
        self._told_etag = ""

    def _settle(self, found: FileNow) -> None:
        """This is what edits are compared with from now on."""
        self._base, self._checked = found, Checked(faults=found.faults)
        self._edits += 1
        self._verdict.show(self._checked, is_changed=False)
        self._field.is_dirty = False
        self._offer(False)

    def _typed(self) -> None:
        self._edits += 1
        edit, is_changed = self._edits, self._field.text != self._base.text
        self._field.is_dirty = is_changed
        self._verdict.wait(is_changed)
        self._offer(False)
        self._discard.set_visibility(is_changed)
        ui.timer(PAUSE_S, lambda: self.check(edit), once=True)

    def _offer(self, can_save: bool) -> None:
        if self._may_edit:
            self._save.props["disabled"] = not can_save
            self._save.update()
            self._discard.set_visibility(self._field.text != self._base.text)

    def _tell_refused(self, refused: MachineRefused) -> None:
        self._clear()
        with self._above, notice("bad", is_urgent=True):
            words("Nothing is saved.", "strong")
            words(capital(refused.sentence))

    def _tell_conflict(self, found: FileNow) -> None:
        """The file is another one than the one that was edited."""
        if found.etag == self._told_etag:
            # Its buttons stay, as somebody may be about to press one.
            return
        self._clear()
        self._told_etag = found.etag
        with self._above, notice("careful", is_urgent=True):
            words(
                "Somebody has changed the file while you were editing it. Nothing of yours is saved yet, and nothing is lost.",
                "strong",
            )
            if found.newest is not None:
                who = found.newest.author or "somebody, by hand"
                when = moment(found.newest.time_ns, wall_ns(), self._house.zone)
                words(f"Revision {found.newest.number} by {who}, {when}: {found.newest.summary}")
            with ui.element("div").classes("line"):
                button("Load theirs", lambda: self._take_theirs(found), "small")
                button("Keep mine, and compare it with theirs", lambda: self._keep_mine(found), "quiet small")

    def _take_theirs(self, found: FileNow) -> None:
        self._mine_aside = self._field.text
        self._load(found)
        self._offer_mine()

    async def _keep_mine(self, found: FileNow) -> None:
        self._clear()
        self._base = found
        self._edits += 1
        await self.check(self._edits)
        if self._checked.is_good and self._field.text != self._base.text:
            self.review()

    def _offer_mine(self) -> None:
        """What was typed is there until something else takes its place."""

        def bring_back() -> None:
            self._clear()
            self._field.text = self._mine_aside
            self._typed()

        with self._above, notice():
            words("What you had typed is kept until you leave this page.")
            with ui.element("div").classes("line"):
                button("Bring mine back", bring_back, "quiet small")
