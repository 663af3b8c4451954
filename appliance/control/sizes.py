"""How much a request may be: its address, its head and its body. The body is counted as it comes, whatever its head promises.

What all bodies together may take is counted, too. Small ones are always read; a larger one only of somebody who is known, so that
strangers fill no memory and keep nobody out.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from appliance.control.problems import problem
from appliance.errors import Refusal

MOST_ADDRESS_BYTES = 8192
MOST_HEAD_BYTES = 16_384
MOST_BODY_BYTES = 1_000_000
# A change of a line, or a log-in.
SMALL_BODY_BYTES = 16_384
# Larger ones that are being read, or worked on.
MOST_BYTES_AT_ONCE = 64_000_000
RETRY_S = 5
# Pictures, and what the panel's pages hand over.
LARGER_BODIES = {"/api/v1/infer": 20_000_000, "/_nicegui/client/": 20_000_000}

# What is written to the disk as it comes.
WRITTEN_BODIES = {"/api/v1/models/import": 4_000_000_000}


def most_body_bytes(path: str) -> int:
    """What may be sent there."""
    if path in WRITTEN_BODIES:
        return WRITTEN_BODIES[path]
    return next((most for place, most in LARGER_BODIES.items() if path.startswith(place)), MOST_BODY_BYTES)


class Sizes:
    """Refuses what is too much before anybody reads it. Used by one loop."""

    def __init__(self, app: ASGIApp, refuse_unknown: Callable[[HTTPConnection], None]) -> None:
        """``refuse_unknown`` raises ``HTTPException`` for who may not send anything large; in a thread."""
        self._app, self._refuse_unknown = app, refuse_unknown
        self.bytes_at_once = 0

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
        promised = int(dict(scope["headers"]).get(b"content-length", b"0"))
        if promised > most_bytes:
            return await problem(413, _too_much(most_bytes, promised))(scope, receive, send)
        if promised > SMALL_BODY_BYTES:
            try:
                await run_in_threadpool(self._refuse_unknown, HTTPConnection(scope))
            except Refusal as refusal:
                return await problem(503, refusal.sentence)(scope, receive, send)
            except HTTPException as refused:
                # Not one byte of it is waited for.
                return await problem(refused.status_code, refused.detail, headers=dict(refused.headers or {}))(
                    scope, receive, send
                )
        return await self._read(scope, receive, send, most_bytes, is_known=promised > SMALL_BODY_BYTES)

    async def _read(self, scope: Scope, receive: Receive, send: Send, most_bytes: int, *, is_known: bool) -> None:
        found = held = 0
        is_written = scope["path"] in WRITTEN_BODIES

        async def counted() -> Message:
            nonlocal found, held, is_known
            message = await receive()
            found += len(message.get("body", b""))
            if found > most_bytes:
                raise HTTPException(413, _too_much(most_bytes, found))
            if found > SMALL_BODY_BYTES:
                if not is_known:
                    await run_in_threadpool(self._refuse_unknown, HTTPConnection(scope))
                    is_known = True
                if is_written:
                    return message
                if self.bytes_at_once + found - held > MOST_BYTES_AT_ONCE:
                    sentence = f"others send {self.bytes_at_once} bytes at this moment; try again in {RETRY_S} s"
                    raise HTTPException(503, sentence, {"Retry-After": str(RETRY_S)})
                self.bytes_at_once += found - held
                held = found
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self.bytes_at_once -= held


def _too_much(most_bytes: int, found: int) -> str:
    return f"a body of at most {most_bytes} bytes is wanted, found {found} or more"
