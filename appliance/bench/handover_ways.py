"""Two ways of a frame into another process: our ring with its tickets, and Python's queue with its pickles."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import zmq

from appliance.clock import monotonic_ns
from appliance.errors import Refusal
from appliance.ipc.channel import Receiver, Sender, wait
from appliance.ipc.frame_ring import FrameRing, Pixels, RingFile, RingReaders, RingSize
from appliance.messages.frames import EndOfStream, FrameTicket
from appliance.running import stopping_on_signals
from appliance.topics import TICKETS

SPAWN = multiprocessing.get_context("spawn")
CAMERA = "bench"
PATIENCE_S = 30.0
IDLE_S = 0.1
# Of a frame that was overwritten before it was seen: the reader was held up.
OVERTAKEN = 0


class Reader:
    """The other process: says when it is ready, and in the end when each frame came."""

    def __init__(self, target: Any, *arguments: object) -> None:
        self._pipe, self._theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=target, args=(self._theirs, *arguments), daemon=True)

    def start(self) -> None:
        """Start it, and wait until it is ready.

        A signal in the middle of that would leave a process that complains of half a start, so it has effect afterwards; and
        Ctrl-C never reaches the other process, which inherits that it is blocked.
        """
        # Starting it unblocks signals.
        resource_tracker.ensure_running()
        with stopping_on_signals() as stopper:
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            self._process.start()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._theirs.close()
        if stopper.is_set:
            raise KeyboardInterrupt
        self.hear()

    def hear(self) -> Any:
        """The next thing that it says."""
        try:
            if self._pipe.poll(PATIENCE_S):
                return self._pipe.recv()
        except EOFError:
            pass
        raise Refusal("the process that reads the frames does not answer")

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self._pipe.close()


class RingWay:
    """The pipeline's own: written into a slot of a ring, told by a ticket, seen where it lies."""

    SLOTS = 8

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self._height, self._width = shape
        self._sockets = tempfile.TemporaryDirectory(prefix="ring-", dir=folder)
        self._file = RingFile(RingSize(self.SLOTS, self._height * self._width * 3, 0))
        self._ring = FrameRing(self._file.path, writable=True)
        self._reader = Reader(read_tickets, self._sockets.name)

    def __enter__(self) -> RingWay:
        try:
            self._reader.start()
            self._tickets = Sender(Path(self._sockets.name), TICKETS, "device")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave nothing."""
        self._reader.close()
        # This process has no other wires at this time.
        zmq.Context.instance().destroy()
        self._file.close()
        self._sockets.cleanup()

    def send(self, number: int, picture: Pixels) -> None:
        """Hand a frame over."""
        slot = number % self.SLOTS
        self._ring.begin(slot)
        self._ring.input_picture(slot, self._height, self._width)[:] = picture
        generation = self._ring.commit(slot)
        self._tickets.send(self._ticket(number, slot, generation))

    def _ticket(self, number: int, slot: int, generation: int) -> FrameTicket:
        height, width = self._height, self._width
        return FrameTicket(
            *(CAMERA, 1, number, 0, 0, "arrival", 0, 0),
            *(width, height, self._file.path, slot, generation),
            *(height, width, 0, 0),
        )

    def received_ns(self) -> list[int]:
        """When each frame could be seen."""
        self._tickets.send(EndOfStream(CAMERA, 1))
        return list(self._reader.hear())


def read_tickets(pipe: Connection, folder: str) -> None:
    """The reader of a ``RingWay``: waits as the detect process does."""
    tickets, rings = Receiver(Path(folder), TICKETS, "device"), RingReaders()
    pipe.send("ready")
    received_ns: list[int] = []
    while True:
        message = tickets.take()
        if message is None:
            wait((tickets,), IDLE_S)
        elif isinstance(message, EndOfStream):
            break
        else:
            is_whole = rings.holds(message) and rings.input_picture(message).size > 0
            received_ns.append(monotonic_ns() if is_whole else OVERTAKEN)
    pipe.send(received_ns)


class QueueWay:
    """Python's own: ``multiprocessing.Queue``, which pickles the array into a pipe."""

    def __init__(self) -> None:
        self._queue: Any = SPAWN.Queue()
        self._reader = Reader(read_queue, self._queue)

    def __enter__(self) -> QueueWay:
        try:
            self._reader.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave nothing."""
        self._reader.close()
        self._queue.cancel_join_thread()
        self._queue.close()

    def send(self, number: int, picture: Pixels) -> None:
        """Hand a frame over."""
        del number
        self._queue.put(picture)

    def received_ns(self) -> list[int]:
        """When each frame could be seen."""
        self._queue.put(None)
        return list(self._reader.hear())


def read_queue(pipe: Connection, queue: Any) -> None:
    """The reader of a ``QueueWay``."""
    pipe.send("ready")
    received_ns: list[int] = []
    while queue.get() is not None:
        received_ns.append(monotonic_ns())
    pipe.send(received_ns)
