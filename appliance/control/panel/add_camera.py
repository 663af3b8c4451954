"""Adding a camera: where it is, a look through it, and from there to its page, where lines are drawn."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from nicegui import ui

from appliance.access.roles import Permission
from appliance.control.panel.new_camera import NAME, PASSWORD, SOURCE, USER, AtField, NewCamera, field_of, free_name
from appliance.control.panel.parts.controls import button, words
from appliance.control.panel.visitor import Visitor, telling
from appliance.control.panel.words import capital
from appliance.control.reach import Way, refuse_reach, ways_of
from appliance.decode.trial import Tried
from appliance.errors import Refusal
from appliance.login import taken_out

TITLE = "Add a camera"
HINT = "An rtsp:// or http:// address, the full path of a video on this computer, or the number of a webcam"
DISCRETION = (
    "Where the camera asks for them. They are kept in a file on this computer that nobody else may read, not in the site's file."
)
Done = Callable[[str], object]


def add_camera_dialog(visitor: Visitor, done: Done) -> None:
    """Open it; ``done`` gets the name of a camera that was added, when the dialog is closed."""
    AddCamera(visitor, done)


class AddCamera:
    """The dialog: first what is to be filled in, then, with the camera added, where to go from there."""

    def __init__(self, visitor: Visitor, done: Done) -> None:
        self._visitor, self._done = visitor, done
        self._looking: asyncio.Future[Tried] | None = None
        self._added = ""
        self._is_busy = False
        with ui.dialog(value=True) as self._dialog:
            self._dialog.props["aria-label"] = TITLE
            with ui.card().classes("stack").style("width: 560px") as self._card:
                words(TITLE, "h2")
                self._fields = self._ask()
                self._told = words("").props('role="status"').classes("muted")
                self._picture = ui.element("img").style("width: 100%; border-radius: 8px")
                self._picture.visible = False
                with ui.element("div").classes("line"):
                    self._test = button("Test", self._on_test)
                    self._add = button("Add", self._on_add, "quiet")
                    button("Cancel", self._dialog.close, "quiet")
        self._dialog.on("hide", self._leave)

    def _ask(self) -> dict[str, ui.input]:
        cameras = self._visitor.house.cameras
        fields = {
            SOURCE: _field("Address").props(f'autofocus inputmode=url hint="{HINT}"'),
            NAME: _field("Name", free_name(cameras)).props('hint="Letters, digits, - and _"'),
        }
        with ui.element("div").classes("line").style("align-items: flex-start"):
            fields[USER] = _field("User").style("flex: 1 1 160px")
            fields[PASSWORD] = _field("Password", is_secret=True).style("flex: 1 1 160px")
        words(DISCRETION, kind="muted").style("font-size: 14px")
        fields[SOURCE].on("blur", self._take_login_out)
        for field in fields.values():
            field.on_value_change(self._forget)
            field.on("keydown.enter", self._on_enter)
        return fields

    def _take_login_out(self) -> None:
        """A login that was pasted with the address goes where it belongs."""
        address, user, password = taken_out(self._fields[SOURCE].value.strip())
        if address != self._fields[SOURCE].value:
            self._fields[SOURCE].value = address
        if user:
            self._fields[USER].value, self._fields[PASSWORD].value = user, password

    def _entered(self) -> NewCamera:
        """As it stands there now; raises ``AtField``."""
        values = {name: field.value if name == PASSWORD else field.value.strip() for name, field in self._fields.items()}
        new = NewCamera(**values)
        new.settings()
        return new

    def _forget(self) -> None:
        """What was seen or said was of another camera."""
        self._accept()
        self._picture.visible = False
        self._told.text = ""
        self._emphasise(self._test)

    def _accept(self) -> None:
        for field in self._fields.values():
            field.error = None

    def _emphasise(self, what: ui.element) -> None:
        """The button that comes next."""
        for one in (self._test, self._add):
            one.classes(replace="button" if one is what else "button quiet")

    async def _on_enter(self) -> None:
        await (self._on_add() if self._picture.visible else self._on_test())

    async def _on_test(self) -> None:
        if self._is_busy:
            return
        with self._at_work("Looking through it …"):
            caller, house = self._visitor.caller(Permission.CAMERAS), self._visitor.house
            new = self._entered()
            try:
                refuse_reach(caller.role, Way(new.source), ways_of(house))
                self._looking = asyncio.ensure_future(house.looks.look(new.settings(), new.login))
                self._show(new, await self._looking)
            except Refusal as refusal:
                raise AtField(field_of(refusal.sentence), refusal.sentence) from None

    def _show(self, new: NewCamera, seen: Tried) -> None:
        self._picture.props["src"] = f"data:image/jpeg;base64,{base64.b64encode(seen.jpeg).decode()}"
        self._picture.props["alt"] = f"What {new.name} shows"
        self._picture.visible = True
        self._told.text = f"{seen.width} × {seen.height}, {seen.frames_per_second:.4g} pictures per second"
        self._emphasise(self._add)
        self._add.run_method("focus")

    async def _on_add(self) -> None:
        if self._is_busy:
            return
        with self._at_work("Adding it …"):
            caller = self._visitor.caller(Permission.CAMERAS)
            new = self._entered()
            await asyncio.to_thread(new.save, self._visitor.house, caller)
            self._added = new.name
            self._go_on(new.name)

    def _go_on(self, name: str) -> None:
        self._card.clear()
        with self._card:
            with ui.element("div").props('role="status"'):
                words(f"{name} is being watched", "h2")
            words("It counts as soon as there is a line on its picture.")
            with ui.element("div").classes("line"):
                draw = button("Draw a line", lambda: ui.navigate.to(f"/camera/{quote(name)}"))
                button("Later", self._dialog.close, "quiet")
        draw.run_method("focus")

    @contextmanager
    def _at_work(self, what: str) -> Iterator[None]:
        """Nothing else is done meanwhile; what is refused stands at its field."""
        self._take_login_out()
        self._accept()
        told, self._told.text = self._told.text, what
        self._lock(True)
        with telling():
            try:
                yield
            except AtField as fault:
                field = self._fields[fault.field]
                field.error = capital(fault.sentence)
                field.run_method("focus")
            finally:
                if self._told.text == what:
                    self._told.text = told
                self._lock(False)

    def _lock(self, is_locked: bool) -> None:
        self._is_busy = is_locked
        for one in (self._test, self._add) if not self._added else ():
            one.props["disabled"] = is_locked
            one.update()

    def _leave(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._dialog.delete()
        if self._added:
            self._done(self._added)


def _field(label: str, value: str = "", *, is_secret: bool = False) -> ui.input:
    field = ui.input(label, value=value, password=is_secret).props("outlined bottom-slots autocapitalize=off spellcheck=false")
    return field.props(f"autocomplete={'new-password' if is_secret else 'off'}").style("width: 100%")
