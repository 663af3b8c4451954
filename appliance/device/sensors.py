"""Temperature and power, where the computer measures any: thermal zones, hardware monitors, and the counters of Intel and AMD.

All of it is read from files of the kernel, https://docs.kernel.org/hwmon/sysfs-interface.html and beside it; what is not there
or does not answer is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.device.files import found, number_of, text_of

SYS = Path("/sys/class")
# A server has some dozens.
MOST = 64
# What lies outside of it no thermometer of a computer means; a Jetson's that is switched off says -256.
LOWEST_C, HIGHEST_C = -100, 250


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sensor says: degrees Celsius, watts, or joules since some time."""

    kind: str
    chip: str
    sensor: str
    value: float


def read(root: Path = SYS) -> list[Reading]:
    """What all sensors say now, each with names that no other one has."""
    readings: dict[tuple[str, str, str], Reading] = {}
    for reading in (*_zones(root / "thermal"), *_monitors(root / "hwmon"), *_counters(root / "powercap")):
        if len(readings) < MOST:
            readings.setdefault((reading.kind, reading.chip, reading.sensor), reading)
    return list(readings.values())


def _zones(folder: Path) -> Iterator[Reading]:
    for zone in found(folder, "thermal_zone*"):
        yield from _reading("temperature", zone.name, text_of(zone / "type") or zone.name, zone / "temp", 1e-3)


def _monitors(folder: Path) -> Iterator[Reading]:
    """Two disks are two chips of one name, so the second one gets a number."""
    chips: dict[str, int] = {}
    for monitor in found(folder, "hwmon*"):
        name = text_of(monitor / "name") or monitor.name
        chips[name] = chips.get(name, 0) + 1
        chip = name if chips[name] == 1 else f"{name}-{chips[name]}"
        for kind, files, unit in (("temperature", "temp*_input", 1e-3), ("power", "power*_input", 1e-6)):
            for file in found(monitor, files):
                sensor = file.name.removesuffix("_input")
                yield from _reading(kind, chip, text_of(monitor / f"{sensor}_label") or sensor, file, unit)
        yield from _rails(monitor, chip)


def _counters(folder: Path) -> Iterator[Reading]:
    """They begin anew at some number, as counters may."""
    for zone in found(folder, "*:*"):
        yield from _reading("energy", zone.name, text_of(zone / "name") or zone.name, zone / "energy_uj", 1e-6)


def _rails(monitor: Path, chip: str) -> Iterator[Reading]:
    """Of an INA3221, the chip on every Jetson: it measures mV and mA of three rails and leaves their product to others.

    Its further voltages are those of the shunts, and its fourth current is a sum.
    https://docs.kernel.org/hwmon/ina3221.html
    """
    if text_of(monitor / "name") != "ina3221":
        return
    for channel in (1, 2, 3):
        millivolts, milliamperes = number_of(monitor / f"in{channel}_input"), number_of(monitor / f"curr{channel}_input")
        if millivolts is not None and milliamperes is not None:
            label = text_of(monitor / f"in{channel}_label") or f"rail{channel}"
            yield Reading("power", chip, label, millivolts * milliamperes * 1e-6)


def _reading(kind: str, chip: str, sensor: str, file: Path, unit: float) -> Iterator[Reading]:
    number = number_of(file)
    if number is not None and (kind != "temperature" or LOWEST_C < number * unit < HIGHEST_C):
        yield Reading(kind, chip, sensor, number * unit)
