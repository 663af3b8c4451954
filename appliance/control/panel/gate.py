"""In front of NiceGUI: which paths are the panel's, and who gets there."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from appliance.access.guard import Guard
from appliance.control.origin import is_same_origin
from appliance.control.panel.visitor import login_path, place_of, session_of

# Of NiceGUI itself: its scripts and its socket.
INSIDE = "/_nicegui"
FORBIDDEN, UNAUTHORIZED, SEE_OTHER, POLICY_VIOLATION = 403, 401, 303, 1008


class Rooms(Mount):
    """NiceGUI at the root, for the panel's own paths alone: on all others the API answers, with its own errors."""

    def __init__(self, app: ASGIApp, paths: frozenset[str]) -> None:
        super().__init__("", app)
        self._paths = paths

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this is for the panel."""
        path = scope.get("path", "")
        first = "/" + path[1:].partition("/")[0]
        if first in self._paths or first.startswith(INSIDE):
            return super().matches(scope)
        return Match.NONE, {}


class Gate:
    """Lets through who is logged in; others get to the login, and never as far as NiceGUI."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        connection = HTTPConnection(scope)
        if session_of(connection, self._guard) is None:
            return await _turned_away(scope)(scope, receive, send)
        if scope["path"].startswith(f"{INSIDE}_ws") and not is_same_origin(connection):
            return await _refused(scope, FORBIDDEN)(scope, receive, send)
        return await self._app(scope, receive, send)


def _turned_away(scope: Scope) -> ASGIApp:
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not scope["path"].startswith(INSIDE):
        return RedirectResponse(login_path(place_of(HTTPConnection(scope))), SEE_OTHER, {"Cache-Control": "no-store"})
    return _refused(scope, UNAUTHORIZED)


def _refused(scope: Scope, status: int) -> ASGIApp:
    if scope["type"] == "websocket":
        return WebSocketClose(POLICY_VIOLATION)
    return PlainTextResponse("log in first\n", status)
