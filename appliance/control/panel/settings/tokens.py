"""Tokens: who may come in, and as what. A new one is shown once; one that is revoked ends all that was begun with it."""

from __future__ import annotations

from functools import partial

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from appliance.access.roles import Permission, Role
from appliance.access.tokens import NewToken, Token
from appliance.clock import NS_PER_MINUTE, wall_ns
from appliance.control.panel.parts.controls import button, chooser, entry, notice, words
from appliance.control.panel.parts.dialogs import choices_below, dialog
from appliance.control.panel.visitor import Visitor, notify, telling
from appliance.control.panel.words import capital, moment
from appliance.errors import Refusal

NS_PER_DAY = 24 * 60 * NS_PER_MINUTE
ROLES = {
    Role.VIEWER.value: "Viewer: may look",
    Role.OPERATOR.value: "Operator: may also change cameras, lines and zones",
    Role.ADMIN.value: "Administrator: may do everything",
}
EXPIRIES = {"90": "In 90 days", "30": "In 30 days", "7": "In 7 days", "365": "In a year", "": "Never"}
# Browsers give the clipboard only to encrypted pages and to this computer's own; on others the text is marked instead.
COPY = """
() => {
  const text = document.getElementById("%s");
  const mark = () => { getSelection().selectAllChildren(text); return document.execCommand("copy"); };
  const done = (good) => emit(good);
  if (navigator.clipboard) navigator.clipboard.writeText(text.textContent).then(() => done(true), () => done(mark()));
  else done(mark());
}
"""


class Tokens:
    """The list of them."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor, self._guard = visitor, visitor.guard
        with ui.element("div").classes("stack"):
            with ui.element("div").classes("line"):
                words(
                    "Programs and people come in with tokens. They are kept as hashes, so nobody can read them again.",
                    kind="muted",
                )
                ui.element("span").classes("space")
                button("New token …", self._ask_new)
            with ui.element("div").classes("data-table free"), ui.element("table"):
                with ui.element("thead"), ui.element("tr"):
                    for name in ("Name", "Role", "Last used", "Expires", ""):
                        words(name, "th").props("scope=col")
                self._body = ui.element("tbody")
            self._dialogs = ui.element("div")
        self.show()

    def show(self) -> None:
        """All of them."""
        with telling():
            self._visitor.caller(Permission.TOKENS)
            self._body.clear()
            with self._body:
                for token in self._guard.tokens.listed():
                    self._row(token)

    def _row(self, token: Token) -> None:
        now_ns, zone = wall_ns(), self._visitor.house.zone
        with ui.element("tr"):
            with ui.element("th").props("scope=row"):
                words(token.name)
                if token.name == self._visitor.name:
                    words("yours", kind="badge")
            with ui.element("td"):
                words(token.role.value, kind="badge quiet")
            words(moment(token.last_used_ns, now_ns, zone) if token.last_used_ns else "never", "td", "nowrap")
            with ui.element("td").classes("nowrap"):
                if token.is_expired(now_ns):
                    words("expired", kind="badge bad")
                else:
                    words("never" if token.expires_ns is None else moment(token.expires_ns, now_ns, zone))
            with ui.element("td").classes("nowrap"):
                made = button("Revoke …", partial(self._ask_revoke, token), "quiet small")
                made.props["aria-label"] = f"Revoke {token.name}"

    def _ask_new(self) -> None:
        wanted = {"name": "", "role": Role.VIEWER.value, "days": "90"}
        with telling(), self._dialogs:
            self._visitor.caller(Permission.TOKENS)
            with dialog("New token", is_kept=True) as made, ui.element("div").classes("stack") as place:
                entry("Name: of a person or a program", "", partial(wanted.__setitem__, "name"))
                chooser("Role", ROLES, wanted["role"], partial(wanted.__setitem__, "role"))
                chooser("Expires", EXPIRIES, wanted["days"], partial(wanted.__setitem__, "days"))
                problem = words("", "div", "is-down").props("role=alert")
                choices_below(made, "Make it", lambda: self._make(wanted, made, place, problem))

    def _make(self, wanted: dict[str, str], made: ui.dialog, place: ui.element, problem: TextElement) -> None:
        with telling():
            caller, now_ns = self._visitor.caller(Permission.TOKENS), wall_ns()
            expires_ns = now_ns + int(wanted["days"]) * NS_PER_DAY if wanted["days"] else None
            try:
                new = self._guard.tokens.create(wanted["name"].strip(), Role(wanted["role"]), caller.actor, now_ns, expires_ns)
            except Refusal as refusal:
                problem.set_text(capital(refusal.sentence))
                return
            place.clear()
            with place:
                self._show_new(new, made, place)
            self.show()

    def _show_new(self, new: NewToken, made: ui.dialog, place: ui.element) -> None:
        with notice("good"):
            words(f"{new.token.name} is made. This is the only time that it is shown.", "strong")
            words("Copy it to where it is needed: a password manager, or the settings of a program.")
        text = words(new.text, "div", "secret code")
        text.props["id"] = f"secret-{new.token.id}"
        with ui.element("div").classes("line"):
            copy = words("Copy", "button", "button").props("type=button")
            said = words("").props("role=status")
            copy.on(
                "click",
                lambda event: said.set_text("Copied." if event.args else "It is marked: copy it by hand."),
                js_handler=COPY % text.props["id"],
            )

            def done() -> None:
                place.clear()
                made.close()

            button("Done", done, "quiet")

    def _ask_revoke(self, token: Token) -> None:
        is_own = token.name == self._visitor.name
        with telling(), self._dialogs:
            self._visitor.caller(Permission.TOKENS)
            with dialog(f"Revoke {token.name}?") as made:
                words("Whoever uses it is refused from now on, and everybody who is logged in with it is logged out. For good.")
                if is_own:
                    with notice("careful"):
                        words("It is yours: you will be logged out.")

                def revoke() -> None:
                    made.close()
                    self._revoke(token)

                choices_below(made, "Revoke", revoke, is_danger=True)

    def _revoke(self, token: Token) -> None:
        with telling():
            caller, now_ns = self._visitor.caller(Permission.TOKENS), wall_ns()
            admins = [one.id for one in self._guard.tokens.listed() if one.role is Role.ADMIN and not one.is_expired(now_ns)]
            if admins == [token.id]:
                raise Refusal("the last token of an administrator stays; 'appliance token revoke' at the machine takes it")
            self._guard.tokens.revoke(token.name, caller.actor, now_ns)
            notify(f"{token.name} is revoked", is_good=True)
            self.show()
