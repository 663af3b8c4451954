"""What processes tell the supervisor; see ``ipc.command``."""

from __future__ import annotations

from appliance.latency import NONE, Buckets
from appliance.messages.message import Message
from appliance.messages.orders import Checkpoint, ModelInfo, SourceInfo


class Condition(Message, frozen=True):
    """How a part of the machine is: ``starting``, ``ok``, ``degraded`` or ``down``, and why."""

    state: str
    reason: str = ""


class CameraCondition(Message, frozen=True):
    """Report of a decoder, whenever it changes: how its camera is, what is connected, and how often it has been."""

    pid: int
    camera: str
    condition: Condition
    source: SourceInfo | None = None
    connections: int = 0


class DriftHealth(Message, frozen=True):
    """Whether a camera shows, and the model finds, what they used to: ``learning``, ``steady`` or ``drifting``, since when (wall
    clock) and why; ``light`` is ``day`` or ``night``, ``learned`` the share of its baseline that is known, and ``levels`` are how
    far each statistic is from it, as a multiple of what is tolerated.
    """

    state: str
    since_ns: int
    sentence: str = ""
    light: str = ""
    learned: float = 0.0
    levels: dict[str, float] = {}


class CameraDrift(Message, frozen=True):
    """Report of the detector after each window: how a camera has changed."""

    pid: int
    camera: str
    drift: DriftHealth


class ProcessCondition(Message, frozen=True):
    """Report of a process that is up, whenever it changes: how its work goes."""

    pid: int
    condition: Condition


class Drained(Message, frozen=True):
    """Report of the publisher: nothing that was counted waits any more."""

    pid: int


class Ready(Message, frozen=True):
    """Report: the process is up. ``model`` comes from the detector alone."""

    pid: int
    model: ModelInfo | None = None


class Began(Message, frozen=True):
    """Report: the epoch has begun here. ``checkpoint`` comes from the counter, and from a tracker that has told the counter of
    newer frames again; ``source`` from the decoder.
    """

    pid: int
    camera: str
    epoch: int
    checkpoint: Checkpoint | None = None
    source: SourceInfo | None = None


class Beat(Message, frozen=True):
    """Report: alive, and what was done since the start of the process.

    ``skipped`` frames were decoded but not passed on, because the others were busy, ``stale`` ones because they came too late;
    ``latency_ns`` is the sum, ``worst_latency_ns`` the largest, and ``latencies`` the histogram (see ``latency``) of the times
    from the arrival of a frame until this process was done with it. ``waiting`` crossings have not been sent yet.
    ``memory_bytes`` are resident now, the pages of rings included. ``batches`` are those that the network has answered, by how
    many pictures were in them; ``batch_ns`` is the sum, ``batch_times`` the histogram of the times that this took. ``tracks``
    are in the newest frame of each camera; ``stale_of`` says whose frames were stale, where several cameras come together.
    """

    pid: int
    frames: int = 0
    skipped: int = 0
    damaged: int = 0
    busy_ns: int = 0
    cpu_ns: int = 0
    peak_memory_bytes: int = 0
    latency_ns: int = 0
    worst_latency_ns: int = 0
    stale: int = 0
    latencies: Buckets = NONE
    waiting: int = 0
    memory_bytes: int = 0
    batches: dict[int, int] = {}
    batch_ns: int = 0
    batch_times: Buckets = NONE
    tracks: dict[str, int] = {}
    stale_of: dict[str, int] = {}


class Swapping(Message, frozen=True):
    """Report of who takes part in the swap of that number: what is done.

    ``shadowed``, ``agrees``, ``differs`` (the candidate); ``learned`` (the counter); ``loaded``, ``failed`` (it cannot be),
    ``taken``, ``switched`` (it has answered for the first time), ``kept``, ``returned`` (the detector).
    """

    pid: int
    number: int
    step: str
    sentence: str = ""
    figures: dict[str, float] = {}
    model: ModelInfo | None = None


class Finished(Message, frozen=True):
    """Report of the counter: everything up to the end of the stream is in the ledger."""

    pid: int
    camera: str
    epoch: int
    problem: str = ""


class Refused(Message, frozen=True):
    """Report: this process cannot work, and a restart would not help."""

    pid: int
    sentence: str
    usage: bool = False


Report = Ready | Began | Beat | CameraCondition | CameraDrift | ProcessCondition | Drained | Swapping | Finished | Refused
