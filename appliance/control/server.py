"""The HTTP server: uvicorn, with clients that are not trusted, and TLS where there is a certificate."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from appliance.config import ControlSettings
from appliance.control.certificates import context_of
from appliance.control.headers import SecurityHeaders
from appliance.control.patience import PatientProtocol, PatientWebSocket, State
from appliance.control.sizes import MOST_HEAD_BYTES, Sizes
from appliance.control.threshold import Threshold

# For requests under way, when it is told to stop.
FAREWELL_S = 2
BACKLOG = 128
MOST_MESSAGE_BYTES = 1_000_000


class Server(uvicorn.Server):
    """Serves one application on one socket."""

    def __init__(self, app: FastAPI, settings: ControlSettings) -> None:
        context = context_of(settings)
        super().__init__(
            uvicorn.Config(
                # Outside of the application, so that they are on its worst answers, too.
                SecurityHeaders(Sizes(app, app.state.door.refuse_unknown)),
                http=PatientProtocol,
                ws=PatientWebSocket,
                ws_max_size=MOST_MESSAGE_BYTES,
                log_config=None,
                access_log=False,
                # Who asks is who is connected, whatever he says of others.
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=FAREWELL_S,
                h11_max_incomplete_event_size=MOST_HEAD_BYTES,
                ssl_context_factory=None if context is None else lambda *_: context,
            )
        )
        self._state = State()
        self.server_state = self._state

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await self.lifespan.startup()
        loop, context = asyncio.get_running_loop(), self.config.ssl

        def meet() -> asyncio.BaseProtocol:
            guest = PatientProtocol(self.config, self._state, self.lifespan.state)
            return guest if context is None else Threshold(guest, self._state, context)

        self.servers = [await loop.create_server(meet, sock=one, backlog=BACKLOG) for one in sockets or []]
        self.started = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: they are the process's."""
        yield
