"""What Prometheus reads of what the machine runs on: thermometers, power meters, a Jetson, GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from appliance.device.sensors import Reading
from appliance.messages.health import DeviceHealth
from appliance.observe.camera_metrics import STATES

LABELS = ("chip", "sensor")


def of_sensors(readings: Iterable[Reading], devices: Iterable[DeviceHealth]) -> Iterator[Metric]:
    """What the kernel measures, and what NVIDIA's library does of a GPU; nothing of what is not measured."""
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        "temperature": GaugeMetricFamily("appliance_temperature_celsius", "What a thermometer shows.", labels=LABELS),
        "power": GaugeMetricFamily("appliance_power_watts", "What is drawn here.", labels=LABELS),
        "energy": CounterMetricFamily("appliance_energy_joules", "What was used here.", labels=LABELS),
    }
    for reading in (*readings, *_of_gpus(devices)):
        families[reading.kind].add_metric((reading.chip, reading.sensor), reading.value)
    yield from (family for family in families.values() if family.samples)


def _of_gpus(devices: Iterable[DeviceHealth]) -> Iterator[Reading]:
    """A Jetson's are the kernel's, and among its readings already."""
    for device in devices:
        if device.kind == "gpu":
            yield from (Reading("temperature", device.name, place, value) for place, value in device.temperatures_c.items())
            yield from (Reading("power", device.name, place, value) for place, value in device.powers_w.items())


def of_devices(devices: Iterable[DeviceHealth]) -> Iterator[Metric]:
    """What each is, how it is, and how busy."""
    devices = tuple(devices)
    if not devices:
        return
    info = InfoMetricFamily("appliance_device", "What the machine runs on.", labels=("device",))
    state = GaugeMetricFamily(
        "appliance_device_state", "1 for the state that it is in, 0 for others.", labels=("device", "state")
    )
    for device in devices:
        said = {"model": device.model, "software": device.software, "power_mode": device.power_mode}
        info.add_metric((device.name,), said)
        for name in STATES:
            state.add_metric((device.name, name), int(device.condition.state == name))
    yield from (info, state, *_of_use(devices))


def _of_use(devices: tuple[DeviceHealth, ...]) -> Iterator[Metric]:
    load = GaugeMetricFamily("appliance_device_load_ratio", "How busy a part of it is, 0..1.", labels=("device", "unit"))
    clock = GaugeMetricFamily("appliance_device_clock_hertz", "How fast a part of it runs now.", labels=("device", "unit"))
    memory = GaugeMetricFamily("appliance_device_memory_bytes", "Its memory.", labels=("device",))
    used = GaugeMetricFamily("appliance_device_memory_used_bytes", "Its memory in use.", labels=("device",))
    events = CounterMetricFamily("appliance_device_events", "What has befallen it, by kind.", labels=("device", "event"))
    for device in devices:
        for unit, share in device.loads.items():
            load.add_metric((device.name, unit), share)
        for unit, hertz in device.clocks_hz.items():
            clock.add_metric((device.name, unit), hertz)
        for event, number in device.events.items():
            events.add_metric((device.name, event), number)
        if device.memory_bytes:
            memory.add_metric((device.name,), device.memory_bytes)
            used.add_metric((device.name,), device.memory_used_bytes)
    yield from (family for family in (load, clock, memory, used, events) if family.samples)
