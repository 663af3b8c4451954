"""Orders from the supervisor to its processes, and their reports: one socket at the supervisor, one at each process."""

from __future__ import annotations

import os
from pathlib import Path

import zmq

from appliance.ipc.channel import RECONNECT_MS
from appliance.ipc.heartbeat import Heartbeat
from appliance.messages.message import Unpacker, pack
from appliance.messages.orders import Begin, Checkpoint, ModelInfo, Order, SiteOrder, SourceInfo
from appliance.messages.reports import (
    Began,
    CameraCondition,
    CameraDrift,
    Condition,
    Drained,
    DriftHealth,
    Finished,
    ProcessCondition,
    Ready,
    Refused,
    Report,
    Swapping,
)

LAST_WORDS_MS = 1000


def _address(folder: Path) -> str:
    return f"ipc://{folder / 'command'}"


def _name_of_life(process: str, pid: int) -> bytes:
    """Each life of a process has an address of its own, so that nothing meant for one comes to another."""
    return f"{process}/{pid}".encode()


class CommandPost:
    """The supervisor's end."""

    def __init__(self, folder: Path) -> None:
        self._unpacker: Unpacker[Report] = Unpacker(Report)
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.bind(_address(folder))

    def order(self, process: str, pid: int, order: Order | SiteOrder) -> None:
        """Send an order to a process that has reported already; it is lost with that process."""
        self.socket.send_multipart([_name_of_life(process, pid), pack(order)])

    def take(self) -> tuple[str, Report] | None:
        """The next report with the name of its process, if one is there."""
        try:
            life, content = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        return life.decode().partition("/")[0], self._unpacker.decode(content)

    def close(self) -> None:
        """Free the address."""
        self.socket.close()


class CommandLink:
    """A process's end."""

    def __init__(self, folder: Path, process: str) -> None:
        self.folder = folder
        self.stopping = False
        """Set when the process is told to stop; its main loop then ends."""
        self.heart = Heartbeat()
        self._unpacker: Unpacker[Order] = Unpacker(Order)
        self._site_unpacker: Unpacker[SiteOrder] = Unpacker(SiteOrder)
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.set(zmq.IDENTITY, _name_of_life(process, os.getpid()))
        self.socket.set(zmq.LINGER, LAST_WORDS_MS)
        self.socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
        self.socket.connect(_address(folder))

    def take(self) -> Order | None:
        """The next order, if one is there."""
        try:
            return self._unpacker.decode(self.socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            return None

    def take_site(self) -> SiteOrder | None:
        """The same, for a process that tells others of the site."""
        try:
            return self._site_unpacker.decode(self.socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            return None

    def ready(self, model: ModelInfo | None = None) -> None:
        """Report that the process is up."""
        self._report(Ready(os.getpid(), model))

    def began(self, order: Begin, checkpoint: Checkpoint | None = None, source: SourceInfo | None = None) -> None:
        """Report that the epoch of ``order`` has begun here."""
        self._report(Began(os.getpid(), order.camera, order.epoch, checkpoint, source))

    def camera_is(self, camera: str, condition: Condition, source: SourceInfo | None, connections: int) -> None:
        """Report how a camera is."""
        self._report(CameraCondition(os.getpid(), camera, condition, source, connections))

    def has_drifted(self, camera: str, drift: DriftHealth) -> None:
        """Report whether a camera still shows what it did."""
        self._report(CameraDrift(os.getpid(), camera, drift))

    def process_is(self, condition: Condition) -> None:
        """Report how the work of this process goes."""
        self._report(ProcessCondition(os.getpid(), condition))

    def drained(self) -> None:
        """Report that nothing waits any more."""
        self._report(Drained(os.getpid()))

    def swapping(
        self, number: int, step: str, sentence: str = "", figures: dict[str, float] | None = None, model: ModelInfo | None = None
    ) -> None:
        """Report a step of a swap."""
        self._report(Swapping(os.getpid(), number, step, sentence, figures or {}, model))

    def finished(self, camera: str, epoch: int, problem: str) -> None:
        """Report that a camera's stream has been counted to its end."""
        self._report(self.heart.report())
        self._report(Finished(os.getpid(), camera, epoch, problem))

    def refuse(self, sentence: str, *, usage: bool) -> None:
        """Report that this process cannot work."""
        self._report(Refused(os.getpid(), sentence, usage))

    def beat(self) -> None:
        """Report that the main loop is alive, if that is due."""
        report = self.heart.beat()
        if report is not None:
            self._report(report)

    def close(self) -> None:
        """Close this and every wire of the process, after the last words are out: what was done, or why nothing can be."""
        self._report(self.heart.report())
        zmq.Context.instance().destroy()

    def _report(self, report: Report) -> None:
        self.socket.send(pack(report))
