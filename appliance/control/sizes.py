"""How much a request may be: its address, its head and its body. The body is counted as it comes, whatever its head promises."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.control.problems import problem

MOST_ADDRESS_BYTES = 8192
MOST_HEAD_BYTES = 16_384
MOST_BODY_BYTES = 1_000_000
# Pictures, and what the panel's pages hand over.
LARGER_BODIES = {"/api/v1/infer": 20_000_000, "/_nicegui/client/": 20_000_000}


def most_body_bytes(path: str) -> int:
    """What may be sent there."""
    return next((most for place, most in LARGER_BODIES.items() if path.startswith(place)), MOST_BODY_BYTES)


class Sizes:
    """Refuses what is too much before anybody reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one WebSocket's first."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        address_bytes = len(scope["raw_path"]) + len(scope["query_string"])
        if address_bytes > MOST_ADDRESS_BYTES:
            sentence = f"an address of at most {MOST_ADDRESS_BYTES} bytes is wanted, found {address_bytes}"
            return await problem(414, sentence)(scope, receive, send)
        head_bytes = sum(len(name) + len(value) for name, value in scope["headers"])
        if head_bytes > MOST_HEAD_BYTES:
            sentence = f"headers of at most {MOST_HEAD_BYTES} bytes are wanted, found {head_bytes}"
            return await problem(431, sentence)(scope, receive, send)
        if scope["type"] == "websocket":
            return await self._app(scope, receive, send)
        most_bytes = most_body_bytes(scope["path"])
        promised = dict(scope["headers"]).get(b"content-length", b"0")
        if int(promised) > most_bytes:
            return await problem(413, _too_much(most_bytes, int(promised)))(scope, receive, send)
        return await self._app(scope, _counted(receive, most_bytes), send)


def _counted(receive: Receive, most_bytes: int) -> Receive:
    found = 0

    async def read() -> Message:
        nonlocal found
        message = await receive()
        found += len(message.get("body", b""))
        if found > most_bytes:
            raise HTTPException(413, _too_much(most_bytes, found))
        return message

    return read


def _too_much(most_bytes: int, found: int) -> str:
    return f"a body of at most {most_bytes} bytes is wanted, found {found} or more"
