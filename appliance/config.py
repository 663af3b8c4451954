"""Settings of a site and of its processes. Unknown keys are refused, and every error is one sentence that names the place."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from appliance.counted import MOST_CLASSES, ClassName, LineSettings, Name, Settings, Share, ZoneSettings
from appliance.errors import Refusal
from appliance.misspelt import meant

MINUTES_PER_DAY = 1440
DATA_DIR = Path("~/.local/share/appliance")
# Lines and zones of a camera, and cameras of a site: more is a mistake, not a wish.
MOST_COUNTED = 64
MOST_CAMERAS = 256
LONGEST_FOUND = 200
# The word of pydantic for a key that no setting has.
UNKNOWN = "extra_forbidden"


def _check_interval(minutes: int) -> int:
    if minutes < 1 or MINUTES_PER_DAY % minutes:
        raise ValueError(f"an interval must divide a day into equal parts, found {minutes} minutes")
    return minutes


IntervalMinutes = Annotated[int, AfterValidator(_check_interval)]


class Pace(str, Enum):
    """How a source is read: ``file`` whole and as fast as it goes, ``live`` newest first and never late, ``played`` whole, but no
    faster than it was filmed.
    """

    AUTO = "auto"
    FILE = "file"
    LIVE = "live"
    PLAYED = "played"


class Precision(str, Enum):
    """What the network calculates in; ``auto`` takes bf16 where the CPU has it. INT8 is in the model, not here."""

    AUTO = "auto"
    F32 = "f32"
    BF16 = "bf16"


class CameraSettings(Settings):
    """A camera, or a file in its place."""

    name: Name
    source: str = Field(min_length=1)
    """A file, an rtsp:// or http:// address, the number or device of a webcam, or ``gst:`` and a launch line of GStreamer's."""
    login: str = Field(default="", pattern="^$|^(env|file):.+")
    """Where ``user:password`` of the address is found, ``env:NAME`` or ``file:PATH``; they never stand in the configuration."""
    transport: str = Field(default="tcp", pattern="^(tcp|udp)$")
    """What rtsp:// brings the pictures over."""
    stall_s: float = Field(default=3.0, ge=0.5, le=600)
    """How long a camera may send no picture before it is called again; more than the time between two of its pictures."""
    stale_s: float = Field(default=1.0, ge=0.1, le=60)
    """The oldest frame of a live camera that is still looked at."""
    blind_s: float = Field(default=0.5, ge=0.05, le=5)
    """A longer time between two frames that were looked at is a gap in the coverage; more than the time between two of the
    camera's pictures.
    """
    pace: Pace = Pace.AUTO
    """``auto``: ``file`` for files, ``live`` for the rest. ``played``: a file at its own pace, but every frame of it."""
    decoder: str = Field(default="auto", pattern="^(auto|pyav|gstreamer|opencv)$")
    first_frame: int = Field(default=0, ge=0)
    """Of a file, from 0."""
    last_frame: int | None = Field(default=None, ge=0)
    """Of a file, counted too."""
    preview_px: int = Field(default=640, ge=64, le=4096)
    """The longer side of the picture for people and for camera motion."""
    lines: tuple[LineSettings, ...] = Field(default=(), max_length=MOST_COUNTED)
    zones: tuple[ZoneSettings, ...] = Field(default=(), max_length=MOST_COUNTED)

    @model_validator(mode="after")
    def _check(self) -> CameraSettings:
        if len(self.counted) > MOST_COUNTED:
            raise ValueError(f"a camera has at most {MOST_COUNTED} lines and zones together, found {len(self.counted)}")
        refuse_twins("line and zone", (counted.name for counted in self.counted))
        if "://" in self.source and ":" in self.source.partition("://")[2].partition("/")[0].rpartition("@")[0]:
            raise ValueError(
                "a password does not belong into the address; 'login: env:NAME' or 'login: file:PATH' says where it is"
            )
        if self.pace in (Pace.FILE, Pace.PLAYED) and self.source.startswith("rtsp"):
            raise ValueError(f"the pace {self.pace.value} is for files; a camera is live")
        if self.last_frame is not None and self.last_frame < self.first_frame:
            raise ValueError(f"the last frame must not come before the first, found {self.first_frame} to {self.last_frame}")
        return self

    @property
    def is_live(self) -> bool:
        """Whether frames are lost when nobody takes them."""
        if self.pace is Pace.AUTO:
            return "://" in self.source or self.source.isdigit() or self.source.startswith(("/dev/video", "gst:"))
        return self.pace is Pace.LIVE

    @property
    def keeps_time(self) -> bool:
        """Whether its frames come at the time that they tell of, so that coverage and intervals mean something."""
        return self.is_live or self.pace is Pace.PLAYED

    @property
    def counted(self) -> tuple[LineSettings | ZoneSettings, ...]:
        """All that is counted at: the lines, then the zones."""
        return (*self.lines, *self.zones)


