"""Temperature and power, where the computer measures any: thermal zones, hardware monitors, and the counters of Intel and AMD.

All of it is read from files of the kernel, https://docs.kernel.org/hwmon/sysfs-interface.html and beside it; what is not there
or does not answer is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

SYS = Path("/sys/class")
# A server has some dozens.
MOST = 64
LABELS = ("chip", "sensor")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sensor says: degrees Celsius, watts, or joules since some time."""

    kind: str
    chip: str
    sensor: str
    value: float


def read(root: Path = SYS) -> list[Reading]:
    """What all sensors say now, each with names that no other one has."""
    found: dict[tuple[str, str, str], Reading] = {}
    for reading in (*_zones(root / "thermal"), *_monitors(root / "hwmon"), *_counters(root / "powercap")):
        if len(found) < MOST:
            found.setdefault((reading.kind, reading.chip, reading.sensor), reading)
    return list(found.values())


def metrics_of(readings: list[Reading]) -> Iterator[Metric]:
    """For Prometheus; nothing of what is not measured."""
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        "temperature": GaugeMetricFamily("appliance_temperature_celsius", "What a thermometer shows.", labels=LABELS),
        "power": GaugeMetricFamily("appliance_power_watts", "What is drawn here.", labels=LABELS),
        "energy": CounterMetricFamily("appliance_energy_joules", "What was used here.", labels=LABELS),
    }
    for reading in readings:
        families[reading.kind].add_metric((reading.chip, reading.sensor), reading.value)
    yield from (family for family in families.values() if family.samples)


def _zones(folder: Path) -> Iterator[Reading]:
    for zone in _folders(folder, "thermal_zone*"):
        yield from _reading("temperature", zone.name, _text(zone / "type") or zone.name, zone / "temp", 1e-3)


def _monitors(folder: Path) -> Iterator[Reading]:
    """Two disks are two chips of one name, so the second one gets a number."""
    chips: dict[str, int] = {}
    for monitor in _folders(folder, "hwmon*"):
        name = _text(monitor / "name") or monitor.name
        chips[name] = chips.get(name, 0) + 1
        chip = name if chips[name] == 1 else f"{name}-{chips[name]}"
        for kind, files, unit in (("temperature", "temp*_input", 1e-3), ("power", "power*_input", 1e-6)):
            for file in _folders(monitor, files):
                sensor = file.name.removesuffix("_input")
                yield from _reading(kind, chip, _text(monitor / f"{sensor}_label") or sensor, file, unit)


def _counters(folder: Path) -> Iterator[Reading]:
    """They begin anew at some number, as counters may."""
    for zone in _folders(folder, "*:*"):
        yield from _reading("energy", zone.name, _text(zone / "name") or zone.name, zone / "energy_uj", 1e-6)


def _reading(kind: str, chip: str, sensor: str, file: Path, unit: float) -> Iterator[Reading]:
    text = _text(file)
    if text.lstrip("-").isdecimal():
        yield Reading(kind, chip, sensor, int(text) * unit)


def _folders(folder: Path, names: str) -> list[Path]:
    return sorted(folder.glob(names), key=lambda path: (len(path.name), path.name))


def _text(file: Path) -> str:
    """Empty where there is none, or nobody may read it, or the sensor sleeps."""
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
