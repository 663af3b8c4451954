"""A Jetson as its files tell of it: release, power mode, clocks, loads, temperatures, rails, and whether it is held back.

Everything is read from files, so that neither root nor jtop's service is needed; what a release or a board does not have is
left out. Where the files are: the chapter "Platform Power and Performance" of NVIDIA's Jetson Linux Developer Guide, and the
kernel's documentation of devfreq, hwmon, thermal zones and runtime power management. Thor's load is in none: see ``watching``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from appliance.device import sensors
from appliance.device.files import found, number_of, text_of
from appliance.messages.health import DeviceHealth
from appliance.messages.reports import Condition

NAME = "jetson"
# JetPack by release of L4T, the longest match first; https://developer.nvidia.com/embedded/jetpack-archive
JETPACKS = {
    "39.2": "7.2", "39": "7", "38.4": "7.1", "38.2": "7.0", "38": "7",
    "36.5.0": "6.2.2", "36.4.7": "6.2.1", "36.4.4": "6.2.1", "36.4.3": "6.2", "36.4.0": "6.1", "36.3": "6.0", "36": "6",
    "35.6.0": "5.1.4", "35.5": "5.1.3", "35.4": "5.1.2", "35.3": "5.1.1", "35.2": "5.1", "35": "5",
}  # fmt: skip
# Names of the GPU among the devices that scale their clock, from Xavier to Thor.
GPUS = re.compile(r"(^|\.)(gpu|ga10b|gv11b|gp10b)$|^gpu-gpc-0$")
DECODERS = re.compile(r"\.nvdec$|^gpu-nvd-0$")
MEMORIES = re.compile(r"^bwmgr$|emc")
# Cooling by slowing down, on by its state; a fan cools too, and 'hot-surface-alert' only warns of fingers.
SLOWING = re.compile(r"^(cpufreq|devfreq|thermal-cpufreq|thermal-devfreq)-|-throttle-alert$|-balanced$")
# Of the board's own supervision of its supply, from Orin on.
ALARMS = {"oc1": "undervoltage", "oc2": "overcurrent", "oc3": "overcurrent_peak"}
HOT = Condition("degraded", "the device is too hot: its clocks are down")
STARVED = {
    "undervoltage": Condition("degraded", "the device's supply gives too little voltage: its clocks are down"),
    "overcurrent": Condition("degraded", "the device draws more current than it may: its clocks are down"),
}
WELL = Condition("ok")


def is_jetson(root: Path) -> bool:
    """Whether this computer is one; as a container of it sees it, too."""
    return (root / "etc/nv_tegra_release").exists() or "nvidia,tegra" in text_of(root / "proc/device-tree/compatible")


class Jetson:
    """Remembers what it takes to tell loads from times and alarms from counters."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._alarms: dict[str, int] = {}
        self._times: dict[Path, tuple[int, int]] = {}

    def read(self) -> tuple[DeviceHealth, ...]:
        """All of it, now; a state is that of this moment, or of the time since it was last asked."""
        root = self._root
        alarms = dict(alarms_of(root))
        memory_bytes, free_bytes = memory_of(root)
        readings = sensors.read(root / "sys/class")
        device = DeviceHealth(
            NAME,
            "jetson",
            text_of(root / "proc/device-tree/model") or "Jetson",
            software_of(text_of(root / "etc/nv_tegra_release")),
            self._condition(alarms),
            power_mode=power_mode_of(root),
            loads=dict(self._loads()),
            clocks_hz=dict(clocks_of(root)),
            temperatures_c=temperatures_of(readings),
            powers_w={one.sensor: one.value for one in readings if one.kind == "power" and one.chip.startswith("ina3221")},
            events=alarms,
            memory_bytes=memory_bytes,
            memory_used_bytes=max(0, memory_bytes - free_bytes),
        )
        self._alarms = alarms
        return (device,)

    def _condition(self, alarms: dict[str, int]) -> Condition:
        """Peaks of the current are told by number alone: at full power they come several times a second, and cost little."""
        if is_slowed_down(self._root):
            return HOT
        for event, condition in STARVED.items():
            if event in self._alarms and alarms.get(event, 0) > self._alarms[event]:
                return condition
        return WELL

    def _loads(self) -> Iterator[tuple[str, float]]:
        for file in gpu_load_files(self._root):
            load = number_of(file)
            if load is not None and 0 <= load <= 1000:
                yield "gpu", load / 1000
                break
        for folder in scaled(self._root, DECODERS):
            share = self._share_awake(folder / "device/power")
            if share is not None:
                yield "nvdec", share
                break

    def _share_awake(self, folder: Path) -> float | None:
        """Of the time since it was last asked: how long an engine was powered, which is at most how long it worked."""
        awake_ms, asleep_ms = number_of(folder / "runtime_active_time"), number_of(folder / "runtime_suspended_time")
        if awake_ms is None or asleep_ms is None:
            return None
        before = self._times.get(folder)
        self._times[folder] = (awake_ms, asleep_ms)
        if before is None or not awake_ms + asleep_ms > sum(before) or awake_ms < before[0]:
            return None
        return min(1.0, (awake_ms - before[0]) / (awake_ms + asleep_ms - sum(before)))


