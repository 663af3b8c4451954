"""Telling a broker of the past again: for a consumer that has lost what it had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import zmq

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import SiteSettings
from appliance.errors import Refusal
from appliance.ledger.reader import KeptCrossing, LedgerReader
from appliance.publish import making
from appliance.publish.client import Client, NoBroker
from appliance.publish.mqtt_topics import Topics
from appliance.publish.payloads import encoded
from appliance.publish.process import MOST_BYTES
from appliance.publish.window import Window

CHUNK = 500
SILENCE_NS = 10 * NS_PER_S


def replay(
    site: SiteSettings,
    ledger: Path,
    from_ns: int,
    to_ns: int,
    wanted: Callable[[KeptCrossing], bool],
    advance: Callable[[int], None],
) -> int:
    """Tell of the crossings between two times (wall clock, the first included) once more, each with its event id.

    ``advance`` hears how many have been acknowledged. Raises ``Refusal`` where not all were.
    """
    mqtt = site.mqtt
    # Beside the publisher, which goes on; who has its id would throw it out.
    client = Client(mqtt, f"{mqtt.client_id or f'appliance-{site.site}'}-replay")
    topics = Topics(mqtt.prefix or f"appliance/{site.site}")
    reader = LedgerReader(ledger)
    try:
        client.open()
        return _tell(client, topics, site.site, (one for one in _past(reader, from_ns, to_ns) if wanted(one)), advance)
    except NoBroker as no_broker:
        raise Refusal(str(no_broker)) from None
    finally:
        client.close()
        reader.close()


def _past(reader: LedgerReader, from_ns: int, to_ns: int) -> Iterator[KeptCrossing]:
    """By sequence number, because times are not in order: one camera is decided later than another."""
    after = 0
    while chunk := reader.crossings(after, CHUNK, (from_ns, to_ns)):
        yield from chunk
        after = chunk[-1].sequence


def _tell(client: Client, topics: Topics, site: str, past: Iterator[KeptCrossing], advance: Callable[[int], None]) -> int:
    window, told, heard_ns = Window(0, 0), 0, monotonic_ns()
    is_over = is_open = False
    while not is_over or not window.is_empty:
        client.turn()
        if client.is_connected and not is_open:
            is_open, window = True, Window(client.most_under_way, MOST_BYTES)
        for message_id in client.take_acknowledged():
            window.acknowledge(message_id)
            heard_ns = monotonic_ns()
            told += 1
        window.take_cursors()
        advance(told)
        if reason := next((f"{why} ({window.refused(number)[0]})" for number, why in client.take_refused()), ""):
            client.broken = f"{client.address}: the broker refuses what it is sent: {reason}"
        while client.is_connected and window.has_room and not is_over and not client.broken:
            one = next(past, None)
            if one is None:
                is_over = True
            else:
                content = encoded(making.crossing(one, site, replayed=True))
                topic = topics.crossing(one.camera, one.line)
                window.add(client.publish(topic, content), topic, len(content), monotonic_ns())
        oldest = window.oldest if client.is_connected else (heard_ns, "")
        if not client.broken and oldest is not None and monotonic_ns() - max(oldest[0], heard_ns) > SILENCE_NS:
            client.broken = f"{client.address}: has answered nothing for {SILENCE_NS // NS_PER_S} s"
        if client.broken:
            raise Refusal(f"{client.broken}; {told} crossings were told again")
        _wait(client)
    return told


def _wait(client: Client) -> None:
    if client.has_unread:
        return
    poller = zmq.Poller()
    for socket in client.sockets:
        poller.register(socket, zmq.POLLIN | (zmq.POLLOUT if client.wants_to_write else 0))
    poller.poll(100)


def time_ns(text: str) -> int:
    """RFC 3339, a day, or a time without a zone, which is of this computer."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise Refusal(f"a time like 2026-11-21T13:00:00Z or 2026-11-21 is wanted, found '{text}'", usage=True) from None
    return round(moment.timestamp() * 1000) * 1_000_000
