"""What all viewers of the panel see at one moment: computed once for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from appliance.clock import wall_ns
from appliance.config import CameraSettings
from appliance.control.house import House
from appliance.control.live.painting import UNKNOWN, Scores
from appliance.control.panel.glance import Glance, glance_of
from appliance.control.panel.rates import Rates
from appliance.control.panel.words import milliseconds, moment, rate, size, state_word
from appliance.messages.health import CameraHealth, DeviceHealth, Health, ProcessHealth
from appliance.messages.reports import DriftHealth

# Plain values, as they go to the browser.
Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything; the tuples are sent as they are."""

    glance: Glance
    tiles: tuple[Shown, ...]
    cameras: tuple[Shown, ...]
    processes: tuple[Shown, ...]
    facts: tuple[Shown, ...]


class Eye:
    """Looks at the house; remembers only what it takes to tell how fast things go."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._frames, self._cpu = Rates(), Rates()
        self._noting = Lock()

    def look(self, *, with_counts: bool = True) -> Sight:
        """Now. Reads the ledger, unless it shall not, so not for the event loop."""
        house, now_ns = self._house, wall_ns()
        health = house.health if house.is_heard else None
        self._note(health)
        scores = house.today.scores() if with_counts else None
        cameras = health.cameras if health is not None else ()
        settings = dict(house.cameras)
        return Sight(
            glance_of(health, now_ns, house.zone),
            tuple(self._tile(camera, settings.get(camera.name), scores, now_ns) for camera in cameras),
            tuple(self._camera(camera, now_ns) for camera in cameras),
            tuple(self._process(process, now_ns) for process in (health.processes if health is not None else ())),
            tuple(self._facts(health)),
        )

    def _note(self, health: Health | None) -> None:
        if health is None:
            return
        with self._noting:
            self._frames.note(health.time_ns, {camera.name: camera.frames for camera in health.cameras})
            self._cpu.note(health.time_ns, {process.name: process.cpu_ns for process in health.processes})

    def _part(self, part: CameraHealth | ProcessHealth, now_ns: int) -> Shown:
        state = part.condition.state
        return {
            "name": part.name,
            "state": state,
            "word": state_word(state),
            "reason": part.condition.reason,
            "since": moment(part.since_ns, now_ns, self._house.zone),
        }

    def _tile(self, camera: CameraHealth, settings: CameraSettings | None, scores: Scores | None, now_ns: int) -> Shown:
        source = camera.source
        return {
            **self._part(camera, now_ns),
            "path": f"/camera/{quote(camera.name, safe='')}",
            "pictures": f"/api/v1/cameras/{quote(camera.name, safe='')}",
            "rate": rate(self._frames.per_second(camera.name)),
            "ratio": source.width / source.height if source is not None and source.height else 16 / 9,
            "lines": [] if settings is None else lines_of(settings, scores),
        }

    def _camera(self, camera: CameraHealth, now_ns: int) -> Shown:
        source = camera.source
        cells = (
            rate(self._frames.per_second(camera.name)),
            "" if source is None else f"{source.width} × {source.height}, {source.frames_per_second:.3g} fps",
            "" if source is None else source.decoder,
            f"{camera.frames:,}",
            f"{camera.skipped_busy:,} busy, {camera.skipped_stale:,} late",
            f"{camera.damaged:,}",
            f"{camera.connections:,}",
            drift_word(camera.drift),
        )
        part = self._part(camera, now_ns)
        if camera.drift is not None and not part["reason"]:
            part["reason"] = camera.drift.sentence
        return {**part, "cells": cells}

    def _process(self, process: ProcessHealth, now_ns: int) -> Shown:
        busy = self._cpu.per_second(process.name)
        cells = (
            milliseconds(process.latency_p50_ns),
            milliseconds(process.latency_p99_ns),
            "" if busy is None else f"{busy / 1e7:.0f} %",
            size(process.memory_bytes) if process.memory_bytes else "",
            f"{process.frames:,}" if process.frames else "",
            f"{process.restarts:,}",
        )
        return {**self._part(process, now_ns), "cells": cells}

    def _facts(self, health: Health | None) -> Iterator[Shown]:
        free = free_of(self._house.ledger.parent)
        if free is not None:
            yield {"name": "Disk free", "value": size(free[0]), "more": f"of {size(free[1])}, where the ledger is"}
        yield {"name": "Ledger", "value": size(bytes_of(self._house.ledger)), "more": "all counts, with their log"}
        if health is None:
            return
        waiting = [process.waiting for process in health.processes if process.name == "publish"]
        if waiting:
            yield {"name": "MQTT", "value": f"{sum(waiting):,} waiting", "more": "crossings that no broker has yet"}
        else:
            yield {"name": "MQTT", "value": "Off", "more": "no broker is set"}
        restarts = sum(process.restarts for process in health.processes)
        yield {"name": "Restarts", "value": f"{restarts:,}", "more": "of all processes, since the start"}
        yield from (device_fact(device) for device in health.devices)


COLUMNS = {
    "cameras": ("Frames now", "Picture", "Decoder", "Frames", "Not looked at", "Damaged", "Connected", "Drift"),
    "processes": ("Latency p50", "Latency p99", "CPU", "Memory, at most", "Frames", "Restarts"),
}


def lines_of(settings: CameraSettings, scores: Scores | None) -> list[Shown]:
    """Today's counts of a camera, by line and direction, also of those that have none; without scores they are not known yet."""
    lines = []
    for line in settings.counted:
        score = None if scores is None else scores.get((settings.name, line.name), UNKNOWN)
        directions = (line.directions.forward, line.directions.backward)
        counts = [{"name": name, "number": None if score is None else score.counts.get(name, 0)} for name in directions]
        lines.append({"name": line.name, "counts": counts})
    return lines


def drift_word(drift: DriftHealth | None) -> str:
    """Whether a camera still shows what it did; empty where nobody watches for it."""
    if drift is None:
        return ""
    return f"Learning, {drift.learned:.0%}" if drift.state == "learning" else drift.state.capitalize()


def device_fact(device: DeviceHealth) -> Shown:
    """How hot it is, or how it is where that is not known; beside it what it is and how busy."""
    heat = max(device.temperatures_c.values(), default=None)
    busy = [f"{part.upper()} {share * 100:.0f} %" for part, share in device.loads.items() if part != "memory"]
    power = [f"{max(device.powers_w.values()):.1f} W"] if device.powers_w else []
    more = ", ".join(filter(None, (device.model, device.software, device.power_mode, *busy, *power)))
    value = state_word(device.condition.state) if heat is None else f"{heat:.0f} °C"
    return {"name": device.name.upper() if device.kind == "gpu" else device.name.capitalize(), "value": value, "more": more}


def free_of(folder: Path) -> tuple[int, int] | None:
    """Free and all bytes of the disk that a folder is on."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free, usage.total


def bytes_of(ledger: Path) -> int:
    """Of the file and its log."""
    total = 0
    for path in ledger.parent.glob(f"{ledger.name}*"):
        try:
            total += path.stat().st_size
        except OSError:
            # The log goes when nobody has the file open.
            continue
    return total
