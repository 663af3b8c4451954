"""The one map of processes, in the order in which a frame meets them. Nothing starts a process elsewhere.

    decode ──▶ detect ──▶ track ──▶ count        what flows between them stands in ``topics``

decode.<camera>   reads the source, scales it into the ring, sends a ticket per frame        one per camera
detect            runs the network on what the tickets name, sends boxes                     one per device
track.<shard>     follows objects from frame to frame, sends tracks                          one per eight cameras
count             decides what crossed which line, writes the ledger, gives credit back      one
"""

from __future__ import annotations

from pathlib import Path

from appliance.config import CountProcess, DecodeProcess, DetectProcess, SiteSettings, TrackProcess
from appliance.ipc.frame_ring import RingSize
from appliance.letterbox import preview_shape
from appliance.messages import ModelInfo
from appliance.supervise.recovery import CameraStream
from appliance.supervise.spec import ProcessSpec
from appliance.supervise.supervisor import Machine

CAMERAS_PER_SHARD = 8
START_S, DETECT_START_S, SILENCE_S = 30.0, 180.0, 10.0  # a network may take its time to compile


def build(site: SiteSettings, folder: Path, ledger: Path, run: str, models_dir: Path, *, gives_up: bool) -> Machine:
    """The machine of a site."""
    return Machine(
        specs=processes(site, ledger, run, models_dir),
        streams=tuple(
            CameraStream(camera.name, (f"decode.{camera.name}", "detect", shard_of(index), "count"))
            for index, camera in enumerate(site.cameras)
        ),
        ring_size=lambda model: ring_size(site, model),
        shm_dir=site.shm_dir,
        folder=folder,
        log_level=site.log_level,
        gives_up=gives_up,
    )


def processes(site: SiteSettings, ledger: Path, run: str, models_dir: Path) -> tuple[ProcessSpec, ...]:
    """Every process of a site, in the order of the map."""
    names = tuple(camera.name for camera in site.cameras)
    shards = tuple(shard_of(index) for index in range(len(names)))
    decode = [
        ProcessSpec(
            f"decode.{camera.name}",
            "appliance.decode.process:main",
            DecodeProcess(camera=camera).model_dump_json(),
            (camera.name,),
            START_S,
            SILENCE_S * 3,
        )
        for camera in site.cameras
    ]
    detect = ProcessSpec(
        "detect",
        "appliance.detect.process:main",
        DetectProcess(
            detector=site.detector,
            cameras=names,
            shards=shards,
            low_score=min(site.tracker.low_score, site.detector.confidence),
            classes=wanted_classes(site),
            models_dir=models_dir,
            is_live=any(camera.is_live for camera in site.cameras),
        ).model_dump_json(),
        names,
        DETECT_START_S,
        SILENCE_S,
    )
    track = [
        ProcessSpec(
            shard,
            "appliance.track.process:main",
            TrackProcess(shard=shard, tracker=site.tracker, confidence=site.detector.confidence).model_dump_json(),
            tuple(name for name, its_shard in zip(names, shards) if its_shard == shard),
            START_S,
            SILENCE_S,
        )
        for shard in sorted(set(shards))
    ]
    count = ProcessSpec(
        "count",
        "appliance.count.process:main",
        CountProcess(cameras=site.cameras, counter=site.counter, ledger=ledger, run=run).model_dump_json(),
        names,
        START_S,
        SILENCE_S,
    )
    return (*decode, detect, *track, count)


def shard_of(index: int) -> str:
    """The track process of the camera at this place of the list."""
    return f"track.{index // CAMERAS_PER_SHARD}"


def wanted_classes(site: SiteSettings) -> tuple[str, ...]:
    """Everything that some line counts; empty, for all classes, where a line names none."""
    lines = [line for camera in site.cameras for line in camera.lines]
    if not all(line.classes for line in lines):
        return ()
    return tuple(sorted({name for line in lines for name in line.classes}))


def ring_size(site: SiteSettings, model: ModelInfo | None = None) -> RingSize:
    """Of every camera's ring: room for the largest input and preview that any source can have."""
    if model is not None and model.rule.fixed is not None:
        height, width = model.rule.fixed
    else:
        stride = 32 if model is None else model.rule.stride_px
        height = width = -(-site.detector.input_px // stride) * stride
    preview_px = max(camera.preview_px for camera in site.cameras)
    preview_height, preview_width = preview_shape(preview_px, preview_px, preview_px)
    return RingSize(site.slots, height * width * 3, preview_height * preview_width * 3 // 2)
