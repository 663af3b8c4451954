"""HTTP for clients that cannot be trusted to go on: uvicorn's protocol, with a limit to how long it waits for each of them.

uvicorn waits without end for a request to come in, and for an answer to be read. Here the head of a request has to come within
ten seconds and its body at no less than 20 kB/s; what nobody reads is held for half a minute.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request

from appliance.control.places import Places
from appliance.control.problems import MEDIA_TYPE, Problem

HEAD_S = 10.0
BODY_S = 20.0
LEAST_BYTES_PER_S = 20_000
# Of a body that nobody wants any more, because it has been answered.
REST_S = 5.0
UNREAD_S = 30.0
# By who is only told something.
MOST_SAID_BYTES = 16_384


class State(ServerState):
    """What the connections of one server share."""

    def __init__(self) -> None:
        super().__init__()
        self.places = Places()


def send_at_once(transport: asyncio.Transport) -> None:
    """An answer is a head and a body, and the second would wait 40 ms until the first is acknowledged; asyncio sees to that for
    sockets only that say that they are TCP's.
    """
    wire: socket.socket | None = transport.get_extra_info("socket")
    if wire is not None and wire.family in (socket.AF_INET, socket.AF_INET6):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class PatientProtocol(H11Protocol):
    """One connection."""

    def __init__(self, config: Config, state: State, app_state: dict[str, Any]) -> None:
        super().__init__(config, state, app_state)
        self._places = state.places
        self.wire: asyncio.Transport | None = None
        """What has had the place until now, where TLS was agreed upon first."""
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._waits_for = ""
        self._has_asked = False
        self._body_bytes = 0
        self._began_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Somebody is here."""
        super().connection_made(transport)
        send_at_once(transport)
        if self.wire is not None:
            self._places.leave(self.wire)
        if not self._places.enter(transport, "" if self.client is None else self.client[0]):
            self._refuse(503, "too many are connected; try again later")
        self._look()

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request."""
        if self.conn.their_state is h11.SEND_BODY:
            self._body_bytes += len(data)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """An answer is out."""
        super().on_response_complete()
        self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """It becomes something else."""
        self._stop(self._deadline)
        self._deadline = None
        self._places.work(self.transport)
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is here any more."""
        self._stop(self._deadline)
        self._stop(self._unread)
        self._places.leave(self.transport)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The other side does not read what it has asked for."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self._stop(self._unread)
        self._unread = None

    def send_400_response(self, msg: str) -> None:
        """To what is no HTTP."""
        self._refuse(
            400, f"a request in HTTP/1.1 with a head of at most {self.config.h11_max_incomplete_event_size} bytes is wanted"
        )

    def _look(self) -> None:
        """What is waited for now, and since when."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        waits_for = self._missing()
        if waits_for != self._waits_for or not waits_for:
            self._waits_for, self._body_bytes, self._began_s = waits_for, 0, self.loop.time()
        self._stop(self._deadline)
        self._deadline = None
        if not waits_for:
            self._has_asked = True
            self._places.work(self.transport)
            return
        self._places.wait(self.transport)
        limit_s = {"head": HEAD_S, "body": BODY_S + self._body_bytes / LEAST_BYTES_PER_S, "rest": REST_S}.get(waits_for)
        if limit_s is not None:
            self._deadline = self.loop.call_at(self._began_s + limit_s, self._too_slow)

    def _missing(self) -> str:
        """``head``, ``body`` or the ``rest`` of one that has been answered; empty where it is our turn."""
        theirs, ours = self.conn.their_state, self.conn.our_state
        if theirs is h11.IDLE:
            # After an answer uvicorn itself waits, for a shorter time.
            return "between" if self._has_asked and not self.conn.trailing_data[0] else "head"
        if theirs is h11.SEND_BODY:
            if ours is h11.DONE:
                return "rest"
            return "body"
        return ""

    def _too_slow(self) -> None:
        if self.flow.read_paused:
            # We were the slow ones.
            self._waits_for = ""
            self._look()
        elif self._waits_for == "head" and not self.conn.trailing_data[0]:
            # Browsers keep connections in stock.
            self.transport.close()
        elif self._waits_for == "rest" or (self._waits_for == "body" and self.cycle.response_started):
            self.transport.abort()
        else:
            self._refuse(408, f"the {self._waits_for} of a request has not come in time")

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer by ourselves, and end it."""
        if self.transport.is_closing():
            return
        phrase = HTTPStatus(status).phrase
        body = Problem(title=phrase, status=status, detail=sentence).model_dump_json().encode()
        headers = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "cache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(headers.encode() + body)
        self.transport.close()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


class PatientWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket, which has its place until it is closed. uvicorn pings it, so that one that never reads ends by itself."""

    def __init__(self, config: Config, server_state: State, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self._places = server_state.places

    def handle_connect(self, event: Request) -> None:
        """Whom it is opened to."""
        if event.path.startswith("/api/"):
            # There nobody listens; the panel's pages hand over whole configurations.
            self.conn.max_size = MOST_SAID_BYTES
        super().handle_connect(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is here any more."""
        self._places.leave(self.transport)
        super().connection_lost(exc)
