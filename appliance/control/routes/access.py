"""Who may come in: sessions of the panel, tokens, and the log of what was changed by whom."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from appliance.access.audit import Actor
from appliance.access.roles import Role
from appliance.access.sessions import is_csrf
from appliance.clock import NS_PER_MINUTE, wall_ns
from appliance.control.door import CSRF_HEADER, EDIT_TOKENS, AtDoor, cookie_name, cookie_of
from appliance.control.origin import address_of, is_at_home, is_encrypted, is_loopback
from appliance.control.problems import documented
from appliance.control.shown_access import (
    AuditPage,
    FirstToken,
    LogIn,
    NewTokenWanted,
    SessionShown,
    TokenMade,
    TokenShown,
    entry_of,
    made_of,
    session_of,
    token_of,
)

router = APIRouter(tags=["access"])
NS_PER_DAY = 24 * 60 * NS_PER_MINUTE
FIRST = "admin"
TokenId = Annotated[str, Path(description="As the list has it.", max_length=64)]


@router.post("/session", responses=documented(401, 403, 413, 422, 429, 503))
def log_in(door: AtDoor, request: Request, response: Response, wanted: LogIn) -> SessionShown:
    """Begin a session with a token; its cookie is for this browser alone, and what is under `csrf` for its pages."""
    # Nobody shall be logged in as somebody else by another site's page.
    door.refuse_strangers(request)
    token = door.token_of(wanted.token.strip(), address_of(request))
    begun = door.guard.sessions.begin(token, wall_ns())
    # HTTPOnly and for this site only, whatever the page wants.
    response.set_cookie(cookie_name(request), begun.id, secure=is_encrypted(request), httponly=True, samesite="strict")
    return session_of(begun.id, begun.session)


@router.get("/session", responses=documented(401, 503))
def who_is_logged_in(door: AtDoor, request: Request) -> SessionShown:
    """Whose session the cookie stands for."""
    session_id = cookie_of(request)
    session = door.guard.check_session(session_id, wall_ns())
    if session is None:
        raise HTTPException(401, "a session is wanted, found none that lasts; log in with a token")
    return session_of(session_id, session)


@router.delete("/session", status_code=204, response_class=Response, responses=documented(403, 503))
def log_out(door: AtDoor, request: Request) -> Response:
    """End the session, if there is one."""
    session_id = cookie_of(request)
    if door.guard.check_session(session_id, wall_ns()) is not None:
        if not is_csrf(session_id, request.headers.get(CSRF_HEADER, "")):
            raise HTTPException(403, "a change by a page needs the header X-CSRF-Token with what /api/v1/session tells")
        door.guard.sessions.end(session_id)
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(request), secure=is_encrypted(request), httponly=True, samesite="strict")
    return response


@router.post("/first-token", status_code=201, responses=documented(403, 409, 503))
def make_first_token(door: AtDoor, request: Request) -> FirstToken:
    """The first token of a new site, an administrator's: only this computer may have it, and only once."""
    door.refuse_strangers(request)
    if not (is_loopback(address_of(request)) and is_at_home(request)):
        raise HTTPException(403, "the first token is made at the machine itself: in its browser, or by 'appliance token create'")
    with door.handing_out:
        if door.guard.tokens.listed():
            raise HTTPException(409, "there are tokens already; an administrator makes more")
        actor = Actor("this computer", address_of(request))
        made = door.guard.tokens.create(FIRST, Role.ADMIN, actor, wall_ns())
    return FirstToken(name=made.token.name, role=made.token.role, token=made.text)


@router.get("/tokens", responses=documented(401, 403, 429, 503))
def list_tokens(door: AtDoor, caller: EDIT_TOKENS) -> list[TokenShown]:
    """All tokens by name, expired ones too; none with its secret."""
    del caller
    now_ns = wall_ns()
    return [token_of(token, now_ns) for token in door.guard.tokens.listed()]


@router.post("/tokens", status_code=201, responses=documented(401, 403, 409, 413, 422, 429, 503))
def make_token(door: AtDoor, caller: EDIT_TOKENS, wanted: NewTokenWanted) -> TokenMade:
    """A new token, shown this once. It takes no Idempotency-Key, because its answer is kept nowhere; a name is given once."""
    now_ns = wall_ns()
    expires_ns = None if wanted.days is None else now_ns + wanted.days * NS_PER_DAY
    return made_of(door.guard.tokens.create(wanted.name, wanted.role, caller.actor, now_ns, expires_ns), now_ns)


@router.delete(
    "/tokens/{token_id}", status_code=204, response_class=Response, responses=documented(401, 403, 404, 409, 422, 429, 503)
)
def revoke_token(door: AtDoor, caller: EDIT_TOKENS, token_id: TokenId) -> Response:
    """Take a token away, with every session that was begun with it; one's own, too.

    Only the last one of an administrator stays: without it nobody could make another from here.
    """
    now_ns = wall_ns()
    with door.handing_out:
        tokens = door.guard.tokens.listed()
        found = next((token for token in tokens if token.id == token_id), None)
        if found is None:
            raise HTTPException(404, f"there is no token with the id '{token_id}'")
        admins = [token.id for token in tokens if token.role is Role.ADMIN and not token.is_expired(now_ns)]
        if admins == [found.id]:
            raise HTTPException(409, "the last token of an administrator stays; 'appliance token revoke' at the machine takes it")
        # By its name: that is what is looked for first.
        door.guard.tokens.revoke(found.name, caller.actor, now_ns)
    return Response(status_code=204)


@router.get("/audit", responses=documented(401, 403, 422, 429, 503))
def read_audit_log(
    door: AtDoor,
    caller: EDIT_TOKENS,
    cursor: Annotated[int | None, Query(ge=1, le=2**62, description="What the last page gave.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditPage:
    """Who changed what, from where and when, the newest first."""
    del caller
    entries = door.guard.audit.entries(limit, cursor)
    return AuditPage(
        entries=[entry_of(entry) for entry in entries],
        cursor=entries[-1].sequence if len(entries) == limit else None,
    )
