"""The one map of processes, in the order in which a frame meets them. Nothing starts a process elsewhere.

    decode ──▶ detect ──▶ track ──▶ count        what flows between them stands in ``topics``

decode.<camera>   reads the source, scales it into the ring, sends a ticket per frame        one per camera
detect            runs the network on what the tickets name, sends boxes                     one per device
track.<shard>     follows objects from frame to frame, sends tracks                          one per eight cameras
count             decides what crossed which line, writes the ledger, gives credit back      one
publish           tells a broker what is in the ledger                                       one, where there is a broker
broker            is that broker                                                             one, where it is embedded
candidate         a new model in the shadow of the detector                                  one, while it is tried
control           serves HTTP: status, counts, metrics                                       one, where a port is named
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from appliance.config import CameraSettings, SiteSettings, home_expanded, named_classes, wanted_classes
from appliance.drift.keeping import FOLDER as BASELINES
from appliance.ipc.frame_ring import RingSize
from appliance.letterbox import USUAL_INPUT_PX, preview_shape
from appliance.login import login_of
from appliance.messages.orders import ModelInfo
from appliance.models.built import built_folder
from appliance.models.store import own_store
from appliance.process_settings import (
    BrokerProcess,
    ControlProcess,
    CountProcess,
    DecodeProcess,
    DetectProcess,
    PublishProcess,
    TrackProcess,
)
from appliance.publish.days import zone_of
from appliance.publish.mqtt_topics import Topics, checked_prefix
from appliance.supervise.machine import Machine
from appliance.supervise.recovery import CameraStream
from appliance.supervise.spec import ProcessSpec

CONTROL = "appliance.control.process"
PUBLISH, BROKER = "appliance.publish.process", "appliance.publish.embedded"
CANDIDATE = "appliance.swap.candidate"
DECODE, DETECT, TRACK, COUNT = (f"appliance.{stage}.process" for stage in ("decode", "detect", "track", "count"))
CAMERAS_PER_SHARD = 8
# Of a camera that has not come yet.
USUAL_PREVIEW_PX: int = CameraSettings.model_fields["preview_px"].default
# Track processes and their cameras.
Shards = dict[str, tuple[str, ...]]
# Of files: who finds several frames waiting has his caches warm for all but the first.
BURSTS_PER_RING = 4
# Connecting takes five seconds at most for each address that the broker's name has, and asking for them takes its own time.
SENDING_SILENCE_S = 120.0
# A network may take its time to compile, also for a first picture of another shape.
START_S, DETECT_START_S, SILENCE_S, DETECT_SILENCE_S = 30.0, 180.0, 10.0, 30.0
# The panel brings many modules along; on a small computer that is busy with counting they take their time.
CONTROL_START_S, CONTROL_SILENCE_S = 120.0, 30.0


def build(
    site: SiteSettings, folder: Path, ledger: Path, run: str, models_dir: Path, *, gives_up: bool, before: Shards | None = None
) -> Machine:
    """The machine of a site; cameras that were there ``before`` stay in their shards."""
    members = shards([camera.name for camera in site.cameras], before)
    shard_of = {camera: shard for shard, cameras in members.items() for camera in cameras}
    return Machine(
        specs=processes(site, tuple(members), ledger, run, models_dir, gives_up=gives_up),
        streams=tuple(
            CameraStream(
                camera.name,
                (f"decode.{camera.name}", "detect", shard_of[camera.name], "count"),
                camera.model_dump_json(),
                shard_of[camera.name],
            )
            for camera in site.cameras
        ),
        ring_size=lambda model: ring_size(site, model),
        shm_dir=site.shm_dir,
        folder=folder,
        log_level=site.log_level,
        gives_up=gives_up,
        data_dir=home_expanded(site.data_dir).absolute(),
    )


def processes(
    site: SiteSettings, shard_names: Sequence[str], ledger: Path, run: str, models_dir: Path, *, gives_up: bool = True
) -> tuple[ProcessSpec, ...]:
    """The table: name, entry point, settings, seconds to start in, seconds without a sign of life."""
    return (
        *(
            ProcessSpec(
                f"decode.{camera.name}", f"{DECODE}:main", for_decode(camera), START_S, 3 * SILENCE_S + 2 * camera.stall_s
            )
            for camera in site.cameras
        ),
        ProcessSpec("detect", f"{DETECT}:main", for_detect(site, models_dir), DETECT_START_S, DETECT_SILENCE_S),
        *(ProcessSpec(shard, f"{TRACK}:main", for_track(site, shard), START_S, SILENCE_S) for shard in shard_names),
        *tellers(site, ledger, run),
        *control(site, ledger, run),
        ProcessSpec("count", f"{COUNT}:main", for_count(site, ledger, run, gives_up=gives_up), START_S, SILENCE_S),
    )


def control(site: SiteSettings, ledger: Path, run: str) -> tuple[ProcessSpec, ...]:
    """The control plane, where it is wanted."""
    if site.control.port is None:
        return ()
    settings = for_control(site, ledger, run)
    times_s = (CONTROL_START_S, CONTROL_SILENCE_S)
    return (ProcessSpec("control", f"{CONTROL}:main", settings, *times_s, is_vital=False, is_told=True),)


def for_control(site: SiteSettings, ledger: Path, run: str, site_file: Path | None = None) -> str:
    """The settings of the control plane; without a file of the site nothing of it can be changed."""
    return ControlProcess(
        site=site.site,
        run=run,
        control=site.control,
        counter=site.counter,
        confidence=site.detector.confidence,
        time_zone=site.time_zone,
        ledger=ledger,
        site_file=site_file,
    ).model_dump_json()


def tellers(site: SiteSettings, ledger: Path, run: str) -> tuple[ProcessSpec, ...]:
    """Those that tell others of what was counted, where that is wanted."""
    mqtt = site.mqtt
    if not mqtt.broker:
        return ()
    settings, times_s = for_publish(site, ledger, run), (START_S, SENDING_SILENCE_S)
    publish = ProcessSpec("publish", f"{PUBLISH}:main", settings, *times_s, is_vital=False, tells_others=True)
    if mqtt.broker != "embedded":
        return (publish,)
    settings = BrokerProcess(bind=mqtt.bind, port=mqtt.port).model_dump_json()
    return (ProcessSpec("broker", f"{BROKER}:main", settings, START_S, SILENCE_S, is_vital=False), publish)


def for_publish(site: SiteSettings, ledger: Path, run: str) -> str:
    """The settings of the publisher; raises ``Refusal`` for what no broker would take."""
    Topics(site.mqtt.prefix or f"appliance/{site.site}")
    checked_prefix(site.mqtt.discovery_prefix)
    zone_of(site.time_zone)
    login_of(site.mqtt.login)
    return PublishProcess(
        site=site.site, mqtt=site.mqtt, time_zone=site.time_zone, ledger=ledger, outbox=outbox_of(ledger), run=run
    ).model_dump_json()


def outbox_of(ledger: Path) -> Path:
    """What has been acknowledged of a ledger stands beside it."""
    return ledger.with_name(f"{ledger.stem}.outbox.sqlite")


def for_decode(camera: CameraSettings) -> str:
    """The settings of a camera's decoder, which new lines do not concern."""
    return DecodeProcess(camera=camera.model_copy(update={"lines": (), "zones": ()})).model_dump_json()


