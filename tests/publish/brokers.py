"""A real mosquitto on loopback, which tests start, kill, freeze and start again; and a subscriber that remembers everything."""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.waiting import wait_until

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="a real broker is needed: scripts/install --system")
LOWEST_PORT = 10_000
SETTINGS = """\
listener {port} 127.0.0.1
{more}
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
max_inflight_messages {inflight}
"""


def free_port() -> int:
    """One that nobody has now, and that the system gives to nobody who asks for any: those are of a range of its own."""
    first_of_system = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    own = range(LOWEST_PORT, first_of_system)
    while True:
        # Not as other tests choose that run at the same time, or after the same seed.
        wanted = random.SystemRandom().choice(own) if own else 0
        with suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", wanted))
            return int(one.getsockname()[1])


class Mosquitto:
    """A broker. Use as a context."""

    def __init__(self, folder: Path, *more: str, inflight: int = 20) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        # As root, it would become another user, who may not write here.
        settings = ("user root", *(more or ("allow_anonymous true",)))
        self._settings = folder / "mosquitto.conf"
        text = SETTINGS.format(port=self.port, folder=folder, more="\n".join(settings), inflight=inflight)
        self._settings.write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def address(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._settings)], stderr=subprocess.DEVNULL)
        wait_until("the broker listens", self._listens)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """In good order: what it holds is written down."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            wait_until("the broker ends", self._has_ended)
            self._process = None

    def _has_ended(self) -> bool:
        """It listens before it takes a signal to heart, and forgets one that came in between."""
        assert self._process is not None
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self._process.poll() is not None

    def kill(self) -> None:
        """As when the power goes."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Subscriber:
    """Hears everything below a prefix, with a session that outlives connections. Use as a context."""

    def __init__(self, port: int, topics: str = "#", client_id: str = "listener") -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []
        """Topic and message, in the order in which they came; without those that were retained."""
        self.retained: dict[str, dict[str, Any]] = {}
        """The newest of every topic that says what holds now."""
        self._port, self._topics = port, topics
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._is_subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()

    def __enter__(self) -> Subscriber:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 600
        self._client.connect("127.0.0.1", self._port, 5, clean_start=False, properties=properties)
        self._client.loop_start()
        assert self._is_subscribed.wait(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, *_: Any) -> None:
        self._client.subscribe(self._topics, qos=1)

    def _on_message(self, client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
        del client, data
        content = json.loads(message.payload) if message.payload else {}
        with self._lock:
            if message.topic.rpartition("/")[2] in ("status", "count", "config"):
                self.retained[message.topic] = content
            else:
                self.messages.append((message.topic, content))

    @property
    def events(self) -> int:
        """How many different crossings have come."""
        return len({content["event_id"] for content in self.of("crossing")})

    def of(self, ending: str) -> list[dict[str, Any]]:
        """The messages of one kind of topic."""
        with self._lock:
            return [content for topic, content in self.messages if topic.endswith(f"/{ending}")]
