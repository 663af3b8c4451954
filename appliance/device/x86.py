"""NVIDIA's GPUs as the driver's own library (NVML) tells of them, through nvidia-ml-py, which need not be there.

https://docs.nvidia.com/deploy/nvml-api and, for what the numbers of Xid mean, https://docs.nvidia.com/deploy/xid-errors
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from appliance.clock import NS_PER_S
from appliance.device.files import text_of
from appliance.messages.health import DeviceHealth
from appliance.messages.reports import Condition

DRIVER = Path("proc/driver/nvidia/version")
# Of "clocks event reasons"; that a GPU keeps to its power limit is no fault.
SLOWED, TOO_HOT, POWER_BRAKE = 0x08, 0x20 | 0x40, 0x80
# These are of programs, by the fault of which the GPU is none the worse; whoever ran one hears of it.
XIDS_OF_PROGRAMS = frozenset({13, 31, 43, 45, 68, 109})
XID_FALLEN_OFF_THE_BUS = 79
XID_REMEMBERED_NS = 3600 * NS_PER_S
MOST_EVENTS = 100
LOST = Condition("down", "the GPU is lost: its driver does not reach it any more; the computer must be started anew")
HOT = Condition("degraded", "the device is too hot: its clocks are down")
BRAKED = Condition("degraded", "the computer's power supply holds the device back: its clocks are down")
SLOW = Condition("degraded", "the device protects itself, from heat or for want of power: its clocks are down")
WELL = Condition("ok")


@dataclass(slots=True)
class _Gpu:
    """One of them, as long as the library is open."""

    name: str
    handle: Any
    model: str
    events: Any
    """Where its errors are told; None where they are not."""
    xids: int = 0
    serious: tuple[int, int] = (0, 0)
    """The newest Xid that is the GPU's own, and when it was told, monotonic."""


def has_driver(root: Path) -> bool:
    """Whether NVIDIA's driver is loaded."""
    return (root / DRIVER).exists()


def library() -> Any:
    """nvidia-ml-py's module, or None."""
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


@dataclass(slots=True)
class Nvml:
    """All GPUs. What one of them cannot tell is left out; a library that fails is asked anew each time."""

    root: Path
    nvml: Any
    _gpus: list[_Gpu] | None = None
    _models: dict[str, str] = field(default_factory=dict)

    def read(self, now_ns: int) -> tuple[DeviceHealth, ...]:
        """How they are at this monotonic time."""
        software = f"driver {driver_of(text_of(self.root / DRIVER))}".strip()
        try:
            if self._gpus is None:
                self.nvml.nvmlInit()
                self._gpus = [self._gpu(number) for number in range(self.nvml.nvmlDeviceGetCount())]
        except self.nvml.NVMLError as error:
            condition = LOST if self._is_lost(error) else Condition("degraded", f"the GPU's driver cannot be asked: {error}")
            return (DeviceHealth("gpu0", "gpu", self._models.get("gpu0", "NVIDIA GPU"), software, condition),)
        return tuple(self._told(gpu, software, now_ns) for gpu in self._gpus)

    def _gpu(self, number: int) -> _Gpu:
        nvml, name = self.nvml, f"gpu{number}"
        handle = nvml.nvmlDeviceGetHandleByIndex(number)
        self._models[name] = self._asked("nvmlDeviceGetName", handle) or "NVIDIA GPU"
        events = self._asked("nvmlEventSetCreate")
        try:
            nvml.nvmlDeviceRegisterEvents(handle, nvml.nvmlEventTypeXidCriticalError, events)
        except nvml.NVMLError:
            events = None
        return _Gpu(name, handle, self._models[name], events)

    def _told(self, gpu: _Gpu, software: str, now_ns: int) -> DeviceHealth:
        told = partial(DeviceHealth, gpu.name, "gpu", gpu.model, software)
        try:
            self._hear(gpu, now_ns)
            return self._measured(gpu, told, now_ns)
        except self.nvml.NVMLError as error:
            if not self._is_lost(error):
                # Perhaps the driver was replaced under way.
                self._gpus = None
                return told(Condition("degraded", f"the GPU's driver cannot be asked: {error}"))
            return told(LOST, events={"xid": gpu.xids})

    def _measured(self, gpu: _Gpu, told: partial[DeviceHealth], now_ns: int) -> DeviceHealth:
        nvml, asked = self.nvml, partial(self._asked, handle=gpu.handle)
        use, decoder = asked("nvmlDeviceGetUtilizationRates"), asked("nvmlDeviceGetDecoderUtilization")
        heat, power = asked("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU), asked("nvmlDeviceGetPowerUsage")
        clock, memory = asked("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM), asked("nvmlDeviceGetMemoryInfo")
        reasons = asked("nvmlDeviceGetCurrentClocksEventReasons")
        if reasons is None:
            # As drivers before 535 call them.
            reasons = asked("nvmlDeviceGetCurrentClocksThrottleReasons")
        loads = {} if use is None else {"gpu": use.gpu / 100, "memory": use.memory / 100}
        return told(
            condition_of(reasons or 0, gpu.serious, now_ns),
            loads=loads if decoder is None else {**loads, "nvdec": decoder[0] / 100},
            clocks_hz={} if clock is None else {"gpu": clock * 1_000_000},
            temperatures_c={} if heat is None else {"gpu": float(heat)},
            powers_w={} if power is None else {"gpu": power / 1000},
            events={"xid": gpu.xids},
            memory_bytes=0 if memory is None else memory.total,
            memory_used_bytes=0 if memory is None else memory.used,
        )

    def _hear(self, gpu: _Gpu, now_ns: int) -> None:
        """What the driver has logged of it since."""
        for _ in range(MOST_EVENTS if gpu.events is not None else 0):
            event = self._asked("nvmlEventSetWait_v2", gpu.events, 0)
            if event is None:
                return
            gpu.xids += 1
            if event.eventData not in XIDS_OF_PROGRAMS:
                gpu.serious = (event.eventData, now_ns)

    def _asked(self, function: str, *arguments: Any, handle: Any = None) -> Any:
        """Its answer, or None where this GPU or this driver has none; raises where there is no asking any more."""
        nvml = self.nvml
        try:
            return getattr(nvml, function)(*(() if handle is None else (handle,)), *arguments)
        except nvml.NVMLError as error:
            if self._is_lost(error) or error.value in (nvml.NVML_ERROR_UNINITIALIZED, nvml.NVML_ERROR_DRIVER_NOT_LOADED):
                raise
            return None

    def _is_lost(self, error: Any) -> bool:
        return error.value in (self.nvml.NVML_ERROR_GPU_IS_LOST, self.nvml.NVML_ERROR_RESET_REQUIRED)


def condition_of(reasons: int, serious: tuple[int, int], now_ns: int) -> Condition:
    """How a GPU is, by what holds its clocks down and by its last own error."""
    xid, told_ns = serious
    if xid == XID_FALLEN_OFF_THE_BUS:
        return LOST
    if xid and now_ns - told_ns < XID_REMEMBERED_NS:
        said = f"the GPU's driver has reported Xid {xid}, an error of the device itself"
        return Condition("degraded", f"{said}; NVIDIA's list of Xid errors says what to do")
    if reasons & TOO_HOT:
        return HOT
    if reasons & POWER_BRAKE:
        return BRAKED
    return SLOW if reasons & SLOWED else WELL


def driver_of(text: str) -> str:
    """Its number, as ``580.95.05``; empty where that is something else."""
    match = re.search(r"\b(\d{2,4}\.\d{1,4}(?:\.\d{1,4})?)\b", text)
    return match[1] if match else ""
