"""What amqtt takes for a client's wire: how connections end is decided here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from appliance.clock import NS_PER_S, monotonic_ns

# Until it must have said who it is; from then on, one and a half times what it has promised.
INTRODUCTION_NS = 10 * NS_PER_S
# For what is written, when all is over.
CLOSING_S = 1.0
# Of a client that is away; the oldest messages go first.
MOST_KEPT = 10_000
MOST_UNHANDLED = 100
PAUSE_S = 0.001
HANDLED_NS = 5 * NS_PER_S
MOST_PACKET_BYTES = 1 << 20
MOST_UNREAD_BYTES = 16 << 20
# Of a packet's first byte.
CONNACK, PUBLISH, SUBSCRIBE, DISCONNECT, QOS, RETAIN = 2, 3, 8, 14, 0x06, 0x01

log = logging.getLogger(__name__)


class Connection:
    """A client's wire, with all that amqtt calls a reader and a writer; it hands on whole packets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clients: dict[str, Connection]) -> None:
        self._reader, self._writer, self._clients = reader, writer, clients
        self._packet, self._offset = b"", 0
        self._heard_ns, self._patience_ns = monotonic_ns(), INTRODUCTION_NS
        self._session: Any = None
        self._has_subscribed = False
        self._is_over = asyncio.Event()

    async def begin(self, session: Any) -> None:
        """The client has said who it is: first, whoever came as the same one leaves, and its last will is told."""
        while (before := self._clients.get(session.client_id)) is not None:
            before.abort()
            await before._is_over.wait()
        self._clients[session.client_id] = self
        self._session = session
        self._patience_ns = session.keep_alive * NS_PER_S * 3 // 2
        # It is watched here: amqtt lets a silent client be.
        session.keep_alive = 0
        if not isinstance(session.retained_messages, Waiting):
            session.retained_messages = Waiting()

    def watch(self, now_ns: int) -> None:
        """Close it where the client has been silent for too long."""
        if self._patience_ns and now_ns - self._heard_ns > self._patience_ns:
            self.abort()

    def abort(self) -> None:
        """Close it at once, as if the client had died."""
        self._writer.transport.abort()

    def end(self) -> None:
        """amqtt is done with it."""
        if self._session is not None:
            del self._clients[self._session.client_id]
        elif self._packet:
            log.warning("a client was turned away: MQTT 3.1.1 is wanted, found another version or something else")
        if not self._writer.is_closing():
            self.abort()
        self._is_over.set()

    async def read(self, n: int) -> bytes:
        """The next ``n`` bytes of a packet; all that is left of a shorter one."""
        if n and self._offset == len(self._packet):
            self._packet, self._offset = await self._next_packet(), 0
        taken = self._packet[self._offset : self._offset + n]
        self._offset += len(taken)
        return taken

    async def _next_packet(self) -> bytes:
        await self._until_handled(MOST_UNHANDLED)
        try:
            packet = await self._whole_packet()
        except (asyncio.IncompleteReadError, ConnectionError):
            await self._leave()
            raise
        self._heard_ns = monotonic_ns()
        self._has_subscribed |= packet[0] >> 4 == SUBSCRIBE
        if packet[0] >> 4 == DISCONNECT:
            await self._leave()
        return packet

    async def _whole_packet(self) -> bytes:
        start = await self._reader.readexactly(2)
        length, shift = start[-1] & 0x7F, 7
        while start[-1] & 0x80:
            start += await self._reader.readexactly(1)
            length |= (start[-1] & 0x7F) << shift
            shift += 7
            if length > MOST_PACKET_BYTES or shift > 28:
                self.abort()
                raise ConnectionAbortedError
        return start + await self._reader.readexactly(length)

    async def _until_handled(self, most: int) -> None:
        """Read no faster than amqtt hands on, and let it hand on all of it before it hears of the end."""
        end_ns = monotonic_ns() + HANDLED_NS
        while self._session is not None and self._session.delivered_message_queue.qsize() > most and monotonic_ns() < end_ns:
            await asyncio.sleep(PAUSE_S)

    async def _leave(self) -> None:
        """The client is gone: what it has sent counts, and what it has not acknowledged waits for it, if it will be back."""
        await self._until_handled(0)
        session = self._session
        if session is None or session.clean_session:
            return
        # From now on amqtt keeps what is for this client; what it has begun to send before is known one turn later.
        session.transitions.disconnect()
        await asyncio.sleep(0)
        waiting = session.retained_messages
        newer = [waiting.get_nowait() for _ in range(waiting.qsize())]
        for message in (*session.inflight_out.values(), *newer):
            await waiting.put(message)

    def write(self, content: bytes) -> None:
        """Send; who takes nothing any more is cut off."""
        if self._writer.is_closing():
            return
        kind, session = content[0] >> 4, self._session
        if kind == CONNACK and session is not None and not session.clean_session:
            # Until all that has waited is taken, what comes waits, too: so it stays in order.
            session.transitions.disconnect()
            session.retained_messages.until_taken(session.transitions.connect)
        elif kind == PUBLISH and content[0] & RETAIN:
            if content[0] & QOS and session.retained_messages.taken:
                # What has waited is news all the same, though amqtt marks it as retained.
                session.retained_messages.taken -= 1
                content = bytes((content[0] & ~RETAIN,)) + content[1:]
            elif not self._has_subscribed:
                # amqtt tells everyone who comes what is retained for anyone.
                return
        self._writer.write(content)
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self.abort()

    async def drain(self) -> None:
        """Nobody waits for a slow client."""

    async def close(self) -> None:
        """What is written goes out, if the client takes it soon."""
        self._writer.close()
        asyncio.get_running_loop().call_later(CLOSING_S, self.abort)

    def feed_eof(self) -> None:
        """Nothing more will be read."""
        self._reader.feed_eof()

    def get_peer_info(self) -> tuple[str, int] | None:
        """The client's address and port."""
        found = self._writer.get_extra_info("peername")
        return found[:2] if found else None

    def get_ssl_info(self) -> None:
        """There is no TLS on loopback."""


# Whom the task that runs serves; amqtt tells a plugin of a session, not of its connection.
SERVED: ContextVar[Connection] = ContextVar("served")


class Welcome(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Everyone may come in. amqtt's own plugin for that marks sessions as nobody's, and then nothing waits for their clients."""

    async def authenticate(self, *, session: Session) -> bool:
        """Yes."""
        await SERVED.get().begin(session)
        return True


class Steady(dict[str, Any]):
    """A table that amqtt may walk through while clients change it."""

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(super().__iter__()))


class Waiting(asyncio.Queue[Any]):
    """What waits for a client; when there is too much, the oldest is forgotten."""

    def __init__(self) -> None:
        super().__init__(MOST_KEPT)
        self.taken = 0
        """Messages that were taken to be sent, and are not yet sent."""
        self._then: Callable[[], object] | None = None

    def until_taken(self, then: Callable[[], object]) -> None:
        """Call this as soon as somebody sees that nothing waits any more."""
        self.taken, self._then = 0, then

    def empty(self) -> bool:
        """Whether nothing waits."""
        is_empty = super().empty()
        if is_empty and self._then is not None:
            then, self._then = self._then, None
            then()
        return is_empty

    async def get(self) -> Any:
        """The next message."""
        self.taken += 1
        return await super().get()

    async def put(self, item: Any) -> None:
        """Never has to wait."""
        if self.full():
            self.get_nowait()
        self.put_nowait(item)
