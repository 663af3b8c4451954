"""The wires of ``topics`` as ZeroMQ sockets on ipc://, and waiting on several at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import zmq

from appliance.messages.message import Unpacker, pack
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


class Showcase(Generic[M]):
    """A broadcast by subject: it knows which ones somebody listens to, and sends nothing else. The writing end."""

    def __init__(self, folder: Path, topic: Topic[M], owner: str) -> None:
        self._wanted: set[bytes] = set()
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.XPUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.SNDHWM, topic.depth)
        self._socket.bind(address_of(folder, topic, owner))

    def look(self) -> None:
        """Hear who has come and gone."""
        while self._socket.poll(0):
            news = self._socket.recv(zmq.NOBLOCK)
            if news[:1] == b"\x01":
                self._wanted.add(news[1:])
            else:
                self._wanted.discard(news[1:])

    def is_wanted(self, subject: str) -> bool:
        """Whether somebody listens, as of the last look."""
        return bool(self._wanted) and _subject(subject) in self._wanted

    def send(self, subject: str, message: M) -> None:
        """To all who listen to this now."""
        self._socket.send_multipart([_subject(subject), pack(message)], zmq.NOBLOCK)

    def close(self) -> None:
        """Free the address."""
        self._socket.close()


def _subject(name: str) -> bytes:
    # Subjects are compared by how they begin; no name goes on behind its end.
    return f"{name}\n".encode()


class Listener(Generic[M]):
    """A reading end of a broadcast."""

    def __init__(self, folder: Path, topic: Topic[M], owner: str, *, chooses: bool = False) -> None:
        """Hear everything, or, who ``chooses``, the subjects that are then chosen."""
        self._unpacker: Unpacker[M] = Unpacker(topic.message)
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RCVHWM, topic.depth)
        self.socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
        if not chooses:
            self.socket.subscribe(b"")
        self.socket.connect(address_of(folder, topic, owner))

    def take(self) -> M | None:
        """The oldest message that has not been taken, if there is one."""
        try:
            return self._unpacker.decode(self.socket.recv_multipart(zmq.NOBLOCK)[-1])
        except zmq.Again:
            return None

    def choose(self, subject: str) -> None:
        """Hear of this, too."""
        self.socket.subscribe(_subject(subject))

    def leave(self, subject: str) -> None:
        """Hear of this no more."""
        self.socket.unsubscribe(_subject(subject))

    def close(self) -> None:
        """Listen no more."""
        self.socket.close()


def wait(readables: Sequence[Readable], timeout_s: float) -> None:
    """Until one of them has something, or the time is over."""
    poller = zmq.Poller()
    for readable in readables:
        poller.register(readable.socket, zmq.POLLIN)
    poller.poll(max(0, round(timeout_s * 1000)))
