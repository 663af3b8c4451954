"""The embedded broker, the real process, with real clients, some of which are killed, frozen, or no MQTT clients at all."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import zmq
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.ipc.channel import wait
from appliance.ipc.command import CommandPost
from appliance.messages.reports import Beat, Ready, Refused
from appliance.process_settings import BrokerProcess
from appliance.supervise.child import Child
from appliance.supervise.entry import REFUSED_EXIT
from appliance.supervise.spec import ProcessSpec
from tests.processes import Peer, until_told
from tests.publish.brokers import free_port
from tests.waiting import wait_until

REFUSED_VERSION = b"\x20\x02\x00\x01"
CONNECT = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x3c\x00\x06hungry"
SUBSCRIBE = b"\x82\x09\x00\x01\x00\x04load\x00"
GARBAGE = {
    "another protocol": b"GET / HTTP/1.1\r\n\r\n",
    "an endless length": b"\x10\xff\xff\xff\xff\xff\xff",
    "zeros": bytes(64),
    "half a packet": b"\x10\x01",
    "a packet of 256 MB": CONNECT + b"\x30\xff\xff\xff\x7f",
}


class Broker:
    """The process. Use as a context."""

    def __init__(self, folder: Path, bind: str = "127.0.0.1", port: int = 0) -> None:
        self.port = port or free_port()
        settings = BrokerProcess(bind=bind, port=self.port).model_dump_json()
        self._post = CommandPost(folder)
        self.child = Child(ProcessSpec("broker", "appliance.publish.embedded:main", settings, 60.0, 30.0), folder, "error")

    def __enter__(self) -> Broker:
        self.child.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.child.stop(monotonic_ns())
        self._post.close()
        zmq.Context.instance().destroy()

    def hear(self, wanted: type[Any]) -> Any:
        """The next report of this kind from the life that it lives now."""

        def found() -> Any:
            wait((self._post,), 0.1)
            message = self._post.take()
            return message[1] if message and isinstance(message[1], wanted) and message[1].pid == self.child.pid else None

        return wait_until(f"a report {wanted.__name__}", found)

    def end(self) -> int:
        """Tell it to stop; its exit code."""
        self.child.ask_to_stop()
        self.child.stop(monotonic_ns() + 30 * NS_PER_S)
        return self.child.bury()

    def kill(self) -> None:
        """As ``kill -9`` does."""
        os.kill(self.child.pid, signal.SIGKILL)
        wait_until("its death is noticed", self.child.has_died)
        self.child.bury()


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """One that is ready, and for which warnings are errors, too."""
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    with Broker(tmp_path) as one:
        one.hear(Ready)
        yield one


class Guest:
    """A client that remembers what it hears. Use as a context."""

    def __init__(self, broker: Broker, name: str, *, stays: bool = False, will: str = "", acknowledges: bool = True) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.retained: dict[str, bytes] = {}
        self.ends: list[str] = []
        self._port = broker.port
        self._client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=not stays, manual_ack=not acknowledges)
        self._client.on_message = self._on_message
        self._client.on_disconnect = lambda *now: self.ends.append(str(now[3]))
        self._client.max_inflight_messages_set(200)
        self._subscribed: list[int | None] = []
        self._client.on_subscribe = lambda *now: self._subscribed.append(now[2])
        if will:
            self._client.will_set(will, b"offline", qos=1, retain=True)

    def __enter__(self) -> Guest:
        self._client.connect("127.0.0.1", self._port, 60)
        self._client.loop_start()
        wait_until("it is connected", self._client.is_connected)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_connected(self) -> bool:
        return self._client.is_connected()

    def subscribe(self, topics: str) -> None:
        """Returns when it is so."""
        number = self._client.subscribe(topics, qos=1)[1]
        wait_until("it is subscribed", lambda: number in self._subscribed)

    def publish(self, topic: str, *contents: bytes, retain: bool = False) -> None:
        """Returns when all of it is acknowledged."""
        for information in [self._client.publish(topic, content, qos=1, retain=retain) for content in contents]:
            information.wait_for_publish(60)
            assert information.is_published()

    def heard(self, topic: str) -> list[bytes]:
        return [content for found, content in tuple(self.messages) if found == topic]

    def _on_message(self, client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
        del client, data
        content = bytes(message.payload)
        if message.retain:
            self.retained[message.topic] = content
        else:
            self.messages.append((message.topic, content))

    def vanish(self) -> None:
        """Close the socket without a word; nothing that was not acknowledged will be."""
        self._client.loop_stop()
        connection = self._client.socket()
        assert isinstance(connection, socket.socket)
        connection.close()


def numbers(count: int) -> list[bytes]:
    return [f"{number}".encode() for number in range(count)]


def test_messages_arrive_in_order(broker: Broker) -> None:
    with Guest(broker, "reader") as reader:
        reader.subscribe("site/+/crossing")
        # Who leaves as soon as the last one is acknowledged has told all of it.
        with Guest(broker, "writer") as writer:
            writer.publish("site/yard/crossing", *numbers(1000))
            writer.publish("site/yard/status", b"not asked for")
        wait_until("all of it", lambda: len(reader.messages) == 1000)
        assert reader.heard("site/yard/crossing") == numbers(1000)


def test_what_is_retained_is_told_to_who_comes_later_until_it_is_cleared(broker: Broker) -> None:
    with Guest(broker, "writer") as writer:
        writer.publish("site/count", b"1", b"2", retain=True)
        with Guest(broker, "reader") as reader:
            reader.subscribe("site/#")
            wait_until("the newest", lambda: reader.retained == {"site/count": b"2"})
        writer.publish("site/count", b"", retain=True)
        writer.publish("site/end", b"", b"end", retain=True)
        with Guest(broker, "another") as another:
            another.subscribe("site/#")
            wait_until("what is there", lambda: another.retained == {"site/end": b"end"})


def mortal(pipe: Connection, port: int, keep_alive_s: int) -> None:
    """A client with a last will."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "mortal", clean_session=False)
    client.will_set("site/status", b"offline", qos=1, retain=True)
    client.on_connect = lambda *_: pipe.send("in")
    client.connect("127.0.0.1", port, keep_alive_s)
    client.loop_start()
    until_told(pipe)


