"""Who may do what over HTTP: a token in the ``Authorization`` header, a session's cookie, or nobody but this computer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection

from appliance.access.audit import Actor, Audit, Change
from appliance.access.guard import Guard, Pause
from appliance.access.moment import now
from appliance.access.roles import Permission, Role, allows
from appliance.access.sessions import Session, cookie, is_csrf
from appliance.access.tokens import Denial, Token
from appliance.clock import NS_PER_S, wall_ns
from appliance.control.origin import address_of, is_encrypted, is_here, is_same_origin
from appliance.errors import Refusal

LOG = logging.getLogger(__name__)
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="appliance"'}
WHY = {
    Denial.MISTYPED: "the token is mistyped: a letter of it is wrong or missing",
    Denial.UNKNOWN: "the token is not known here, or was revoked",
    Denial.EXPIRED: "the token has expired",
}
ONLY_LOOKS = (
    "as long as there are no tokens, this computer may look and nobody may change anything; the first one is made in the panel,"
    " or by 'appliance token create NAME --role admin'"
)
CSRF_HEADER = "x-csrf-token"
# These change nothing, so that they need no proof of the page that they come from.
HARMLESS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    role: Role
    address: str
    log: Audit
    token_id: str = ""
    """Empty for this computer itself."""
    session_id: str = field(default="", repr=False)
    """Empty where a token was shown."""

    @property
    def actor(self) -> Actor:
        """As the audit log has it."""
        return Actor(self.name, self.address)

    def audit(self, action: str, subject: str, after: object, now_ns: int) -> None:
        """Write down what was done. It is done, so that a log that cannot be written is no reason to say it was not."""
        try:
            self.log.add(self.actor, Change(action, subject, None, after), now_ns)
        except Refusal as refusal:
            LOG.error("'%s' of '%s' by %s from %s is not in the audit log: %s", action, subject, self.name, self.address, refusal)


class Door:
    """Of one application."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.handing_out = Lock()
        """Held by who makes the first token, or takes one away, so that neither happens twice at once."""

    def caller_of(self, connection: HTTPConnection) -> Caller:
        """Who asks; raises 401 where that is nobody, 403 for another site's page, 429 after too many wrong tokens."""
        if connection.scope["type"] == "websocket":
            # Browsers let every page open one.
            self.refuse_strangers(connection)
        address = address_of(connection)
        kind, _, text = connection.headers.get("authorization", "").partition(" ")
        if text:
            if kind.lower() != "bearer":
                raise HTTPException(401, f"a token is wanted as 'Authorization: Bearer …', found '{kind[:20]} …'", CHALLENGE)
            token = self.token_of(text.strip(), address)
            return Caller(token.name, token.role, address, self.guard.audit, token.id)
        session_id = cookie_of(connection)
        if session_id and (session := self.guard.check_session(session_id, wall_ns())) is not None:
            return self._visitor(connection, session_id, session)
        if self.is_unlocked_for(connection):
            # As long as there are no tokens, this computer may look.
            return Caller("this computer", Role.VIEWER, address, self.guard.audit)
        found = "a session that is over" if session_id else "none"
        raise HTTPException(401, f"a token is wanted as 'Authorization: Bearer …', or a session, found {found}", CHALLENGE)

    def refuse_unknown(self, connection: HTTPConnection) -> None:
        """Raise what ``caller_of`` does, but for pages of this site, which need not show yet that they mean a change."""
        session_id = cookie_of(connection)
        if not session_id or self.guard.check_session(session_id, wall_ns()) is None:
            self.caller_of(connection)

    def token_of(self, text: str, address: str) -> Token:
        """Whose token this is; raises 401 where it is nobody's, and 429 where too many wrong ones came from there."""
        answer = self.guard.check_token(text, address, now())
        if isinstance(answer, Pause):
            wait_s = -(-answer.wait_ns // NS_PER_S)
            raise HTTPException(
                429, f"too many wrong tokens came from there; try again in {wait_s} s", {"Retry-After": str(wait_s)}
            )
        if isinstance(answer, Denial):
            raise HTTPException(401, WHY[answer], CHALLENGE)
        return answer

    def still_in(self, caller: Caller) -> bool:
        """Whether who was let in would be let in again: for streams, which last longer than a session may. One look-up."""
        if caller.session_id:
            return self.guard.sessions.check(caller.session_id, wall_ns()) is not None
        if caller.token_id:
            return self.guard.tokens.is_good(caller.token_id, wall_ns())
        return not self.guard.tokens.listed()

    def is_unlocked_for(self, connection: HTTPConnection) -> bool:
        """Whether this computer asks itself, and nobody has made a token yet."""
        return is_here(connection) and not self.guard.tokens.listed()

    def refuse_strangers(self, connection: HTTPConnection) -> None:
        """Raise 403 where a browser asks from a page of another site."""
        if not is_same_origin(connection):
            origin, host = (connection.headers.get(name, "")[:100] for name in ("origin", "host"))
            raise HTTPException(403, f"a page of '{host}' is wanted, found one of '{origin}'")

    def _visitor(self, connection: HTTPConnection, session_id: str, session: Session) -> Caller:
        """Who is logged in. A browser sends the cookie by itself, so a change has to show that the page means it."""
        is_change = connection.scope["type"] == "http" and connection.scope["method"] not in HARMLESS
        if is_change and not is_csrf(session_id, connection.headers.get(CSRF_HEADER, "")):
            raise HTTPException(403, "a change by a page needs the header X-CSRF-Token with what /api/v1/session tells")
        token = session.token
        return Caller(token.name, token.role, address_of(connection), self.guard.audit, token.id, session_id)


def needs(permission: Permission) -> Callable[[HTTPConnection], Caller]:
    """A dependency of routes that want it."""

    def check(connection: HTTPConnection) -> Caller:
        caller = door_of(connection).caller_of(connection)
        if not allows(caller.role, permission):
            if not caller.token_id and not caller.session_id:
                raise HTTPException(403, ONLY_LOOKS)
            raise HTTPException(403, f"a {caller.role.value} may not do that: it needs '{permission.value}'")
        return caller

    return check


def door_of(connection: HTTPConnection) -> Door:
    """Of the application that is asked."""
    door: Door = connection.app.state.door
    return door


async def _asked(connection: HTTPConnection) -> Door:
    # Not a plain function: FastAPI would have it wait for a thread.
    return door_of(connection)


def cookie_name(connection: HTTPConnection) -> str:
    """What a session's cookie is called here."""
    return cookie((connection.scope.get("server") or ("", 0))[1] or 0, tls=is_encrypted(connection)).name


def cookie_of(connection: HTTPConnection) -> str:
    """The id of the session that is shown; empty where none is."""
    return connection.cookies.get(cookie_name(connection), "")


LOOK, COUNTS = Depends(needs(Permission.LOOK)), Depends(needs(Permission.COUNTS))
SEE = Annotated[Caller, LOOK]
EDIT_CAMERAS = Annotated[Caller, Depends(needs(Permission.CAMERAS))]
EDIT_LINES = Annotated[Caller, Depends(needs(Permission.LINES))]
EDIT_CONFIGURATION = Annotated[Caller, Depends(needs(Permission.CONFIGURATION))]
EDIT_TOKENS = Annotated[Caller, Depends(needs(Permission.TOKENS))]
AtDoor = Annotated[Door, Depends(_asked)]
