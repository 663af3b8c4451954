"""Everything that crosses a process boundary: frozen structs, packed as MessagePack.

Four travel along the pipeline (see ``topics``), the rest between the supervisor and its processes (see ``ipc.command``).
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from appliance.boxes import Detections, Tracks
from appliance.latency import NONE, Buckets
from appliance.letterbox import InputRule


class Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The base of all of them."""


# Of a frame whose pixels are gone, and whose credit was given back before.
NO_SLOT = -1


class FrameTicket(Message, frozen=True):
    """A frame whose pixels wait in a slot of the camera's ring.

    ``epoch`` counts the starts of the camera; what bears an older one is of a run that has been rewound. ``pts_ns`` is media
    time; ``capture_ns`` wall clock (UTC) of the capture by ``clock`` (``camera`` or ``arrival``); ``arrived_ns`` the
    monotonic time at which the frame was here, and ``expires_ns`` when it is too old to be looked at, 0 for never. Sizes are
    pixels. ``skipped`` frames came before it, behind the last ticket, and were not passed on.
    """

    camera: str
    epoch: int
    frame: int
    pts_ns: int
    capture_ns: int
    clock: str
    arrived_ns: int
    expires_ns: int
    source_width: int
    source_height: int
    ring: str
    slot: int
    generation: int
    input_height: int
    input_width: int
    preview_height: int
    preview_width: int
    skipped: int = 0


class EndOfStream(Message, frozen=True):
    """No more frames in this epoch; ``problem`` is a sentence if the source should have gone on."""

    camera: str
    epoch: int
    problem: str = ""


class DetectedFrame(Message, frozen=True):
    """A frame and what the detector saw in it."""

    ticket: FrameTicket
    detections: Detections


class TrackedFrame(Message, frozen=True):
    """A frame, its tracks, and the tracker's state after it."""

    ticket: FrameTicket
    tracks: Tracks
    state: bytes


class SkippedFrame(Message, frozen=True):
    """A frame that nobody will look at any more, because it has become too old; it goes all the way, so that its credit comes
    back.
    """

    ticket: FrameTicket


class Credit(Message, frozen=True):
    """The pipeline is done with a frame: its slot is free, and one more may come."""

    camera: str
    epoch: int
    frame: int


# Between the supervisor and its processes.


class ModelInfo(Message, frozen=True):
    """What the detector loaded, and on what it runs."""

    names: tuple[str, ...]
    rule: InputRule
    backend: str
    is_outdated: bool = False
    """Whether there is an engine of TensorRT's of it that fitted once, and does not any more."""


class SourceInfo(Message, frozen=True):
    """What a decoder opened; ``frames`` is what the container promises, 0 if it does not say."""

    width: int
    height: int
    frames_per_second: float
    frames: int
    decoder: str


class Checkpoint(Message, frozen=True):
    """The state after ``frame``, which no crossing outruns; frame -1 is the beginning."""

    frame: int = -1
    pts_ns: int = 0
    tracker: bytes = b""
    counter: bytes = b""


class Begin(Message, frozen=True):
    """Order: start this camera's ``epoch`` after the checkpoint. ``model`` and ``ring`` are known by the time it is given.

    ``settings`` are the camera's own, JSON, as of now: who gets the order may never have heard of this camera, or of these
    lines. ``shard`` is the track process that its boxes go to.
    """

    camera: str
    epoch: int
    checkpoint: Checkpoint
    model: ModelInfo
    ring: str
    settings: str = ""
    shard: str = ""


class Forget(Message, frozen=True):
    """Order: this camera is no more."""

    camera: str


class Describe(Message, frozen=True):
    """Order: these are the cameras now, their settings as JSON; on every start and whenever they change."""

    cameras: tuple[str, ...]


class Drain(Message, frozen=True):
    """Order: all has been counted; say so when all of it has been sent, too."""


class Rescale(Message, frozen=True):
    """Order to a decoder: from now on write pictures for a network with this rule, into this ring."""

    camera: str
    rule: InputRule
    ring: str


class Learn(Message, frozen=True):
    """Order to the counter, for the swap of that number: these are the classes now; those that were known have kept their
    numbers.
    """

    number: int
    names: tuple[str, ...]


class Switch(Message, frozen=True):
    """Order to the detector: load another network, and say when it is there. ``settings`` are its own with that network, JSON."""

    number: int
    settings: str


class Take(Message, frozen=True):
    """Order to the detector: ask the network that was loaded from now on, and watch how it does.

    ``names`` are the classes of the machine, in whose numbers it answers; ``gates``, JSON, is what it must keep to.
    """

    number: int
    names: tuple[str, ...]
    gates: str


class Return(Message, frozen=True):
    """Order to the detector: ask the network again that was asked before."""

    number: int


class LearnAnew(Message, frozen=True):
    """From another program to the machine, and order to the detector: what this camera shows from now on is how it shall be."""

    camera: str
    author: str = ""


# To those who work on frames, and to those who tell others of the site.
Order = Begin | Forget | Rescale | Learn | Switch | Take | Return | LearnAnew
SiteOrder = Describe | Drain


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


class Viewed(Message, frozen=True):
    """A frame that has just been counted, for who looks on; its pixels are overwritten soon. ``names`` are the classes."""

    ticket: FrameTicket
    tracks: Tracks
    names: tuple[str, ...]


class Recall(Message, frozen=True):
    """From the control plane to the counter: what was on this camera lately?"""

    camera: str


