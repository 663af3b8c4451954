"""What Prometheus reads of the machine: its health in the conventional names and units, nothing measured twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from appliance.messages import CameraHealth, Health, ProcessHealth

STATES = ("starting", "ok", "degraded", "down")


def metrics_of(health: Health | None, crossings: Iterable[tuple[str, str, str, str, int]], ledger_bytes: int) -> Iterator[Metric]:
    """All families; ``crossings`` are the totals: camera, line, direction, class, how many."""
    yield _gauge("appliance_up", "Whether the machine is heard of.", int(health is not None))
    if health is not None:
        yield from _of_cameras(health.cameras)
        yield from _of_processes(health.processes)
    counted = CounterMetricFamily("appliance_crossings", "Crossings counted.", labels=("camera", "line", "direction", "class"))
    for *labels, number in crossings:
        counted.add_metric(labels, number)
    yield counted
    yield _gauge("appliance_ledger_bytes", "Size of the ledger with its log.", ledger_bytes)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _of_cameras(cameras: Iterable[CameraHealth]) -> Iterator[Metric]:
    state = GaugeMetricFamily("appliance_camera_state", "1 for the state that a camera is in.", labels=("camera", "state"))
    frames = CounterMetricFamily("appliance_camera_frames", "Frames that were passed on.", labels=("camera",))
    skipped = CounterMetricFamily("appliance_camera_frames_skipped", "Frames not looked at.", labels=("camera", "cause"))
    damaged = CounterMetricFamily("appliance_camera_frames_damaged", "Stretches that could not be decoded.", labels=("camera",))
    connections = CounterMetricFamily("appliance_camera_connections", "How often it was connected.", labels=("camera",))
    rate = GaugeMetricFamily("appliance_camera_frame_rate", "What the camera says, frames per second.", labels=("camera",))
    for camera in cameras:
        for name in STATES:
            state.add_metric((camera.name, name), int(camera.condition.state == name))
        frames.add_metric((camera.name,), camera.frames)
        skipped.add_metric((camera.name, "busy"), camera.skipped_busy)
        skipped.add_metric((camera.name, "stale"), camera.skipped_stale)
        damaged.add_metric((camera.name,), camera.damaged)
        connections.add_metric((camera.name,), camera.connections)
        if camera.source is not None:
            rate.add_metric((camera.name,), camera.source.frames_per_second)
    yield from (state, frames, skipped, damaged, connections, rate)


def _of_processes(processes: Iterable[ProcessHealth]) -> Iterator[Metric]:
    state = GaugeMetricFamily("appliance_process_state", "1 for the state that a process is in.", labels=("process", "state"))
    restarts = CounterMetricFamily("appliance_process_restarts", "How often it was started anew.", labels=("process",))
    cpu = CounterMetricFamily("appliance_process_cpu_seconds", "CPU time of all its lives.", labels=("process",))
    memory = GaugeMetricFamily("appliance_process_memory_peak_bytes", "The most memory it has used.", labels=("process",))
    latency = GaugeMetricFamily(
        "appliance_process_latency_seconds", "From a frame's arrival until it was done.", labels=("process", "quantile")
    )
    waiting = GaugeMetricFamily("appliance_mqtt_backlog", "Crossings that no broker has acknowledged.")
    for process in processes:
        for name in STATES:
            state.add_metric((process.name, name), int(process.condition.state == name))
        restarts.add_metric((process.name,), process.restarts)
        cpu.add_metric((process.name,), process.cpu_ns / 1e9)
        memory.add_metric((process.name,), process.memory_bytes)
        if process.latency_p99_ns:
            latency.add_metric((process.name, "0.5"), process.latency_p50_ns / 1e9)
            latency.add_metric((process.name, "0.99"), process.latency_p99_ns / 1e9)
        if process.name == "publish":
            waiting.add_metric((), process.waiting)
    yield from (state, restarts, cpu, memory, latency, waiting)
