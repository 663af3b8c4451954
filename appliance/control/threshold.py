"""Where a connection waits while its TLS is agreed upon: it has a place from the moment at which it was accepted.

asyncio tells a server's protocol of a connection when the handshake is over. Until then nobody would count it, so that clients
that begin one and do not end it could open as many as there are file handles.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import BaseTransport, Transport
from asyncio.sslproto import SSLProtocol

from appliance.control.patience import HEAD_S, PatientProtocol, State


class Threshold(SSLProtocol):
    """A handshake, which has to end as soon as the head of a request, and then what carries the connection."""

    # Each has its own; a quarter of a megabyte otherwise.
    max_size = 65_536

    def __init__(self, guest: PatientProtocol, state: State, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        # Nobody waits for it: whoever has got through it says something.
        over: asyncio.Future[None] = loop.create_future()
        over.add_done_callback(lambda one: one.cancelled() or one.exception())
        super().__init__(loop, guest, context, over, server_side=True, ssl_handshake_timeout=round(HEAD_S))
        self._guest, self._places = guest, state.places

    def connection_made(self, transport: BaseTransport) -> None:
        """Somebody is here."""
        # asyncio's servers have no others.
        assert isinstance(transport, Transport)
        self._guest.wire = transport
        peer = transport.get_extra_info("peername")
        if not self._places.enter(transport, str(peer[0]) if peer else ""):
            # Before the handshake nothing can be said to it.
            transport.abort()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nobody is here any more."""
        if self._guest.wire is not None:
            self._places.leave(self._guest.wire)
        super().connection_lost(exc)