@pytest.mark.parametrize(("end", "keep_alive_s"), [(signal.SIGKILL, 60), (signal.SIGSTOP, 1)], ids=["killed", "frozen"])
def test_the_last_will_of_a_client(broker: Broker, end: signal.Signals, keep_alive_s: int) -> None:
    with Guest(broker, "reader") as reader, Peer(mortal, broker.port, keep_alive_s) as client:
        reader.subscribe("site/status")
        assert client.hear() == "in"
        os.kill(client.pid, end)
        wait_until("its will", lambda: reader.heard("site/status") == [b"offline"])
        # The first one is still there, so that amqtt knows of a subscription; what is told to one is not told to all.
        with Guest(broker, "later") as later, Guest(broker, "silent") as silent:
            later.subscribe("site/status")
            wait_until("it is retained", lambda: later.retained == {"site/status": b"offline"})
            assert not silent.retained


@pytest.mark.parametrize("stays", [True, False], ids=["session kept", "session not kept"])
def test_who_comes_back_before_he_is_missed_has_the_last_word(broker: Broker, stays: bool) -> None:
    with Guest(broker, "reader") as reader, Guest(broker, "machine", stays=stays, will="status") as before:
        reader.subscribe("status")
        os.kill(broker.child.pid, signal.SIGSTOP)
        before.vanish()
        os.kill(broker.child.pid, signal.SIGCONT)
        with Guest(broker, "machine", stays=stays, will="status") as machine:
            machine.publish("status", b"online", retain=True)
            wait_until("both", lambda: reader.heard("status") == [b"offline", b"online"])
            for _ in range(3):
                broker.hear(Beat)
            assert machine.is_connected
            assert not machine.ends
    assert reader.heard("status") == [b"offline", b"online"]


def test_who_comes_twice_is_thrown_out_once(broker: Broker) -> None:
    with Guest(broker, "twin", will="status") as first, Guest(broker, "twin", will="status"):
        wait_until("one of them is out", lambda: first.ends)


