"""What each process is handed: its own settings, never the whole."""

from __future__ import annotations

from pathlib import Path

from pydantic import ConfigDict

from appliance.config import (
    CameraSettings,
    ControlSettings,
    CounterSettings,
    DetectorSettings,
    DriftSettings,
    GateSettings,
    MqttSettings,
    RetentionSettings,
    TrackerSettings,
)
from appliance.counted import Settings


class DecodeProcess(Settings):
    """One camera's decoder."""

    camera: CameraSettings


class DetectProcess(Settings):
    """The detector of a device."""

    detector: DetectorSettings
    low_score: float
    classes: tuple[str, ...]
    """Everything that some line counts; nothing named means all."""
    named: tuple[str, ...]
    """Everything that some line names. Refused where the model does not know one."""
    stores: tuple[Path, ...]
    """Where a model is looked for that is named; the first that has it."""
    is_live: bool
    takes_guests: bool
    """Whether the control plane may send pictures of its own."""
    burst: int
    """Answers that are handed on together, while others are under way."""
    drift: DriftSettings | None = None
    """None: nobody watches whether live cameras still show what they did."""
    baselines: Path | None = None
    """Where it is kept what they did show; None: nowhere."""
    built: Path | None = None
    """Where the engines are that this device has built; None: there are none."""


class CandidateProcess(Settings):
    """A model in the shadow of the one that counts."""

    # All that a camera has is one text here.
    model_config = ConfigDict(str_max_length=None)

    number: int
    """Of the swap."""
    detect: DetectProcess
    gates: GateSettings
    tracker: TrackerSettings
    counter: CounterSettings
    names: tuple[str, ...]
    """The machine's classes."""
    live_names: tuple[str, ...]
    """Those of the model that counts."""
    cameras: tuple[str, ...]
    """Their settings, JSON."""


class TrackProcess(Settings):
    """The trackers of a shard of cameras."""

    shard: str
    tracker: TrackerSettings
    confidence: float


class CountProcess(Settings):
    """The counters of all cameras, and the ledger."""

    counter: CounterSettings
    ledger: Path
    run: str
    intervals_min: tuple[int, ...]
    retention: RetentionSettings | None = None
    """None: nothing is ever deleted; the ledger of a job is its result."""
    recalls: bool = False
    """Whether the control plane may ask for the tracks of the last minutes."""
    outbox: Path | None = None
    """Where it stands what a broker has acknowledged; None where nothing is sent."""


class PublishProcess(Settings):
    """The publisher."""

    site: str
    mqtt: MqttSettings
    time_zone: str
    ledger: Path
    outbox: Path
    run: str


class BrokerProcess(Settings):
    """The embedded broker."""

    bind: str
    port: int


class ControlProcess(Settings):
    """The control plane."""

    site: str
    run: str
    control: ControlSettings
    counter: CounterSettings
    confidence: float
    """Of the detector; below it nobody begins a track."""
    time_zone: str
    ledger: Path
    site_file: Path | None
