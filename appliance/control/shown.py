"""What HTTP shows: models of its own, so that what is inside may change."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from appliance.messages.health import CameraHealth, DeviceHealth, Health, ProcessHealth
from appliance.messages.reports import Condition, DriftHealth
from appliance.times import rfc_3339

State = Literal["starting", "ok", "degraded", "down"]
DriftState = Literal["learning", "steady", "drifting"]
Light = Literal["", "day", "night"]
# RFC 3339, UTC.
Time = Annotated[str, Field(examples=["2026-11-21T07:30:00.000Z"])]


class PictureShown(BaseModel):
    """What a camera sends."""

    width: int
    height: int
    frames_per_second: float
    decoder: str


class DriftShown(BaseModel):
    """Whether a camera shows, and the model finds, what they used to."""

    state: DriftState
    reason: str = Field(description="What has changed; empty where nothing has.")
    since: Time
    light: Light = Field(description="Each has a baseline of its own; empty where nothing was seen yet.")
    learned: float = Field(description="Which share of the present light's baseline is known.")
    levels: dict[str, float] = Field(
        description="How far each statistic is from its baseline, as a multiple of what is tolerated; as of the newest window."
    )


class CameraShown(BaseModel):
    """A camera now."""

    name: str
    state: State
    reason: str = Field(description="Why it is in this state; empty where all is well.")
    since: Time
    picture: PictureShown | None
    connections: int = Field(description="How often it was connected.")
    frames: int
    skipped_busy: int = Field(description="Frames that nobody had time for.")
    skipped_stale: int = Field(description="Frames that came too late.")
    damaged: int
    drift: DriftShown | None = Field(default=None, description="Null where nobody watches for it.")


class ProcessShown(BaseModel):
    """A process now."""

    name: str
    state: State
    reason: str
    since: Time
    pid: int
    restarts: int
    frames: int
    latency_p50_ms: float
    latency_p99_ms: float
    memory_mb: float
    cpu_s: float
    waiting: int = Field(description="What it has not been able to send yet.")


class DeviceShown(BaseModel):
    """A Jetson, or a GPU, now; what cannot be asked of it is not there."""

    name: str
    state: State
    reason: str = Field(description="What holds it back, or what has become of it; empty where all is well.")
    since: Time
    model: str
    software: str = Field(description="Its release, or its driver.")
    power_mode: str
    loads: dict[str, float] = Field(description="Shares of the time at work, 0..1, by part.")
    clocks_mhz: dict[str, float]
    temperatures_c: dict[str, float]
    powers_w: dict[str, float]
    events: dict[str, int] = Field(description="What has befallen it, by kind.")
    memory_mb: float
    memory_used_mb: float


class StatusShown(BaseModel):
    """The whole machine now."""

    site: str
    run: str
    version: str
    time: Time
    state: State = Field(description="The worst of all states.")
    cameras: list[CameraShown]
    processes: list[ProcessShown]
    devices: list[DeviceShown] = Field(description="What it runs on, where that can be asked.")


ORDER: tuple[State, ...] = ("ok", "starting", "degraded", "down")
DRIFTS: tuple[DriftState, ...] = ("learning", "steady", "drifting")
LIGHTS: tuple[Light, ...] = ("", "day", "night")


def state_of(condition: Condition) -> State:
    """As one of the four."""
    return next(state for state in ORDER if state == condition.state)


def camera_of(camera: CameraHealth) -> CameraShown:
    """A camera as it is shown."""
    source = camera.source
    picture = None
    if source is not None:
        picture = PictureShown(
            width=source.width, height=source.height, frames_per_second=source.frames_per_second, decoder=source.decoder
        )
    return CameraShown(
        name=camera.name,
        state=state_of(camera.condition),
        reason=camera.condition.reason,
        since=rfc_3339(camera.since_ns),
        picture=picture,
        connections=camera.connections,
        frames=camera.frames,
        skipped_busy=camera.skipped_busy,
        skipped_stale=camera.skipped_stale,
        damaged=camera.damaged,
        drift=None if camera.drift is None else drift_of(camera.drift),
    )


def drift_of(drift: DriftHealth) -> DriftShown:
    """As it is shown."""
    return DriftShown(
        state=next(state for state in DRIFTS if state == drift.state),
        reason=drift.sentence,
        since=rfc_3339(drift.since_ns),
        light=next(light for light in LIGHTS if light == drift.light),
        learned=drift.learned,
        levels=drift.levels,
    )


def process_of(process: ProcessHealth) -> ProcessShown:
    """A process as it is shown."""
    return ProcessShown(
        name=process.name,
        state=state_of(process.condition),
        reason=process.condition.reason,
        since=rfc_3339(process.since_ns),
        pid=process.pid,
        restarts=process.restarts,
        frames=process.frames,
        latency_p50_ms=round(process.latency_p50_ns / 1e6, 1),
        latency_p99_ms=round(process.latency_p99_ns / 1e6, 1),
        memory_mb=round(process.memory_bytes / 1e6, 1),
        cpu_s=round(process.cpu_ns / 1e9, 2),
        waiting=process.waiting,
    )


def device_of(device: DeviceHealth) -> DeviceShown:
    """What the machine runs on, as it is shown."""
    return DeviceShown(
        name=device.name,
        state=state_of(device.condition),
        reason=device.condition.reason,
        since=rfc_3339(device.since_ns),
        model=device.model,
        software=device.software,
        power_mode=device.power_mode,
        loads=device.loads,
        clocks_mhz={part: round(clock / 1e6, 1) for part, clock in device.clocks_hz.items()},
        temperatures_c=device.temperatures_c,
        powers_w={rail: round(power, 2) for rail, power in device.powers_w.items()},
        events=device.events,
        memory_mb=round(device.memory_bytes / 1e6, 1),
        memory_used_mb=round(device.memory_used_bytes / 1e6, 1),
    )


def status_of(health: Health, site: str, run: str, version: str) -> StatusShown:
    """Everything as it is shown."""
    cameras, processes = [camera_of(one) for one in health.cameras], [process_of(one) for one in health.processes]
    devices = [device_of(one) for one in health.devices]
    states = [one.state for one in cameras] + [one.state for one in processes] + [one.state for one in devices]
    return StatusShown(
        site=site,
        run=run,
        version=version,
        time=rfc_3339(health.time_ns),
        state=max(states, key=ORDER.index, default="ok"),
        cameras=cameras,
        processes=processes,
        devices=devices,
    )
