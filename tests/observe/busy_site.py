"""A machine with many cameras, as its supervisor would tell of it and its ledger would have counted."""

from __future__ import annotations

from appliance.device.sensors import Reading
from appliance.latency import BUCKETS
from appliance.messages.health import CameraHealth, DeviceHealth, Health, ProcessHealth
from appliance.messages.orders import SourceInfo
from appliance.messages.reports import Beat, Condition, DriftHealth
from appliance.observe.metrics import Figures

NOW_NS = 1_700_000_000_000_000_000
STATISTICS = ("brightness", "sharpness", "view", "scores", "sizes", "classes", "objects")
DRIFT = DriftHealth("drifting", NOW_NS, "the picture is blurred", "day", 1.0, dict.fromkeys(STATISTICS, 1.25))
TIMES = tuple(range(BUCKETS))
READINGS = [
    Reading("temperature", "coretemp", "Package id 0", 61.5),
    Reading("power", "amdgpu", "power1", 35.2),
    Reading("energy", "intel-rapl:0", "package-0", 1234.5),
]


DEVICES = (
    DeviceHealth(
        "jetson",
        "jetson",
        "NVIDIA Jetson Orin NX",
        "JetPack 6.2 (L4T 36.4.3)",
        Condition("degraded", "the device is too hot: its clocks are down"),
        NOW_NS,
        "MAXN_SUPER",
        loads={"gpu": 0.437, "nvdec": 0.25},
        clocks_hz={"gpu": 612_000_000},
        temperatures_c={"tj": 99.5},
        powers_w={"VDD_IN": 9.25},
        events={"overcurrent": 2},
    ),
    DeviceHealth(
        "gpu0",
        "gpu",
        "NVIDIA L4",
        "driver 580.95.05",
        Condition("ok"),
        NOW_NS,
        temperatures_c={"gpu": 61.0},
        powers_w={"gpu": 48.5},
        memory_bytes=24 * 10**9,
        memory_used_bytes=10**9,
    ),
)


def camera(name: str) -> CameraHealth:
    return CameraHealth(name, Condition("ok"), NOW_NS, SourceInfo(1280, 720, 25.0, 0, "pencil"), 1, 1000, 20, 3, 0, DRIFT)


def process(name: str, **work: object) -> ProcessHealth:
    beat = Beat(7, **work)  # type: ignore[arg-type]  # as the test wants it
    return ProcessHealth(name, Condition("ok"), NOW_NS, 7, 1, beat.frames, 0, 0, 90_000_000, 5_000_000_000, 4, NOW_NS, beat)


def health(cameras: int) -> Health:
    """All is well."""
    names = [f"camera-{number}" for number in range(cameras)]
    shards = [names[first : first + 8] for first in range(0, cameras, 8)]
    processes = (
        *(process(f"decode.{name}", frames=1000) for name in names),
        process(
            "detect",
            frames=900,
            batches={1: 5, 3: 2, 100: 1},
            batch_ns=10**9,
            batch_times=TIMES,
            stale_of=dict.fromkeys(names[:1], 9),
        ),
        *(
            process(f"track.{number}", frames=900, latencies=TIMES, latency_ns=10**12, tracks=dict.fromkeys(here, 5))
            for number, here in enumerate(shards)
        ),
        process("publish", frames=12),
        process("control"),
        process("count", frames=900, latencies=TIMES, latency_ns=10**12),
    )
    return Health(NOW_NS, processes, tuple(camera(name) for name in names), devices=DEVICES)


def figures(cameras: int) -> Figures:
    """Four lines each, both ways, six classes."""
    kinds = [
        (f"camera-{number}", f"line-{line}", direction, name)
        for number in range(cameras)
        for line in range(4)
        for direction in ("forward", "backward")
        for name in ("car", "truck", "bus", "person", "bicycle", "motorcycle")
    ]
    coverage = {f"camera-{number}": 0.99 for number in range(cameras)}
    return Figures(tuple((kind, 123_456) for kind in kinds), 0, 0, coverage, 10**9, 10**10, 10**11)
