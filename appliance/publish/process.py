"""The publish process: from the ledger to a broker, whatever becomes of the broker. Counting never waits for it."""

from __future__ import annotations

import logging
import random
from typing import Any

import zmq

from appliance.clock import NS_PER_S, monotonic_ns, wall_ns
from appliance.config import CameraSettings
from appliance.ipc.channel import Listener
from appliance.ipc.command import CommandLink
from appliance.ledger.outbox import Outbox
from appliance.ledger.reader import LedgerReader
from appliance.messages.orders import Describe
from appliance.messages.reports import Condition
from appliance.process_settings import PublishProcess
from appliance.publish.agenda import CROSSINGS, INTERVALS, Agenda
from appliance.publish.client import Client, NoBroker, Will
from appliance.publish.window import Window
from appliance.topics import COMMITS, HEALTH

IDLE_S = 0.1
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
# A connection that has held for so long was a good one.
GOOD_NS = 10 * NS_PER_S
# A broker that is silent for so long, with messages under way, is none.
SILENCE_NS = 10 * NS_PER_S
# What a broker of our own may take to begin.
OWN_BROKER_NS = 5 * NS_PER_S
# Whatever a listener has missed is found then.
LOOK_NS = NS_PER_S
FAREWELL_NS = 2 * NS_PER_S
# Under way at once: some seconds of a slow wire.
MOST_BYTES = 64 * 1024
SUSPICIOUS_LOSSES = 3

logger = logging.getLogger(__name__)


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    publisher = Publisher(link, PublishProcess.model_validate_json(settings))
    link.ready()
    while not link.stopping:
        publisher.step()
        link.beat()
    publisher.close()