def release_of(text: str) -> str:
    """Of L4T, as ``36.4.3``, from the first line of ``nv_tegra_release``; empty where that is something else."""
    match = re.match(r"# R(\d{1,3}) \(release\), REVISION: (\d{1,3}(?:\.\d{1,3})*)", text)
    return f"{match[1]}.{match[2]}" if match else ""


def software_of(text: str) -> str:
    """As people speak of it: ``JetPack 6.2 (L4T 36.4.3)``."""
    release = release_of(text)
    parts = release.split(".")
    for length in range(len(parts), 0, -1):
        if (jetpack := JETPACKS.get(".".join(parts[:length]))) is not None:
            return f"JetPack {jetpack} (L4T {release})"
    return f"L4T {release}" if release else ""


def power_mode_of(root: Path) -> str:
    """By its name, as ``MAXN_SUPER``; by its number where nothing names it."""
    match = re.search(r"pmode:\s*(\d{1,4})", text_of(root / "var/lib/nvpmodel/status"))
    if match is None:
        return ""
    names = re.findall(
        r"^\s*<\s*POWER_MODEL\s+ID\s*=\s*(\d{1,4})\s+NAME\s*=\s*([^\s>]+)", text_of(root / "etc/nvpmodel.conf"), re.MULTILINE
    )
    return next((name for number, name in names if int(number) == int(match[1])), str(int(match[1])))


def scaled(root: Path, names: re.Pattern[str]) -> list[Path]:
    """Those devices of that name whose clock is scaled."""
    return [folder for folder in found(root / "sys/class/devfreq", "*") if names.search(folder.name)]


def gpu_load_files(root: Path) -> list[Path]:
    """Per mille; by the GPU's own folder, and where earlier releases have it."""
    own = [folder / "device/load" for folder in scaled(root, GPUS)]
    return [*own, root / "sys/devices/gpu.0/load", root / "sys/devices/platform/gpu.0/load"]


def clocks_of(root: Path) -> Iterator[tuple[str, int]]:
    """Hz; of the CPU's cores the fastest one."""
    for unit, names in {"gpu": GPUS, "nvdec": DECODERS, "memory": MEMORIES}.items():
        clocks = [number_of(folder / "cur_freq") for folder in scaled(root, names)]
        yield from ((unit, clock) for clock in clocks[:1] if clock is not None and clock >= 0)
    cores = [number_of(file) for file in found(root / "sys/devices/system/cpu", "cpu*/cpufreq/scaling_cur_freq")]
    if known := [clock for clock in cores if clock is not None and clock >= 0]:
        yield "cpu", max(known) * 1000


def temperatures_of(readings: list[sensors.Reading]) -> dict[str, float]:
    """By thermal zone, as ``cpu``, ``gpu``, ``tj``; Xavier's PMIC-Die is a constant."""
    zones = {one.sensor: one.value for one in readings if one.kind == "temperature" and one.chip.startswith("thermal_zone")}
    return {re.sub(r"-therm(al)?$", "", zone).lower(): value for zone, value in zones.items() if zone != "PMIC-Die"}


def is_slowed_down(root: Path) -> bool:
    """Whether any clock is held down because of heat."""
    return any(
        SLOWING.search(text_of(device / "type").lower()) and (number_of(device / "cur_state") or 0) > 0
        for device in found(root / "sys/class/thermal", "cooling_device*")
    )


def alarms_of(root: Path) -> Iterator[tuple[str, int]]:
    """How often each has gone off since the start of the computer."""
    for monitor in found(root / "sys/class/hwmon", "hwmon*"):
        for alarm, event in ALARMS.items():
            number = number_of(monitor / f"{alarm}_event_cnt")
            if number is not None and number >= 0:
                yield event, number


def memory_of(root: Path) -> tuple[int, int]:
    """All bytes, and those that may still be taken; GPU and CPU share them."""
    found_kb = dict(re.findall(r"^(MemTotal|MemAvailable):\s+(\d{1,15}) kB", text_of(root / "proc/meminfo"), re.MULTILINE))
    return int(found_kb.get("MemTotal", 0)) << 10, int(found_kb.get("MemAvailable", 0)) << 10
