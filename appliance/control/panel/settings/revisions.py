"""The revisions of the site's file: who changed what and when, and back to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from nicegui import run, ui

from appliance.access.roles import Permission
from appliance.clock import wall_ns
from appliance.configuration.revisions import Revision
from appliance.configuration.store import Outcome, Wish
from appliance.control.house import House
from appliance.control.panel.parts.controls import button, words
from appliance.control.panel.parts.dialogs import choices_below, dialog
from appliance.control.panel.parts.difference import difference
from appliance.control.panel.visitor import Visitor, notify, telling
from appliance.control.panel.words import moment
from appliance.control.routes.configuration import ask_of, store_of, told, wish_of
from appliance.control.shown_configuration import ChangeShown, text_for

PAGE = 30


@dataclass(frozen=True, slots=True)
class WayBack:
    """What a roll-back would do, and for which state of the file that was found out."""

    outcome: Outcome
    etag: str


def listed(house: House, before: int | None) -> list[Revision]:
    """The newest first."""
    return store_of(house).history(PAGE, before)


def diff_of(house: House, number: int) -> str:
    """What one of them changed."""
    return store_of(house).revision(number).diff


def way_back(house: House, number: int) -> WayBack:
    """Only tell; nothing is changed."""
    store = store_of(house)
    etag = store.read().etag
    return WayBack(store.roll_back(number, Wish(if_match=etag, ask=ask_of(house), is_dry=True)), etag)


class Revisions:
    """The list; on each of them what it changed, and the way back."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor, self._house = visitor, visitor.house
        self._may_edit = visitor.may(Permission.CONFIGURATION)
        self._newest: int | None = None
        with ui.element("div").classes("stack"):
            words("Every change of the site's file is kept, whoever made it, and each can be taken back.", kind="muted")
            with ui.element("div").classes("data-table free"), ui.element("table").classes("revisions"):
                with ui.element("thead"), ui.element("tr"):
                    for name in ("Revision", "When", "Who", "What", ""):
                        words(name, "th").props("scope=col")
                self._body = ui.element("tbody")
            self._more = ui.element("div")
        ui.timer(0.05, self.begin, once=True)

    async def begin(self) -> None:
        """The newest ones."""
        self._body.clear()
        self._newest = None
        await self._load(None)

    async def _load(self, before: int | None) -> None:
        with telling():
            self._visitor.caller(Permission.LOOK)
            found = await run.io_bound(listed, self._house, before)
            if found is not None:
                self._add(found)

    def _add(self, found: Sequence[Revision]) -> None:
        if self._newest is None and found:
            self._newest = found[0].number
        with self._body:
            for one in found:
                self._row(one)
        self._more.clear()
        if len(found) == PAGE:
            with self._more:
                button("Older revisions", partial(self._load, found[-1].number), "quiet small")

    def _row(self, one: Revision) -> None:
        with ui.element("tr"):
            with ui.element("th").props("scope=row"):
                words(str(one.number))
                if one.number == self._newest:
                    words("in force", kind="badge")
            words(moment(one.time_ns, wall_ns(), self._house.zone), "td", "nowrap")
            words(one.author or "by hand", "td")
            words(one.summary, "td", "broad")
            with ui.element("td").classes("nowrap"):
                button("Show", partial(self._show, one), "quiet small").props["aria-label"] = f"Show revision {one.number}"

    async def _show(self, one: Revision) -> None:
        with telling():
            self._visitor.caller(Permission.LOOK)
            diff = await run.io_bound(diff_of, self._house, one.number)
            if diff is None:
                return
            with dialog(f"Revision {one.number}", is_broad=True) as made:
                who = one.author or "somebody, by hand"
                words(f"By {who}, {moment(one.time_ns, wall_ns(), self._house.zone)}: {one.summary}")
                difference(text_for(self._visitor.role, diff))
                with ui.element("div").classes("line"):
                    if self._may_edit and one.number != self._newest:
                        button("Roll back to this …", partial(self._ask, one, made))
                    button("Close", made.close, "quiet")

    async def _ask(self, one: Revision, before: ui.dialog) -> None:
        before.close()
        with telling(), self._more:
            self._visitor.caller(Permission.CONFIGURATION)
            back = await run.io_bound(way_back, self._house, one.number)
            if back is None:
                return
            with dialog(f"Roll back to revision {one.number}?", is_broad=True) as made:
                words(back.outcome.summary)
                difference(back.outcome.diff)
                words("This is a new revision, so it can be taken back, too.", kind="muted")

                async def roll_back() -> None:
                    made.close()
                    await self._roll_back(one.number, back.etag)

                choices_below(made, "Roll back", roll_back)

    async def _roll_back(self, number: int, etag: str) -> None:
        with telling():
            caller = self._visitor.caller(Permission.CONFIGURATION)
            wish = wish_of(self._house, caller, etag, False)

            def back() -> ChangeShown:
                return told(caller, f"revision {number}", store_of(self._house).roll_back(number, wish))

            done = await run.io_bound(back)
            if done is not None:
                notify(f"revision {done.revision}: {done.summary}", is_good=True)
                await self.begin()
