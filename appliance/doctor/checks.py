"""What a site needs of this machine, looked at before anything starts; every finding is a sentence."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance import pipeline
from appliance.clock import monotonic_ns
from appliance.config import CameraSettings, SiteSettings, home_expanded
from appliance.decode.choice import for_cameras
from appliance.decode.look import first_picture
from appliance.detect.cuda import has_device_file
from appliance.detect.network import TYPICAL_SOURCE, Network
from appliance.device import x86
from appliance.device.watching import reader_of
from appliance.doctor.broker import let_in
from appliance.errors import Refusal
from appliance.ledger.ledger import Ledger
from appliance.letterbox import GREY
from appliance.process_settings import DetectProcess
from appliance.supervise.preflight import check_memory, runtime_parent

GOOD, DOUBTFUL, BAD = "good", "doubtful", "bad"
# A year of a busy crossing; less is a disk that will be full one day.
LEAST_DISK_BYTES = 2_000_000_000
# Of adjtimex(2): the clock is not synchronised.
TIME_ERROR = 5
TIMEX_BYTES = 256


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: str
    said: str


def findings(site: SiteSettings, models_dir: Path) -> Iterator[Finding]:
    """Everything, as it is found; cameras are called all at once."""
    yield looked_at("system", system)
    yield looked_at("device", device)
    yield looked_at("decoding", decoding)
    yield looked_at("shared memory", lambda: shared_memory(site))
    yield looked_at("sockets", lambda: str(runtime_parent(len("/appliance-1234567-12345678/credits.") + longest_name(site))))
    yield looked_at("disk", lambda: disk(site))
    yield looked_at("clock", clock)
    yield looked_at("detector", lambda: detector(site, models_dir))
    if site.mqtt.broker:
        yield looked_at("broker", lambda: broker(site))
    with ThreadPoolExecutor(max_workers=16) as pool:
        looks = [pool.submit(looked_at, f"camera {camera.name}", Look(camera)) for camera in site.cameras]
        yield from (look.result() for look in looks)
    if not site.cameras:
        yield Finding("cameras", DOUBTFUL, "there are none yet")


def looked_at(name: str, look: Callable[[], str | Finding]) -> Finding:
    """What a look has found; a refusal is bad news."""
    try:
        found = look()
    except Refusal as refusal:
        return Finding(name, BAD, refusal.sentence)
    except OSError as error:  # the system's own reason, as for every command
        return Finding(name, BAD, f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
    return found if isinstance(found, Finding) else Finding(name, GOOD, found)


def broker(site: SiteSettings) -> Finding:
    """Whether it lets us in; if not, what is counted waits for it. Raises ``Refusal`` where the settings cannot be right."""
    pipeline.for_publish(site, Path(), "")
    if site.mqtt.broker == "embedded":
        return Finding("broker", GOOD, f"our own, on {site.mqtt.bind}:{site.mqtt.port}")
    reason = let_in(site)
    if reason:
        return Finding("broker", DOUBTFUL, f"{reason}; what is counted would wait until it is there")
    return Finding("broker", GOOD, f"{site.mqtt.broker} lets us in")


def longest_name(site: SiteSettings) -> int:
    """Of all cameras, bytes."""
    return max((len(os.fsencode(camera.name)) for camera in site.cameras), default=0)


def system() -> str:
    """What this is."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{cores} cores, {memory / 1e9:.1f} GB of memory, Python {sys.version.split()[0]}"


def device(root: Path = Path("/")) -> Finding:
    """A Jetson or NVIDIA's GPUs, and what holds them back."""
    reader = reader_of(root)
    if reader is None:
        if x86.has_driver(root):
            return Finding(
                "device", DOUBTFUL, "NVIDIA's driver is here; the extra 'nvidia' (nvidia-ml-py) would tell how the GPU is"
            )
        return Finding("device", GOOD, "none of NVIDIA's")
    told = reader(monotonic_ns())
    said = "; ".join(
        ", ".join(
            filter(None, (one.model, one.software, one.power_mode and f"power mode {one.power_mode}", one.condition.reason))
        )
        for one in told
    )
    return Finding("device", GOOD if all(one.condition.state == "ok" for one in told) else DOUBTFUL, said)


def decoding() -> Finding:
    """What decodes cameras' pictures; what each one really gets is found when it is looked through."""
    said, is_good = for_cameras()
    return Finding("decoding", GOOD if is_good else DOUBTFUL, said)


def shared_memory(site: SiteSettings) -> str:
    """Room for the frames in flight."""
    wanted = pipeline.ring_size(site).total_bytes * len(site.cameras)
    check_memory(site.shm_dir, wanted)
    free = os.statvfs(site.shm_dir)
    return f"{wanted / 1e6:.0f} MB wanted in {site.shm_dir}, {free.f_bavail * free.f_frsize / 1e6:.0f} MB free"


def disk(site: SiteSettings) -> Finding:
    """Whether the ledger can be written, and for how long."""
    folder = home_expanded(site.data_dir)
    was_there = folder.exists()
    trial = folder / f".doctor-{os.getpid()}.sqlite"
    try:
        Ledger(trial, "doctor").close()
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{trial}{ending}").unlink(missing_ok=True)
        free_bytes = shutil.disk_usage(folder if folder.exists() else Path("/")).free
        if not was_there and folder.is_dir():
            folder.rmdir()
    said = f"the ledger can be written in {folder}, {free_bytes / 1e9:.1f} GB free"
    return Finding("disk", GOOD if free_bytes >= LEAST_DISK_BYTES else DOUBTFUL, said)


def clock() -> Finding:
    """Whether the wall clock, which every crossing is told by, is kept right."""
    buffer = ctypes.create_string_buffer(TIMEX_BYTES)
    state = ctypes.CDLL(None).adjtimex(buffer)
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if state == TIME_ERROR:
        return Finding("clock", DOUBTFUL, f"{now}; nothing keeps it right (NTP): crossings will bear a time that drifts")
    return Finding("clock", GOOD, f"{now}, kept right")


def detector(site: SiteSettings, models_dir: Path) -> Finding:
    """Whether the model runs here, on what and why not on something better, and how fast."""
    settings = DetectProcess.model_validate_json(pipeline.for_detect(site, models_dir))
    network = Network(settings)
    picture = np.full((*network.info.rule.shape_for(*TYPICAL_SOURCE), 3), GREY, np.uint8)
    times_ns = []
    for _ in range(5):
        began_ns = monotonic_ns()
        network.submit([picture])
        network.collect()
        times_ns.append(monotonic_ns() - began_ns)
    cost_ms = sorted(times_ns)[2] / 1e6
    said = (
        f"{site.detector.model} on {network.info.backend}, {cost_ms:.0f} ms for a 720p picture, {len(network.info.names)} classes"
    )
    if not network.passed_over:
        return Finding("detector", GOOD, said)
    # Who has a GPU wants it used.
    return Finding("detector", DOUBTFUL if has_device_file() else GOOD, f"{said} ({'; '.join(network.passed_over)})")


@dataclass(frozen=True, slots=True)
class Look:
    """A look through one camera."""

    camera: CameraSettings

    def __call__(self) -> str:
        """One picture's size, the rate, and what decodes it."""
        with first_picture(self.camera) as seen:
            rate = f"{seen.info.frames_per_second:.4g} frames per second"
            when = f", the first after {seen.took_s:.1f} s" if seen.is_live else ""
            return f"{seen.picture.width}x{seen.picture.height}, {rate}{when}; {seen.info.decoder}"