class DetectorSettings(Settings):
    """The network and what runs it."""

    model: str = Field(min_length=1)
    """A path to an ONNX file, or the name of a model in ``engines/``."""
    backend: str = Field(default="auto", pattern="^(auto|tensorrt|openvino|onnxruntime)$")
    """What runs it; ``auto``: the first of these that can, and ONNX Runtime before OpenVINO where it is one for GPUs."""
    precision: Precision = Precision.AUTO
    confidence: Share = 0.25
    """The least score that starts a track."""
    overlap: Share = 0.5
    """Of two boxes that overlap more (IoU) the better one is kept. Lower than what mean average precision is measured with,
    because two boxes on one object are two counts.
    """
    input_px: int | None = Field(default=None, ge=32, le=4096)
    """The longer side of the network's input, for models that take any size; left out: what the manifest says, or 640."""
    threads: int = Field(default=0, ge=0)
    """CPU threads of the network; 0: all cores."""
    max_batch: int = Field(default=0, ge=0, le=64)
    """Frames per run of the network; 0: what suits the backend."""
    batch_wait_ms: float = Field(default=5.0, ge=0, le=1000)
    """How long a live frame may wait for others to share its batch."""


class GateSettings(Settings):
    """What a new model must show before it takes the place of the one that counts."""

    slowest: float = Field(default=4.0, gt=0, le=1000)
    """How much longer it may take for a picture than the one before it, times."""
    shadow_s: float = Field(default=20.0, ge=1, le=3600)
    """How long it works beside the other one, on some of the live frames,"""
    shadow_longest_s: float = Field(default=300.0, ge=1, le=86400)
    """and how long at most, where too little is in sight to judge it by."""
    shadow_share: float = Field(default=0.2, gt=0, le=1)
    """Of the live frames; each costs the time that the network takes."""
    agreement: Share = 0.5
    """The least F1 of its boxes against the other's: IoU of 0.5, same class."""
    counts: Share = 0.5
    """By how much its count on the lines may differ from the other's, where there are ten crossings or more."""
    probation_s: float = Field(default=30.0, ge=1, le=86400)
    """How long it is watched when it counts, with the other one ready to take over again."""


class DriftSettings(Settings):
    """Whether a live camera still shows, and the model still finds, what they did when all was well."""

    enabled: bool = True
    window_s: float = Field(default=600.0, ge=2, le=86400)
    """How much is compared at a time."""
    learn_h: float = Field(default=24.0, gt=0, le=720)
    """How long it learns what is usual; a day, so that every hour is in it."""
    in_a_row: int = Field(default=3, ge=1, le=100)
    """So many windows must agree before it is told that something has changed, or is well again."""
    night_below: float = Field(default=60.0, ge=0, le=255)
    """The mean brightness of the picture, 0 to 255, below which it is night, which has a baseline of its own."""
    scores: Share = 0.35
    """By how much the scores may sink: Kolmogorov and Smirnov's distance."""
    sizes: Share = 0.35
    """The same for the sizes of objects, in either direction."""
    classes: float = Field(default=0.5, gt=0, le=100)
    """By how much the shares of the classes may differ: the population stability index."""
    sharpness: float = Field(default=0.25, gt=0, le=1)
    """Which share of its sharpness the picture may lose."""
    view: float = Field(default=0.5, ge=0, lt=1)
    """How well the picture must agree with the usual ones: the correlation of where its edges are."""