class Publisher:
    """Tells the broker what the agenda says, and moves the cursor with what comes back."""

    def __init__(self, link: CommandLink, settings: PublishProcess) -> None:
        self._link, self._settings = link, settings
        reader = LedgerReader(settings.ledger)
        self._outbox = Outbox(settings.outbox, reader.identity())
        # A ledger that was put back from a copy gives numbers again.
        self._outbox.pull_back(dict(zip((CROSSINGS, INTERVALS), reader.newest())))
        self._agenda = Agenda(settings, reader, self._outbox)
        self._health = Listener(link.folder, HEALTH, "machine")
        self._commits = Listener(link.folder, COMMITS, "device")
        self._poller = zmq.Poller()
        for socket in (link.socket, self._health.socket, self._commits.socket):
            self._poller.register(socket, zmq.POLLIN)
        self._client: Client | None = None
        self._window = Window(0, 0)
        self._heard_ns = 0
        """When the broker last acknowledged anything."""
        self._attempt_ns = self._connected_ns = self._look_ns = 0
        self._losses = 0
        self._draining = False
        self._told = Condition("")
        # A broker of our own begins at the same time.
        self._patient_until_ns = monotonic_ns() + OWN_BROKER_NS if settings.mqtt.broker == "embedded" else 0
        self._reason = self._refusal = ""

    def step(self) -> None:
        """Hear what is new, talk to the broker, or wait for something to do."""
        self._hear()
        if self._client is not None:
            self._converse(self._client)
        elif monotonic_ns() >= self._attempt_ns:
            self._connect()
        self._wait()

    def close(self) -> None:
        """Send what there is still time for, and say good-bye."""
        deadline_ns = monotonic_ns() + FAREWELL_NS
        self._agenda.news()
        while self._client is not None and self._client.is_connected and monotonic_ns() < deadline_ns:
            self._converse(self._client)
            if self._window.is_empty:
                break
            self._wait()
        client = self._client
        if client is not None and client.is_connected:
            last = self._agenda.offline()
            client.publish(last.topic, last.content, retain=last.retain)
            client.turn()
            client.close()
        self._outbox.close()

    def _hear(self) -> None:
        while (order := self._link.take_site()) is not None:
            if isinstance(order, Describe):
                self._agenda.describe(tuple(CameraSettings.model_validate_json(text) for text in order.cameras))
            else:
                self._draining = True
        if (health := self._health.take()) is not None:
            self._agenda.hear(health)
        now_ns = monotonic_ns()
        has_news = now_ns >= self._look_ns
        while self._commits.take() is not None:
            has_news = True
        if has_news:
            self._look_ns = now_ns + LOOK_NS
            self._agenda.news()
            self._link.heart.waiting = self._agenda.waiting
            self._tell()

    def _connect(self) -> None:
        will = self._agenda.offline()
        mqtt = self._settings.mqtt
        client = Client(mqtt, mqtt.client_id or f"appliance-{self._settings.site}", Will(will.topic, will.content))
        try:
            client.open()
        except NoBroker as no_broker:
            self._lose(str(no_broker))
            return
        self._client, self._window = client, Window(0, 0)
        self._connected_ns = self._heard_ns = monotonic_ns()

    def _converse(self, client: Client) -> None:
        """Read, write, and fill the window."""
        was_connected = client.is_connected
        client.turn()
        now_ns = monotonic_ns()
        if client.is_connected and not was_connected:
            self._window = Window(client.most_under_way, MOST_BYTES, is_careful=self._losses > 1)
            self._heard_ns = now_ns
            self._agenda.connected(wall_ns())
            self._reason, self._patient_until_ns = "", 0
            self._tell()
        for message_id in client.take_acknowledged():
            self._window.acknowledge(message_id)
            self._link.heart.frames += 1
            self._heard_ns = now_ns
        for message_id, reason in client.take_refused():
            self._on_refused(client, message_id, reason)
        if cursors := self._window.take_cursors():
            self._outbox.move(cursors)
        oldest = self._window.oldest if client.is_connected else (self._connected_ns, "")
        if not client.broken and oldest is not None and now_ns - max(oldest[0], self._heard_ns) > SILENCE_NS:
            client.broken = f"{client.address}: has answered nothing for {SILENCE_NS // NS_PER_S} s"
        if client.broken:
            client.cut()
            self._client = None
            self._lose(client.broken + self._suspicion())
        elif client.is_connected:
            self._fill(client, now_ns)

    def _fill(self, client: Client, now_ns: int) -> None:
        wall = wall_ns()
        while self._window.has_room and not client.broken and (note := self._agenda.next(wall)) is not None:
            message_id = client.publish(note.topic, note.content, retain=note.retain)
            self._window.add(message_id, note.topic, len(note.content), now_ns, note.kind, note.sequence)
        if self._window.is_empty:
            self._agenda.settled()
        if self._draining and self._window.is_empty and not self._agenda.waiting:
            self._draining = False
            self._link.drained()

    def _on_refused(self, client: Client, message_id: int, reason: str) -> None:
        """What says how it is now can be left out; what has happened cannot, and stays first until it is taken."""
        topic, is_record = self._window.refused(message_id)
        if is_record:
            client.broken = f"{client.address}: the broker refuses what it is sent to {topic}: {reason}"
        else:
            self._refusal = f"; it refuses what it is sent to {topic}: {reason}"
            logger.warning("%s%s", client.address, self._refusal)
            self._window.acknowledge(message_id)

    def _suspicion(self) -> str:
        """What it may be that connections are lost one after the other, soon after they began."""
        oldest, refusal, self._refusal = self._window.oldest, self._refusal, ""
        if refusal or self._losses < SUSPICIOUS_LOSSES or oldest is None:
            return refusal
        return f"; perhaps it does not take what is sent to {oldest[1]}, or another machine has the same client id"

    def _lose(self, reason: str) -> None:
        """Try again later: soon at first, then less and less often, and never all machines at the same moment."""
        now_ns = monotonic_ns()
        self._losses = 1 if now_ns - self._connected_ns > GOOD_NS and self._connected_ns else self._losses + 1
        delay_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._losses - 1, 10))
        self._attempt_ns = now_ns + round(delay_s * random.uniform(0.75, 1.0) * NS_PER_S)
        self._connected_ns = 0
        self._reason = reason
        self._tell()

    def _tell(self) -> None:
        """Report how it goes, where that has changed."""
        is_well = self._client is not None and self._client.is_connected
        if is_well:
            condition = Condition("ok")
        elif self._reason and monotonic_ns() >= self._patient_until_ns:
            condition = Condition("degraded", self._reason)
        else:
            condition = Condition("starting")
        if condition != self._told:
            self._told = condition
            self._link.process_is(condition)

    def _wait(self) -> None:
        """Until there is something to do."""
        client = self._client
        if client is not None and (client.has_unread or client.broken):
            return
        sockets: list[Any] = [] if client is None else list(client.sockets)
        for socket in sockets:
            self._poller.register(socket, zmq.POLLIN | (zmq.POLLOUT if client is not None and client.wants_to_write else 0))
        self._poller.poll(round(IDLE_S * 1000))
        for socket in sockets:
            self._poller.unregister(socket)
