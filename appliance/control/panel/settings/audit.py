"""The audit log: who did what, from where and when; the newest first, more when asked for."""

from __future__ import annotations

import json

from nicegui import ui

from appliance.access.audit import AuditEntry
from appliance.access.roles import Permission
from appliance.clock import wall_ns
from appliance.control.panel.parts.controls import button, words
from appliance.control.panel.parts.difference import difference
from appliance.control.panel.visitor import Visitor, telling
from appliance.control.panel.words import moment

PAGE = 50


class AuditLog:
    """The list."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        with ui.element("div").classes("stack"):
            words(
                "Whatever was changed here, over HTTP or with the command line. Passwords and tokens never get into it.",
                kind="muted",
            )
            with ui.element("div").classes("data-table free"), ui.element("table"):
                with ui.element("thead"), ui.element("tr"):
                    for name in ("When", "Who", "From", "What"):
                        words(name, "th", "broad").props("scope=col")
                self._body = ui.element("tbody")
            self._more = ui.element("div")
        self._load(None)

    def _load(self, before: int | None) -> None:
        with telling():
            self._visitor.caller(Permission.TOKENS)
            found = self._visitor.guard.audit.entries(PAGE, before)
            with self._body:
                for entry in found:
                    self._row(entry)
            self._more.clear()
            if len(found) == PAGE:
                with self._more:
                    button("Older entries", lambda: self._load(found[-1].sequence), "quiet small")

    def _row(self, entry: AuditEntry) -> None:
        with ui.element("tr"):
            words(moment(entry.time_ns, wall_ns(), self._visitor.house.zone), "th", "nowrap").props("scope=row")
            words(entry.actor.name, "td")
            words(entry.actor.address, "td", "nowrap")
            with ui.element("td").classes("broad"):
                change = entry.change
                if change.before is None and change.after is None:
                    words(f"{change.action}: {change.subject}")
                    return
                with ui.element("details").classes("unfold"):
                    words(f"{change.action}: {change.subject}", "summary")
                    for name, value in (("Before", change.before), ("After", change.after)):
                        _value(name, value)


def _value(name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, str) and value.startswith("--- "):
        difference(value)
        return
    words(name, kind="muted")
    words(json.dumps(value, ensure_ascii=False, indent=1), "pre", "code")
