"""Requests to a running machine from other programs of its user, each with an answer."""

from __future__ import annotations

from pathlib import Path

import zmq

from appliance.messages import Answer, Request, Unpacker, pack


def _address(folder: Path) -> str:
    return f"ipc://{folder / 'requests'}"


class RequestDesk:
    """The machine's end."""

    def __init__(self, folder: Path) -> None:
        self._unpacker: Unpacker[Request] = Unpacker(Request)
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.bind(_address(folder))
        self._asker = b""

    def take(self) -> Request | None:
        """The next request, if there is one; it must be answered before the next is taken."""
        try:
            self._asker, _, content = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        return self._unpacker.decode(content)

    def answer(self, answer: Answer) -> None:
        """To the request that was taken last; who has gone hears nothing."""
        self.socket.send_multipart([self._asker, b"", pack(answer)])

    def close(self) -> None:
        """Free the address."""
        self.socket.close()


def ask(folder: Path, request: Request, patience_s: float) -> Answer | None:
    """What the machine with this folder answers; None where it does not within this time."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
    socket.set(zmq.LINGER, 0)
    socket.connect(_address(folder))
    try:
        socket.send(pack(request))
        if not socket.poll(round(patience_s * 1000)):
            return None
        return Unpacker[Answer](Answer).decode(socket.recv())
    finally:
        socket.close()