class TrackerSettings(Settings):
    """BoT-SORT."""

    low_score: Share = 0.1
    """The least score that continues a track."""
    lost_s: float = Field(default=1.0, gt=0, le=60)
    """How long an unseen track waits."""
    camera_motion: str = Field(default="auto", pattern="^(auto|off)$")
    """``auto`` measures it while the camera moves."""


class CounterSettings(Settings):
    """The line counter."""

    dead_band_share: float = Field(default=0.1, ge=0, le=2)
    """Half the strip on both sides of a line in which nothing is decided, in sizes of the object."""
    bridge_s: float = Field(default=2.0, ge=0, le=30)
    """The longest gap over which a lost object and a new one may be the same."""
    towing_classes: tuple[ClassName, ...] = Field(
        default=("car", "truck", "bus", "van", "lorry", "trailer"), max_length=MOST_CLASSES
    )
    """What can tow and be towed; a trailer is not counted beside its vehicle. Empty: everything is counted."""
    record_tracks: bool = False
    """Keep every frame's boxes in the ledger, for an annotated video."""


class MqttSettings(Settings):
    """Where counts are sent."""

    broker: str = ""
    """``mqtt://host[:port]``, ``mqtts://host[:port]`` for TLS, or ``embedded``; nothing named means that nothing is sent."""
    version: str = Field(default="5", pattern="^(5|3.1.1)$")
    prefix: str = ""
    """Of all topics; ``appliance/<site>`` where nothing is named."""
    client_id: str = Field(default="", max_length=64)
    """``appliance-<site>`` where nothing is named; two machines of one id throw each other out."""
    login: str = Field(default="", pattern="^$|^(env|file):.+")
    """Where ``user:password`` is found, ``env:NAME`` or ``file:PATH``."""
    ca_file: Path | None = None
    """Who may vouch for the broker; the system's own list where nothing is named."""
    certificate_file: Path | None = None
    key_file: Path | None = None
    """With which this machine vouches for itself."""
    keep_alive_s: int = Field(default=15, ge=5, le=3600)
    totals: str = Field(default="never", pattern="^(never|daily)$")
    """When the totals begin anew: at midnight in the site's time zone, or never."""
    home_assistant: bool = False
    """Whether Home Assistant is told of all lines and cameras."""
    discovery_prefix: str = "homeassistant"
    bind: str = "127.0.0.1"
    """Where the embedded broker listens,"""
    port: int = Field(default=1883, ge=1, le=65535)
    """and on which port."""

    @model_validator(mode="after")
    def _check(self) -> MqttSettings:
        scheme, _, rest = self.broker.partition("://")
        if self.broker and self.broker != "embedded" and (scheme not in ("mqtt", "mqtts") or not rest.strip("/")):
            raise ValueError(f"a broker is mqtt://host[:port], mqtts://host[:port] or embedded, found '{self.broker}'")
        try:
            _ = urlsplit(self.broker).port
        except ValueError as error:
            raise ValueError(f"a broker's port cannot be that: {error}") from None
        if "@" in rest:
            raise ValueError("a login does not belong into the address; 'login: env:NAME' or 'login: file:PATH' says where it is")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("a certificate needs its key, and a key its certificate")
        return self


