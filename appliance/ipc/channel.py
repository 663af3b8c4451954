"""The wires of ``topics`` as ZeroMQ sockets on ipc://, and waiting on several at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import zmq

from appliance.messages import Unpacker, pack
from appliance.topics import Topic

M = TypeVar("M")
# A restarted reader is found again at once.
RECONNECT_MS = 20


def address_of(folder: Path, topic: Topic[M], owner: str) -> str:
    """Where the wire of one device, shard or camera ends."""
    return f"ipc://{folder / topic.name}.{owner}"


class Readable(Protocol):
    """Anything that ``wait`` waits for."""

    socket: zmq.Socket[bytes]


class Receiver(Generic[M]):
    """The reading end; it is one, and it binds."""

    def __init__(self, folder: Path, topic: Topic[M], owner: str) -> None:
        self._unpacker: Unpacker[M] = Unpacker(topic.message)
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PULL)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RCVHWM, topic.depth)
        self.socket.bind(address_of(folder, topic, owner))

    def take(self) -> M | None:
        """The next message, if one is there."""
        try:
            return self._unpacker.decode(self.socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            return None


class Sender(Generic[M]):
    """A writing end."""

    def __init__(self, folder: Path, topic: Topic[M], owner: str) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUSH)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.SNDHWM, topic.depth)
        self._socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
        self._socket.connect(address_of(folder, topic, owner))

    def send(self, message: M) -> None:
        """Never waits: credits keep the wire from filling up. ``zmq.Again`` would mean that they do not."""
        self._socket.send(pack(message), zmq.NOBLOCK)

    def close(self) -> None:
        """Nothing more is sent."""
        self._socket.close()


class Broadcaster(Generic[M]):
    """The writing end of a wire that anybody may listen to: it binds, and never waits for a listener."""

    def __init__(self, folder: Path, topic: Topic[M], owner: str) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.SNDHWM, topic.depth)
        self._socket.bind(address_of(folder, topic, owner))

    def send(self, message: M) -> None:
        """To all who listen now."""
        self._socket.send(pack(message), zmq.NOBLOCK)

    def close(self) -> None:
        """Free the address."""
        self._socket.close()


class Listener(Generic[M]):
    """A reading end of a broadcast."""

    def __init__(self, folder: Path, topic: Topic[M], owner: str) -> None:
        self._unpacker: Unpacker[M] = Unpacker(topic.message)
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RCVHWM, topic.depth)
        self.socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
        self.socket.subscribe(b"")
        self.socket.connect(address_of(folder, topic, owner))

    def take(self) -> M | None:
        """The oldest message that has not been taken, if there is one."""
        try:
            return self._unpacker.decode(self.socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            return None

    def close(self) -> None:
        """Listen no more."""
        self.socket.close()


def wait(readables: Sequence[Readable], timeout_s: float) -> None:
    """Until one of them has something, or the time is over."""
    poller = zmq.Poller()
    for readable in readables:
        poller.register(readable.socket, zmq.POLLIN)
    poller.poll(max(0, round(timeout_s * 1000)))