class Remembered(Message, frozen=True):
    """A frame of the last minutes, as it was counted; times as in ``FrameTicket``."""

    frame: int
    pts_ns: int
    capture_ns: int
    tracks: Tracks


class Recalled(Message, frozen=True):
    """The last minutes of a camera, oldest first, each packed; all of frames of one size, pixels."""

    frame_width: int
    frame_height: int
    names: tuple[str, ...]
    frames: tuple[bytes, ...]


class GuestPicture(Message, frozen=True):
    """A picture of nobody's camera, (height, width, 3) RGB, for the detector; of no use after ``expires_ns``, monotonic."""

    height: int
    width: int
    pixels: bytes
    expires_ns: int


class GuestSeen(Message, frozen=True):
    """What the detector saw in it, of all classes, boxes in its pixels; or, as a sentence, why nothing."""

    detections: Detections
    names: tuple[str, ...]
    problem: str = ""


class Request(Message, frozen=True):
    """From another program to the machine: read the site's file again and become what it says; or, with ``is_trial``, only say
    whether that could be, of the file or of a ``text`` that may come to stand in it.
    """

    is_trial: bool = False
    text: str = ""


class Activate(Message, frozen=True):
    """From another program to the machine: bring this model in the place of the one that counts. ``is_forced``: also where the
    two do not see the same. An empty name stands for the model that was kept before the one that counts.
    """

    model: str
    author: str = ""
    is_forced: bool = False


class CallOff(Message, frozen=True):
    """From another program to the machine: whatever is being swapped stays, or becomes again, as it was."""

    author: str = ""


class Answer(Message, frozen=True):
    """What came of a request: what is different now, or why nothing is."""

    is_done: bool
    sentence: str


class ProcessHealth(Message, frozen=True):
    """A process at one moment; counts are of all its lives, times since when it is so wall clock (UTC)."""

    name: str
    condition: Condition
    since_ns: int
    pid: int
    restarts: int
    frames: int
    latency_p50_ns: int
    latency_p99_ns: int
    """From a frame's arrival until this process was done with it; 0 for decoders."""
    memory_bytes: int
    """The most that it has used."""
    cpu_ns: int
    waiting: int = 0
    """What has not been sent yet."""
    worked_ns: int = 0
    """When the last frame came to it, wall clock, within a second; 0 where none has."""
    work: Beat = Beat(0)
    """All that it has told of its work."""


class CameraHealth(Message, frozen=True):
    """A camera at one moment: what came in, and what of that was not looked at, by cause."""

    name: str
    condition: Condition
    since_ns: int
    source: SourceInfo | None
    connections: int
    frames: int
    skipped_busy: int
    skipped_stale: int
    damaged: int
    drift: DriftHealth | None = None
    """None where nobody watches for it."""


class SwapHealth(Message, frozen=True):
    """The newest swap: which model, how far, since when (wall clock), what was measured; ``step`` as in the journal."""

    number: int
    model: str
    step: str
    since_ns: int
    is_over: bool
    sentence: str
    figures: dict[str, float]


class DeviceHealth(Message, frozen=True):
    """A Jetson, or one GPU, at one moment: how it is, since when (wall clock), and what is measured of it.

    ``software`` is its release or its driver. By part (``gpu``, ``nvdec``, a thermometer, a rail): shares of the time at work,
    0..1; clocks; temperatures; power. By kind: what has befallen it. What is not known of it is not there.
    """

    name: str
    kind: str
    """``jetson`` or ``gpu``."""
    model: str
    software: str
    condition: Condition
    since_ns: int = 0
    power_mode: str = ""
    loads: dict[str, float] = {}
    clocks_hz: dict[str, int] = {}
    temperatures_c: dict[str, float] = {}
    powers_w: dict[str, float] = {}
    events: dict[str, int] = {}
    memory_bytes: int = 0
    memory_used_bytes: int = 0


class Health(Message, frozen=True):
    """How the whole machine is."""

    time_ns: int
    processes: tuple[ProcessHealth, ...]
    cameras: tuple[CameraHealth, ...]
    model: ModelInfo | None = None
    """What the detector loaded; None until it has."""
    model_name: str = ""
    """As in the configuration."""
    swap: SwapHealth | None = None
    data_dir: str = ""
    """Where its models and its journal are, for programs on this computer."""
    devices: tuple[DeviceHealth, ...] = ()
    """What it runs on, where that can be asked."""


Report = Ready | Began | Beat | CameraCondition | CameraDrift | ProcessCondition | Drained | Swapping | Finished | Refused


class Committed(Message, frozen=True):
    """News from the counter: there are crossings or intervals in the ledger that were not there before, for the n-th time."""

    number: int


T = TypeVar("T")


def _pack_array(array: object) -> tuple[str, tuple[int, ...], bytes]:
    if isinstance(array, np.ndarray):
        return array.dtype.str, array.shape, array.tobytes()
    raise NotImplementedError(f"a message cannot hold a {type(array).__name__}")


def _unpack_array(kind: type, packed: Any) -> Any:
    dtype, shape, content = packed
    return np.frombuffer(bytearray(content), dtype).reshape(shape)


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack_array)


def pack(message: object) -> bytes:
    """A message, or any struct or dataclass of plain values and arrays, as bytes."""
    return _encoder.encode(message)


class Unpacker(Generic[T]):
    """Reads one type, checked field by field."""

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind, dec_hook=_unpack_array)

    def decode(self, content: bytes) -> T:
        """The message in ``content``; raises ``msgspec.ValidationError`` where it does not fit."""
        return self._decoder.decode(content)
