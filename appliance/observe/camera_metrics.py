"""What Prometheus reads of the cameras."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from appliance.messages.health import CameraHealth, ProcessHealth

STATES = ("starting", "ok", "degraded", "down")
DRIFTS = ("learning", "steady", "drifting")
SKIPPED = (
    "Frames that came in and were not looked at: busy, because the others were, and stale, because they came too late, were not"
    " passed on; waited were, and became too old before it was their turn."
)


def of_cameras(
    cameras: Iterable[CameraHealth], processes: Iterable[ProcessHealth], coverage: Mapping[str, float]
) -> Iterator[Metric]:
    """How each is, and what came of it; ``coverage`` by camera, 0..1."""
    cameras, processes = tuple(cameras), tuple(processes)
    yield from _of_conditions(cameras)
    yield from _of_frames(cameras, processes)
    yield from _of_sight(cameras, processes, coverage)
    yield from _of_drift(cameras)


def _of_conditions(cameras: tuple[CameraHealth, ...]) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "appliance_camera_state", "1 for the state that a camera is in, 0 for others.", labels=("camera", "state")
    )
    since = GaugeMetricFamily(
        "appliance_camera_state_change_timestamp_seconds", "Since when a camera is in its state, Unix time.", labels=("camera",)
    )
    connections = CounterMetricFamily("appliance_camera_connections", "How often a camera was connected.", labels=("camera",))
    rate = GaugeMetricFamily(
        "appliance_camera_frame_rate_hertz", "How many frames a second a camera promises.", labels=("camera",)
    )
    for camera in cameras:
        for name in STATES:
            state.add_metric((camera.name, name), int(camera.condition.state == name))
        since.add_metric((camera.name,), camera.since_ns / 1e9)
        connections.add_metric((camera.name,), camera.connections)
        if camera.source is not None:
            rate.add_metric((camera.name,), camera.source.frames_per_second)
    yield from (state, since, connections, rate)


def _of_frames(cameras: tuple[CameraHealth, ...], processes: tuple[ProcessHealth, ...]) -> Iterator[Metric]:
    frames = CounterMetricFamily("appliance_camera_frames", "Frames that were passed on to the detector.", labels=("camera",))
    skipped = CounterMetricFamily("appliance_camera_frames_skipped", SKIPPED, labels=("camera", "cause"))
    damaged = CounterMetricFamily(
        "appliance_camera_decode_errors", "Stretches of a stream that could not be decoded.", labels=("camera",)
    )
    for camera in cameras:
        frames.add_metric((camera.name,), camera.frames)
        skipped.add_metric((camera.name, "busy"), camera.skipped_busy)
        skipped.add_metric((camera.name, "stale"), camera.skipped_stale)
        waited = sum(process.work.stale_of.get(camera.name, 0) for process in processes)
        skipped.add_metric((camera.name, "waited"), waited)
        damaged.add_metric((camera.name,), camera.damaged)
    yield from (frames, skipped, damaged)


def _of_sight(
    cameras: tuple[CameraHealth, ...], processes: tuple[ProcessHealth, ...], coverage: Mapping[str, float]
) -> Iterator[Metric]:
    newest = GaugeMetricFamily(
        "appliance_camera_last_frame_timestamp_seconds", "When a camera's newest frame came, Unix time.", labels=("camera",)
    )
    tracks = GaugeMetricFamily("appliance_camera_tracks", "Objects that are followed now.", labels=("camera",))
    seen = GaugeMetricFamily(
        "appliance_camera_coverage_ratio", "Which share of the last five full minutes was seen, 0 to 1.", labels=("camera",)
    )
    worked_ns = {process.name: process.worked_ns for process in processes}
    followed = {camera: number for process in processes for camera, number in process.work.tracks.items()}
    for camera in cameras:
        if came_ns := worked_ns.get(f"decode.{camera.name}"):
            newest.add_metric((camera.name,), came_ns / 1e9)
        # Of one that sends nothing the tracker knows what was there last.
        if camera.condition.state in ("ok", "degraded") and camera.name in followed:
            tracks.add_metric((camera.name,), followed[camera.name])
        if camera.name in coverage:
            seen.add_metric((camera.name,), coverage[camera.name])
    yield from (newest, tracks, seen)


def _of_drift(cameras: tuple[CameraHealth, ...]) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "appliance_camera_drift_state",
        "1 for the one of learning, steady and drifting that is true of what a camera shows and of what is found in it.",
        labels=("camera", "state"),
    )
    level = GaugeMetricFamily(
        "appliance_camera_drift_level",
        "How far a statistic is from the camera's baseline, as a multiple of what is tolerated.",
        labels=("camera", "statistic"),
    )
    for camera in cameras:
        if camera.drift is not None:
            for name in DRIFTS:
                state.add_metric((camera.name, name), int(camera.drift.state == name))
            for statistic, value in camera.drift.levels.items():
                level.add_metric((camera.name, statistic), value)
    yield from (state, level)
