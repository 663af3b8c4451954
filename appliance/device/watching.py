"""What the machine runs on, asked every few seconds, beside the machine: a driver that has lost its GPU may never answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

import msgspec

from appliance.clock import NS_PER_S, monotonic_ns, wall_ns
from appliance.device import x86
from appliance.device.jetson import Jetson, is_jetson
from appliance.messages.health import DeviceHealth
from appliance.messages.reports import Condition

INTERVAL_S = 5.0
SILENT_NS = 60 * NS_PER_S
# A device at the edge of too hot is so for a second, and again, and again.
CALM_NS = 60 * NS_PER_S
SILENT = Condition("degraded", "the device's driver does not answer; if 'nvidia-smi' does not, either, start the computer anew")
Reader = Callable[[int], tuple[DeviceHealth, ...]]

logger = logging.getLogger(__name__)


def reader_of(root: Path = Path("/")) -> Reader | None:
    """Whatever can be asked on this computer, at a monotonic time; None where there is nothing of NVIDIA's."""
    nvml = x86.library() if x86.has_driver(root) else None
    gpus = None if nvml is None else x86.Nvml(root, nvml).read
    return partial(_read_jetson, Jetson(root), gpus) if is_jetson(root) else gpus


def _read_jetson(jetson: Jetson, gpus: Reader | None, now_ns: int) -> tuple[DeviceHealth, ...]:
    """From Thor on, the GPU's load is in no file: its driver is that of servers."""
    devices = jetson.read()
    if gpus is None or "gpu" in devices[0].loads:
        return devices
    loads = {unit: share for unit, share in gpus(now_ns)[0].loads.items() if unit in ("gpu", "nvdec")}
    return (msgspec.structs.replace(devices[0], loads={**loads, **devices[0].loads}),)


class Steadied:
    """Since when each device is as it is; what is wrong with it counts until it has been well for a minute."""

    def __init__(self) -> None:
        self._known: dict[str, DeviceHealth] = {}
        self._wrong_ns: dict[str, int] = {}

    def look(self, devices: tuple[DeviceHealth, ...], now_ns: int, time_ns: int) -> tuple[DeviceHealth, ...]:
        """What was read at this monotonic time and wall clock; a state that is new is logged."""
        steadied = tuple(self._steadied(device, now_ns, time_ns) for device in devices)
        self._known = {device.name: device for device in steadied}
        return steadied

    def _steadied(self, device: DeviceHealth, now_ns: int, time_ns: int) -> DeviceHealth:
        known, condition = self._known.get(device.name), device.condition
        if condition.state != "ok":
            self._wrong_ns[device.name] = now_ns
        elif known is not None and known.condition.state != "ok" and now_ns - self._wrong_ns[device.name] < CALM_NS:
            condition = known.condition
        if known is None or known.condition.state != condition.state:
            if condition.state != "ok" or known is not None:
                is_bad = condition.state != "ok"
                level = logging.WARNING if is_bad else logging.INFO
                logger.log(level, "%s is %s%s%s", device.name, condition.state, ": " * is_bad, condition.reason)
            return msgspec.structs.replace(device, condition=condition, since_ns=time_ns)
        return msgspec.structs.replace(device, condition=condition, since_ns=known.since_ns)


class Watching:
    """Asks in a thread, as a context; nobody waits for an answer that does not come."""

    def __init__(self, reader: Reader | None, interval_s: float = INTERVAL_S, silent_ns: int = SILENT_NS) -> None:
        self._reader, self._interval_s, self._silent_ns = reader, interval_s, silent_ns
        self._over = threading.Event()
        self._steadied = Steadied()
        self._told: tuple[DeviceHealth, ...] = ()
        self._told_ns = monotonic_ns()

    def __enter__(self) -> Watching:
        if self._reader is not None:
            threading.Thread(target=self._ask, args=(self._reader,), name="device", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()

    def _ask(self, reader: Reader) -> None:
        while not self._over.is_set():
            now_ns = monotonic_ns()
            self._told = self._steadied.look(reader(now_ns), now_ns, wall_ns())
            self._told_ns = monotonic_ns()
            self._over.wait(self._interval_s)

    def devices(self) -> tuple[DeviceHealth, ...]:
        """As last told; of one that has not answered for long, that."""
        told_ns = self._told_ns
        if self._reader is None or monotonic_ns() - told_ns < self._silent_ns:
            return self._told
        since_ns = wall_ns() - (monotonic_ns() - told_ns)
        silent = self._told or (DeviceHealth("gpu0", "gpu", "NVIDIA GPU", "", SILENT, since_ns),)
        return tuple(DeviceHealth(one.name, one.kind, one.model, one.software, SILENT, since_ns) for one in silent)