def classes_of(site: SiteSettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a site wants to be found, and what its lines name."""
    return wanted_classes(site.cameras), named_classes(site.cameras)


def is_live(site: SiteSettings) -> bool:
    """Whether frames may be lost when nobody takes them; a site without cameras is ready for such."""
    return not site.cameras or any(camera.is_live for camera in site.cameras)


def for_detect(
    site: SiteSettings,
    models_dir: Path,
    classes: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    *,
    stays_live: bool = False,
) -> str:
    """The settings of the detector, to begin with these classes (see ``classes_of``), or with those of the site.

    One that ``stays_live`` is not replaced when the last live camera goes.
    """
    wanted, named = classes_of(site) if classes is None else classes
    has_live = stays_live or is_live(site)
    return DetectProcess(
        detector=site.detector,
        low_score=min(site.tracker.low_score, site.detector.confidence),
        classes=wanted,
        named=named,
        stores=(own_store(site.data_dir), models_dir),
        is_live=has_live,
        takes_guests=site.control.port is not None,
        burst=1 if has_live else max(1, site.slots // BURSTS_PER_RING),
        drift=site.drift if site.drift.enabled else None,
        baselines=home_expanded(site.data_dir) / BASELINES,
        built=built_folder(site.data_dir),
    ).model_dump_json()


def for_track(site: SiteSettings, shard: str) -> str:
    """The settings of a shard's trackers."""
    return TrackProcess(shard=shard, tracker=site.tracker, confidence=site.detector.confidence).model_dump_json()


def for_count(site: SiteSettings, ledger: Path, run: str, *, gives_up: bool) -> str:
    """The settings of the counters; where the machine gives up, its ledger is a result, of which nothing is deleted."""
    return CountProcess(
        counter=site.counter,
        ledger=ledger,
        run=run,
        intervals_min=site.intervals_min,
        retention=None if gives_up else site.retention,
        recalls=site.control.port is not None,
        outbox=outbox_of(ledger) if site.mqtt.broker else None,
    ).model_dump_json()


def shards(cameras: Sequence[str], before: Shards | None = None) -> Shards:
    """Each track process and its cameras: those that had one keep it, others go where there is room."""
    kept = {name: tuple(camera for camera in members if camera in cameras) for name, members in (before or {}).items()}
    members = {name: here for name, here in kept.items() if here}
    for camera in cameras:
        if any(camera in here for here in members.values()):
            continue
        name = next(name for name in map("track.{}".format, count()) if len(members.get(name, ())) < CAMERAS_PER_SHARD)
        members[name] = (*members.get(name, ()), camera)
    return members


def ring_size(site: SiteSettings, model: ModelInfo | None = None) -> RingSize:
    """Of every camera's ring: room for the largest input and preview that any source can have."""
    if model is not None and model.rule.fixed is not None:
        height, width = model.rule.fixed
    else:
        stride = 32 if model is None else model.rule.stride_px
        size_px = site.detector.input_px or (USUAL_INPUT_PX if model is None else model.rule.size_px)
        height = width = -(-size_px // stride) * stride
    preview_px = max((camera.preview_px for camera in site.cameras), default=USUAL_PREVIEW_PX)
    preview_height, preview_width = preview_shape(preview_px, preview_px, preview_px)
    return RingSize(site.slots, height * width * 3, preview_height * preview_width * 3 // 2)
