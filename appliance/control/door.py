"""Who may do what over HTTP: a token in the ``Authorization`` header, or nobody but this computer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from appliance.access.audit import Actor, Audit, Change
from appliance.access.guard import Guard, Pause
from appliance.access.moment import now
from appliance.access.roles import Permission, Role, allows
from appliance.access.tokens import Denial
from appliance.clock import NS_PER_S

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="appliance"'}
WHY = {
    Denial.MISTYPED: "the token is mistyped: a letter of it is wrong or missing",
    Denial.UNKNOWN: "the token is not known here, or was revoked",
    Denial.EXPIRED: "the token has expired",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    role: Role
    address: str
    log: Audit

    def audit(self, action: str, subject: str, after: object, now_ns: int) -> None:
        """Write down what was done."""
        self.log.add(Actor(self.name, self.address), Change(action, subject, None, after), now_ns)


class Door:
    """Of one application."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def caller_of(self, request: Request) -> Caller:
        """Who asks; raises 401 where that is nobody, and 429 where too many wrong tokens came from there."""
        address = "" if request.client is None else request.client.host
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if not text:
            if is_loopback(address) and is_at_home(request) and not self._guard.tokens.listed():
                # As long as there are no tokens, this computer may look.
                return Caller("this computer", Role.VIEWER, address, self._guard.audit)
            raise HTTPException(401, "a token is wanted as 'Authorization: Bearer …', found none", CHALLENGE)
        if kind.lower() != "bearer":
            raise HTTPException(401, f"a token is wanted as 'Authorization: Bearer …', found '{kind[:20]} …'", CHALLENGE)
        answer = self._guard.check_token(text.strip(), address, now())
        if isinstance(answer, Pause):
            wait_s = -(-answer.wait_ns // NS_PER_S)
            raise HTTPException(
                429, f"too many wrong tokens came from there; try again in {wait_s} s", {"Retry-After": str(wait_s)}
            )
        if isinstance(answer, Denial):
            raise HTTPException(401, WHY[answer], CHALLENGE)
        return Caller(answer.name, answer.role, address, self._guard.audit)


def needs(permission: Permission) -> Callable[[Request], Caller]:
    """A dependency of routes that want it."""

    def check(request: Request) -> Caller:
        door: Door = request.app.state.door
        caller = door.caller_of(request)
        if not allows(caller.role, permission):
            raise HTTPException(403, f"a {caller.role.value} may not do that: it needs '{permission.value}'")
        return caller

    return check


LOOK, COUNTS = Depends(needs(Permission.LOOK)), Depends(needs(Permission.COUNTS))
SEE = Annotated[Caller, LOOK]
EDIT_CAMERAS = Annotated[Caller, Depends(needs(Permission.CAMERAS))]
EDIT_LINES = Annotated[Caller, Depends(needs(Permission.LINES))]
EDIT_CONFIGURATION = Annotated[Caller, Depends(needs(Permission.CONFIGURATION))]


def is_loopback(address: str) -> bool:
    """Whether this is a computer's address of itself."""
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        return False


def is_at_home(request: Request) -> bool:
    """Whether the page that asks calls this computer by its own name: another's name that leads here is a trick."""
    return is_loopback(request.url.hostname or "")
