"""What Prometheus reads of the processes, of the detector's work and of what waits for a broker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from appliance.messages.health import ProcessHealth
from appliance.messages.reports import Beat
from appliance.observe.camera_metrics import STATES
from appliance.observe.histograms import of_sizes, of_times

# Those that every frame comes to, but for the decoders, whose frames are their cameras'.
STAGES = ("detect", "track", "count")


def of_processes(processes: Iterable[ProcessHealth]) -> Iterator[Metric]:
    """How each is, what it uses, and what it has done."""
    processes = tuple(processes)
    yield from _of_conditions(processes)
    yield from _of_use(processes)
    yield from _of_work([process for process in processes if process.name.partition(".")[0] in STAGES])
    for process in processes:
        if process.name == "detect":
            yield from _of_detector(process.work)
        if process.name == "publish":
            yield from _of_publisher(process)


def _of_conditions(processes: tuple[ProcessHealth, ...]) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "appliance_process_state", "1 for the state that a process is in, 0 for others.", labels=("process", "state")
    )
    up = GaugeMetricFamily("appliance_process_up", "Whether a process is at work.", labels=("process",))
    restarts = CounterMetricFamily("appliance_process_restarts", "How often a process was started anew.", labels=("process",))
    for process in processes:
        for name in STATES:
            state.add_metric((process.name, name), int(process.condition.state == name))
        up.add_metric((process.name,), int(process.pid > 0 and process.condition.state in ("ok", "degraded")))
        restarts.add_metric((process.name,), process.restarts)
    yield from (state, up, restarts)


def _of_use(processes: tuple[ProcessHealth, ...]) -> Iterator[Metric]:
    cpu = CounterMetricFamily("appliance_process_cpu_seconds", "CPU time of all lives of a process.", labels=("process",))
    memory = GaugeMetricFamily(
        "appliance_process_resident_memory_bytes", "Memory in use, pages shared with others included.", labels=("process",)
    )
    peak = GaugeMetricFamily(
        "appliance_process_peak_resident_memory_bytes", "The most memory that was ever in use.", labels=("process",)
    )
    for process in processes:
        cpu.add_metric((process.name,), process.cpu_ns / 1e9)
        memory.add_metric((process.name,), process.work.memory_bytes)
        peak.add_metric((process.name,), process.memory_bytes)
    yield from (cpu, memory, peak)


def _of_work(stages: Iterable[ProcessHealth]) -> Iterator[Metric]:
    frames = CounterMetricFamily("appliance_process_frames", "Frames that a process is done with.", labels=("process",))
    latency = HistogramMetricFamily(
        "appliance_frame_latency_seconds", "From a frame's arrival until a process was done with it.", labels=("process",)
    )
    for process in stages:
        frames.add_metric((process.name,), process.frames)
        latency.add_metric((process.name,), of_times(process.work.latencies), process.work.latency_ns / 1e9)
    yield from (frames, latency)


def _of_detector(work: Beat) -> Iterator[Metric]:
    pictures = sum(size * number for size, number in work.batches.items())
    yield HistogramMetricFamily(
        "appliance_detector_batch_pictures", "Pictures that went through the network together.", of_sizes(work.batches), pictures
    )
    yield HistogramMetricFamily(
        "appliance_detector_batch_duration_seconds",
        "From handing a batch to the network until its answer was there.",
        of_times(work.batch_times),
        work.batch_ns / 1e9,
    )


def _of_publisher(process: ProcessHealth) -> Iterator[Metric]:
    is_connected = process.pid > 0 and process.condition.state == "ok"
    yield GaugeMetricFamily("appliance_mqtt_connected", "Whether the broker is there.", value=int(is_connected))
    yield GaugeMetricFamily(
        "appliance_mqtt_waiting_crossings", "Crossings that the broker has not acknowledged yet.", value=process.waiting
    )
    yield CounterMetricFamily(
        "appliance_mqtt_acknowledged_messages", "Messages that the broker has acknowledged.", value=process.frames
    )
