"""The embedded broker, a process of the machine: ``amqtt`` on loopback, MQTT 3.1.1, for the demo and for small sites.

Everything is in memory. What is retained, and what waits for a client that is away, is gone when this process ends; the
publisher then publishes anew what holds. amqtt knows how to route messages; how connections end is decided here: one that falls
silent, takes nothing, or is opened a second time is closed, and what its client has not acknowledged waits for it.
Only what was sent more than five seconds before counts as received, for amqtt remembers it no longer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

from appliance.clock import monotonic_ns
from appliance.errors import Refusal
from appliance.ipc.command import CommandLink
from appliance.process_settings import BrokerProcess
from appliance.publish.embedded_connection import SERVED, Connection, Steady, Welcome

LISTENER = "default"
TICK_S = 0.05
# What has been acknowledged goes out before the doors close.
LAST_WORDS_S = 0.2
STOP_S = 1.0
# Of a client that is away.
KEPT_S = 24 * 3600

log = logging.getLogger(__name__)


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    hush()
    asyncio.run(House(link, BrokerProcess.model_validate_json(settings)).run())


def hush() -> None:
    """Leave what amqtt tells about its clients' habits to those who look for faults."""
    if not log.isEnabledFor(logging.DEBUG):
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)


class House:
    """The broker, its door, and everyone inside."""

    def __init__(self, link: CommandLink, settings: BrokerProcess) -> None:
        refuse_strangers(settings.bind)
        self._link, self._settings = link, settings
        self._guests: set[Connection] = set()
        self._clients: dict[str, Connection] = {}

    async def run(self) -> None:
        """Open, look after the connections, close."""
        asyncio.get_running_loop().set_exception_handler(tell_of)
        external = ListenerConfig(type=ListenerType.EXTERNAL, bind=self._settings.bind)
        welcome: dict[str, Any] = {f"{Welcome.__module__}.{Welcome.__qualname__}": {}}
        broker = Broker(BrokerConfig(listeners={LISTENER: external}, plugins=welcome, session_expiry_interval=KEPT_S))
        broker._subscriptions = Steady()
        await broker.start()
        door = await self._open(broker)
        self._link.ready()
        while not self._link.stopping:
            while self._link.take_site() is not None:
                # Orders are for those who know of cameras.
                pass
            self._link.beat()
            now_ns = monotonic_ns()
            for guest in self._guests:
                guest.watch(now_ns)
            await asyncio.sleep(TICK_S)
        await self._close(door, broker)

    async def _open(self, broker: Broker) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            guest = Connection(reader, writer, self._clients)
            SERVED.set(guest)
            self._guests.add(guest)
            try:
                await broker.external_connected(guest, guest, LISTENER)
            finally:
                self._guests.discard(guest)
                guest.end()

        bind, port = self._settings.bind, self._settings.port
        try:
            return await asyncio.start_server(serve, bind, port)
        except OSError as error:
            found = os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error)
            raise Refusal(f"the embedded broker wants to listen on {bind}, port {port}, found: {found}") from None

    async def _close(self, door: asyncio.Server, broker: Broker) -> None:
        door.close()
        await asyncio.sleep(LAST_WORDS_S)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(broker.shutdown(), STOP_S)
        cut_off(self._guests)


def refuse_strangers(bind: str) -> None:
    """Raise where others than this computer could come in, for nobody is asked who he is."""
    with suppress(ValueError):
        if bind == "localhost" or ipaddress.ip_address(bind).is_loopback:
            return
    raise Refusal(
        f"the embedded broker knows no logins and listens on loopback only, as 127.0.0.1, found '{bind}': "
        "where other computers shall connect, run mosquitto and name it in 'mqtt.broker'",
        usage=True,
    )


def cut_off(connections: Iterable[Connection]) -> None:
    """Close them without another word."""
    for connection in connections:
        connection.abort()


def tell_of(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """One connection's mishap, which is its end alone."""
    del loop
    log.info("a connection: %s: %r", context["message"], context.get("exception"))
