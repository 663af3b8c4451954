"""What Prometheus reads of the machine: its health in the conventional names and units, nothing measured twice.

No label holds what grows without end: cameras, lines, directions and processes are as many as were named by people, classes as
many as the model knows, and of crossings there are ``MOST_TOTALS`` series at most.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

import appliance
from appliance.device.sensors import Reading
from appliance.messages.health import Health
from appliance.observe.camera_metrics import of_cameras
from appliance.observe.device_metrics import of_devices, of_sensors
from appliance.observe.process_metrics import of_processes

MOST_TOTALS = 2000


@dataclass(frozen=True, slots=True)
class Figures:
    """What the disk tells: of the ledger, and of the room that is left for it."""

    totals: tuple[tuple[tuple[str, str, str, str], int], ...] = ()
    """Camera, line, direction and class, and how many were ever counted of them."""
    left_out: int = 0
    """So many more of these there are."""
    lost: int = 0
    """Crossings that were deleted before a broker had acknowledged them."""
    coverage: dict[str, float] = field(default_factory=dict)
    """By camera, 0..1."""
    ledger_bytes: int = 0
    disk_free_bytes: int = 0
    disk_bytes: int = 0


def metrics_of(site: str, health: Health | None, figures: Figures | None, readings: list[Reading]) -> Iterator[Metric]:
    """All families; what is not known is not there."""
    versions = {"version": appliance.__version__, "python": platform.python_version()}
    yield InfoMetricFamily("appliance_build", "What runs here.", value=versions)
    yield InfoMetricFamily("appliance_site", "Where it runs.", value={"site": site})
    yield GaugeMetricFamily("appliance_up", "Whether the machine is heard of.", value=int(health is not None))
    if health is not None:
        yield from of_cameras(health.cameras, health.processes, {} if figures is None else figures.coverage)
        yield from of_processes(health.processes)
        yield from of_devices(health.devices)
    if figures is not None:
        yield from _of_ledger(figures)
    yield from of_sensors(readings, () if health is None else health.devices)


def _of_ledger(figures: Figures) -> Iterator[Metric]:
    counted = CounterMetricFamily(
        "appliance_crossings", "Crossings counted since the ledger began.", labels=("camera", "line", "direction", "class")
    )
    for labels, number in figures.totals:
        counted.add_metric(labels, number)
    yield counted
    yield GaugeMetricFamily(
        "appliance_crossings_series_left_out",
        f"Series of crossings that are not shown, because there are more than {MOST_TOTALS}.",
        value=figures.left_out,
    )
    yield CounterMetricFamily(
        "appliance_mqtt_lost_crossings", "Crossings deleted before a broker had acknowledged them.", value=figures.lost
    )
    yield GaugeMetricFamily("appliance_ledger_bytes", "Size of the ledger with its log.", value=figures.ledger_bytes)
    yield GaugeMetricFamily("appliance_disk_free_bytes", "Room left where the ledger is.", value=figures.disk_free_bytes)
    yield GaugeMetricFamily("appliance_disk_size_bytes", "Size of the disk that the ledger is on.", value=figures.disk_bytes)