def test_what_is_not_acknowledged_waits_for_a_client_that_is_away(broker: Broker) -> None:
    with Guest(broker, "writer") as writer:
        with Guest(broker, "reader", stays=True, acknowledges=False) as reader:
            reader.subscribe("crossing")
            writer.publish("crossing", *numbers(50))
            wait_until("it has them", lambda: len(reader.messages) == 50)
            reader.vanish()
        writer.publish("crossing", *[b"%d" % number for number in range(50, 300)])
        with Guest(broker, "reader", stays=True) as again:
            wait_until("all of it", lambda: again.heard("crossing") == numbers(300))


def test_a_newer_mqtt_is_refused(broker: Broker) -> None:
    answers: list[str] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, "newer", protocol=paho.MQTTv5)
    client.on_connect = lambda *now: answers.append(str(now[3]))
    client.connect("127.0.0.1", broker.port)
    wait_until("an answer", lambda: client.loop(0.1) is not None and answers)
    assert answers == ["Unsupported protocol version"]
    with socket.create_connection(("127.0.0.1", broker.port), 10) as raw:
        raw.sendall(b"\x10\x12\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x05newer")
        assert raw.recv(100) == REFUSED_VERSION
        assert raw.recv(100) == b""


@pytest.mark.parametrize("words", GARBAGE.values(), ids=GARBAGE)
def test_nonsense_harms_nobody_else(broker: Broker, words: bytes) -> None:
    with Guest(broker, "reader") as reader, socket.create_connection(("127.0.0.1", broker.port), 10) as raw:
        reader.subscribe("#")
        raw.sendall(words)
        raw.shutdown(socket.SHUT_WR)
        reader.publish("still", b"here")
        wait_until("it works on", lambda: reader.heard("still") == [b"here"])
        wait_until("the other one is out", lambda: is_shut(raw))


def is_shut(raw: socket.socket) -> bool:
    """Whether the other end has closed it, after whatever it had to say."""
    raw.settimeout(0.1)
    try:
        return raw.recv(1 << 16) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_who_takes_nothing_is_cut_off(broker: Broker) -> None:
    with Guest(broker, "writer") as writer, socket.create_connection(("127.0.0.1", broker.port), 10) as raw:
        raw.sendall(CONNECT + SUBSCRIBE)
        # It is let in, and subscribed.
        with raw.makefile("rb") as answers:
            assert len(answers.read(4 + 5)) == 9
        writer.publish("load", *[bytes(1 << 18)] * 100)
        wait_until("it is out", lambda: is_shut(raw))
        assert writer.is_connected


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        with Broker(tmp_path, port=port) as broker:
            refused = broker.hear(Refused)
            assert refused.sentence == (
                f"the embedded broker wants to listen on 127.0.0.1, port {port}, found: Address already in use"
            )
            wait_until("it has ended", broker.child.has_died)
            assert broker.child.bury() == REFUSED_EXIT


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.0.2.1", "::", "elsewhere.example", ""])
def test_others_may_not_come_in(tmp_path: Path, bind: str) -> None:
    with Broker(tmp_path, bind=bind) as broker:
        refused = broker.hear(Refused)
        assert refused.usage
        assert f"loopback only, as 127.0.0.1, found '{bind}'" in refused.sentence
        assert "mosquitto" in refused.sentence


def test_it_stops_with_everyone_inside_and_its_port_is_free(broker: Broker) -> None:
    with Guest(broker, "reader", stays=True) as reader, socket.create_connection(("127.0.0.1", broker.port), 10):
        reader.subscribe("#")
        assert broker.end() == 0
        wait_until("its clients know", lambda: reader.ends)
        with socket.create_server(("127.0.0.1", broker.port)):
            # Nobody else listens there now.
            pass


def test_killed_and_started_again_it_serves_those_who_come_back_and_remembers_nothing(broker: Broker) -> None:
    with Guest(broker, "reader", stays=True) as reader:
        reader.subscribe("#")
        reader.publish("status", b"online", retain=True)
        broker.kill()
        wait_until("its clients know", lambda: reader.ends)
        broker.child.start()
        broker.hear(Ready)
        wait_until("its client is back", lambda: reader.is_connected)
        reader.retained.clear()
        reader.subscribe("#")
        reader.publish("count", b"1", retain=True)
        wait_until("what is new", lambda: reader.heard("count") == [b"1"])
        assert "status" not in reader.retained
