"""How everything is, as the supervisor tells it to whoever listens."""

from __future__ import annotations

from appliance.messages.message import Message
from appliance.messages.orders import ModelInfo, SourceInfo
from appliance.messages.reports import Beat, Condition, DriftHealth


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
