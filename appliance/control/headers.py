"""What every answer tells a browser: what the page may load, and that nobody may frame, guess or keep it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")
FOR_MACHINES = "default-src 'none'; frame-ancestors 'none'"
# NiceGUI writes its pages with scripts in them, and Vue compiles its templates in the browser.
FOR_PAGES = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
# Two years.
ONLY_TLS = "max-age=63072000"


def is_for_machines(path: str) -> bool:
    """Whether it belongs to the API, and not to the pages of the panel."""
    return path.startswith(MACHINES)


class SecurityHeaders:
    """Puts them on every answer. There are none for other sites (CORS): no page but ours may read anything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _protect(MutableHeaders(scope=message), is_for_machines(scope["path"]), scope["scheme"] == "https")
            await send(message)

        return await self._app(scope, receive, answer)


def _protect(headers: MutableHeaders, is_for_machines: bool, is_encrypted: bool) -> None:
    headers.update(ALWAYS)
    headers["content-security-policy"] = FOR_MACHINES if is_for_machines else FOR_PAGES
    # Files of the panel say themselves how long they last.
    headers.setdefault("cache-control", "no-store")
    if is_encrypted:
        headers["strict-transport-security"] = ONLY_TLS
