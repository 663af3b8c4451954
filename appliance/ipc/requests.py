"""Questions to a running machine, each with an answer: from other programs of its user, and from the control plane."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import zmq

from appliance.messages.message import Unpacker, pack
from appliance.topics import Desk

Q = TypeVar("Q")
A = TypeVar("A")

logger = logging.getLogger(__name__)


def _address(folder: Path, desk: Desk[Q, A]) -> str:
    return f"ipc://{folder / desk.name}"


class RequestDesk(Generic[Q, A]):
    """The end that answers."""

    def __init__(self, folder: Path, desk: Desk[Q, A]) -> None:
        self._unpacker: Unpacker[Q] = Unpacker(desk.question)
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.bind(_address(folder, desk))
        self._asker = b""

    def take(self) -> Q | None:
        """The next question, if there is one; it must be answered before the next is taken. What is none is passed over."""
        # Asked about every frame: cheaper than an exception.
        while self.socket.poll(0):
            parts = self.socket.recv_multipart(zmq.NOBLOCK)
            try:
                self._asker, _, content = parts
                return self._unpacker.decode(content)
            except (ValueError, msgspec.MsgspecError) as error:
                # Perhaps a program of another version.
                logger.error("a question of %d bytes is none that is known here: %s", len(parts[-1]), error)
        return None

    def answer(self, answer: A) -> None:
        """To the question that was taken last; who has gone hears nothing."""
        self.socket.send_multipart([self._asker, b"", pack(answer)])

    def close(self) -> None:
        """Free the address."""
        self.socket.close()


def ask(folder: Path, desk: Desk[Q, A], question: Q, patience_s: float) -> A | None:
    """What is answered there; None where nothing is within this time."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
    socket.set(zmq.LINGER, 0)
    socket.connect(_address(folder, desk))
    try:
        socket.send(pack(question))
        if not socket.poll(round(patience_s * 1000)):
            return None
        return Unpacker[A](desk.answer).decode(socket.recv())
    finally:
        socket.close()
