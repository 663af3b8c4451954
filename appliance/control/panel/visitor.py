"""Who looks at a page: found by the session's cookie when the page is built, and asked again before anything is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from fastapi import HTTPException
from nicegui import Client, ui
from starlette.requests import HTTPConnection

from appliance.access.guard import Guard
from appliance.access.roles import Permission, Role, allows
from appliance.access.sessions import Session, csrf_of
from appliance.clock import wall_ns
from appliance.control.door import Caller, cookie_of
from appliance.control.house import House
from appliance.errors import Refusal

LOGIN = "/login"


class LoggedOut(Refusal):
    """The session is over."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Of one page; its methods are for the event loop, where NiceGUI calls all handlers and timers."""

    house: House
    guard: Guard
    name: str
    role: Role
    address: str
    path: str
    """Of the page, to come back to."""
    session_id: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """What the page sends along with every change over HTTP."""
        return csrf_of(self.session_id)

    def may(self, permission: Permission) -> bool:
        """Whether to offer it; ``caller`` decides."""
        return allows(self.role, permission)

    def caller(self, permission: Permission) -> Caller:
        """Who does it, as of now; raises ``LoggedOut``, and the page goes to the login, or ``Refusal`` for who may not."""
        session = self.guard.check_session(self.session_id, wall_ns())
        if session is None:
            # See ``static/panel.js``.
            ui.run_javascript(f"toLogin({json.dumps(login_path(self.path))})")
            raise LoggedOut("the session is over; log in again")
        if not allows(session.token.role, permission):
            raise Refusal(f"a {session.token.role.value} may not do that: it needs '{permission.value}'")
        token = session.token
        return Caller(token.name, token.role, self.address, self.guard.audit, token.id, self.session_id)


def session_of(connection: HTTPConnection, guard: Guard) -> tuple[str, Session] | None:
    """The session that a request belongs to, with its id; None for a stranger."""
    session_id = cookie_of(connection)
    session = guard.check_session(session_id, wall_ns())
    return None if session is None else (session_id, session)


def place_of(connection: HTTPConnection) -> str:
    """The page that is asked for, with what its address says beyond the path."""
    query = connection.url.query
    return f"{connection.url.path}?{query}" if query else connection.url.path


def login_path(back: str) -> str:
    """The login, and where to go from there."""
    return LOGIN if back in ("", "/", LOGIN) else f"{LOGIN}?from={quote(back, safe='/')}"


@contextmanager
def telling() -> Iterator[None]:
    """What is refused inside becomes a sentence on the page; for event handlers."""
    try:
        yield
    except LoggedOut:
        # The page is on its way to the login.
        pass
    except Refusal as refusal:
        notify(refusal.sentence)
    except HTTPException as error:
        notify(str(error.detail))


def notify(sentence: str, *, is_good: bool = False) -> None:
    """A sentence at the edge of the page, read out by screen readers; text, never markup."""
    sentence = sentence[:1].upper() + sentence[1:]
    ui.notify(
        sentence, type="positive" if is_good else "negative", position="top", multi_line=True, timeout=4000 if is_good else 8000
    )


def of_page(client: Client, house: House, guard: Guard) -> Visitor:
    """Who asked for this page; the gate has let only people with a session through."""
    request = client.request
    found = session_of(request, guard)
    if found is None:
        raise LoggedOut("the session is over; log in again")
    session_id, session = found
    return Visitor(house, guard, session.token.name, session.token.role, client.ip, place_of(request), session_id)