class ControlSettings(Settings):
    """The control plane."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """Where it is served over HTTP; nothing named means that it is not."""
    bind: str = "127.0.0.1"
    """On which address of this computer; on any but loopback there must be a token."""
    certificate_file: Path | None = None
    """PEM, with what vouches for it; with it the control plane is served over TLS."""
    key_file: Path | None = None
    """PEM, without a password."""

    @model_validator(mode="after")
    def _check(self) -> ControlSettings:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("a certificate needs its key, and a key its certificate")
        try:
            _ = self.bind == "localhost" or ip_address(self.bind)
        except ValueError:
            raise ValueError(f"an address of this computer is wanted, found '{self.bind}'") from None
        return self


class RetentionSettings(Settings):
    """For how long crossings are kept."""

    days: int = Field(default=400, ge=1)
    most_mb: int = Field(default=2000, ge=10)
    """Of the ledger. Where it would be more, the oldest go first; what no broker has acknowledged goes last."""


class SiteSettings(Settings):
    """A site: its cameras and everything between them and the counts."""

    site: Name = "site"
    cameras: tuple[CameraSettings, ...] = Field(max_length=MOST_CAMERAS)
    """None at first; they come and go while the site runs."""
    detector: DetectorSettings
    gates: GateSettings = GateSettings()
    drift: DriftSettings = DriftSettings()
    tracker: TrackerSettings = TrackerSettings()
    counter: CounterSettings = CounterSettings()
    mqtt: MqttSettings = MqttSettings()
    retention: RetentionSettings = RetentionSettings()
    control: ControlSettings = ControlSettings()
    time_zone: str = ""
    """Of days and midnights, as in Europe/Berlin; that of the computer where nothing is named."""
    data_dir: Path = DATA_DIR
    """The ledger lives here."""
    shm_dir: Path = Path("/dev/shm")
    """Frames in flight live here."""
    slots: int = Field(default=8, ge=2, le=64)
    """Frames of a camera in flight."""
    intervals_min: tuple[IntervalMinutes, ...] = (1, 15)
    """How long the intervals are that counts and coverage are told for, minutes; each begins at a multiple of its length, UTC."""
    log_level: str = Field(default="warning", pattern="^(debug|info|warning|error)$")

    @model_validator(mode="after")
    def _check(self) -> SiteSettings:
        refuse_twins("camera", (camera.name for camera in self.cameras))
        return self


def wanted_classes(cameras: Iterable[CameraSettings]) -> tuple[str, ...]:
    """Everything that some line or zone counts; empty, for all classes, where one names none."""
    lines = [line for camera in cameras for line in camera.counted]
    if not all(line.classes for line in lines):
        return ()
    return tuple(sorted({name for line in lines for name in line.classes}))


def named_classes(cameras: Iterable[CameraSettings]) -> tuple[str, ...]:
    """Everything that any line or zone names, which the model must know."""
    return tuple(sorted({name for camera in cameras for line in camera.counted for name in line.classes}))


def refuse_twins(what: str, names: Iterable[str]) -> None:
    """Raise ``ValueError`` where a name is given twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"every {what} needs a name of its own, found '{name}' twice")
        seen.add(name)


def home_expanded(path: Path) -> Path:
    """The path with a home folder for its ``~``."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise Refusal(f"'data_dir': a folder is wanted, but there is no home folder for {path}", usage=True) from None


def first_fault(error: ValidationError) -> str:
    """The first error, with its place, what is wanted there, and what was found."""
    faults = error.errors()
    # A key that is misspelt is missing as well; only what stands there tells why.
    first = next((fault for fault in faults if fault["type"] == UNKNOWN), faults[0])
    place = "'" + ".".join(str(part) for part in first["loc"]) + "'"
    if first["type"] == UNKNOWN:
        near = meant(error.title, first["loc"])
        return f"{place} is not a known setting" + (f"; '{near}' is" if near else "")
    if first["type"] == "missing":
        return f"{place} is missing"
    reason, found = first["msg"].removeprefix("Value error, "), first["input"]
    if first["type"] == "string_pattern_mismatch":
        reason = "Input should be one of " + first["ctx"]["pattern"].strip("^$()").replace("|", ", ")
    if first["type"] == "string_unicode":
        reason = "text that can be written as UTF-8 is wanted"
    reason += f", found {_shown(found)}" if isinstance(found, (str, int, float, type(None))) else ""
    return f"{place}: {reason}" if first["loc"] else reason


def _shown(found: object) -> str:
    text = repr(found)
    return text if len(text) <= LONGEST_FOUND else f"{text[:LONGEST_FOUND]}…"
