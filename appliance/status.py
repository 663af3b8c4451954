"""``appliance status`` and ``appliance reload``: how the machines on this computer are, and having them read their file again."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from appliance.clock import NS_PER_MS, NS_PER_S, wall_ns
from appliance.errors import Refusal
from appliance.ipc.requests import ask
from appliance.messages.health import Health
from appliance.messages.questions import Request
from appliance.options import result_option
from appliance.readiness import machines, site_folders
from appliance.results import write_whole
from appliance.topics import REQUESTS

CHANGE_S = 10.0
COLOURS = {"ok": "green", "starting": "cyan", "degraded": "yellow", "down": "red"}


def status(
    json_file: Annotated[Path | None, result_option("--json", "Write it as JSON, too.")] = None,
) -> None:
    """Tell how every camera and every process of the running machines is."""
    found = machines()
    console = Console()
    for health in found:
        console.print(cameras_of(health) if health.cameras else "no cameras yet")
        console.print(processes_of(health))
        if health.devices:
            console.print(devices_of(health))
    if json_file is not None:
        write_whole(json_file, json.dumps([as_json(health) for health in found], indent=1) + "\n")


def reload(
    trial: Annotated[bool, typer.Option("--trial", help="Only tell whether it could; nothing changes.")] = False,
) -> None:
    """Have the running machine read its file again: cameras, lines and zones may come, go and change."""
    answers = [
        (folder, answer) for folder in site_folders() if (answer := ask(folder, REQUESTS, Request(trial), CHANGE_S)) is not None
    ]
    if not answers:
        raise Refusal("no machine of this user runs on this computer that could read its file again")
    for folder, answer in answers:
        if not answer.is_done:
            raise Refusal(f"{folder.name}: the site stays as it was: {answer.sentence}")
        Console().print(f"{folder.name}: {answer.sentence}", highlight=False)


def as_json(health: Health) -> dict[str, Any]:
    """For machines; names as in ``messages``."""
    return {
        "time": rfc_3339(health.time_ns),
        "cameras": [_named(camera) for camera in health.cameras],
        "processes": [_named(process) for process in health.processes],
        "devices": [_named(device) for device in health.devices],
    }


def _named(part: msgspec.Struct) -> dict[str, Any]:
    named = {name: getattr(part, name) for name in part.__struct_fields__}
    condition = named.pop("condition")
    # Its histograms are for Prometheus.
    named.pop("work", None)
    if (drift := named.pop("drift", None)) is not None:
        named["drift"] = {name: getattr(drift, name) for name in drift.__struct_fields__}
    source = named.pop("source", None)
    if source is not None:
        named["source"] = {name: getattr(source, name) for name in source.__struct_fields__}
    since = rfc_3339(named.pop("since_ns"))
    return {"name": named.pop("name"), "state": condition.state, "reason": condition.reason, "since": since, **named}


def rfc_3339(time_ns: int) -> str:
    """UTC with milliseconds."""
    moment = datetime.fromtimestamp(time_ns // NS_PER_MS / 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def cameras_of(health: Health) -> Table:
    """For people."""
    table = Table("camera", "state", "for", "picture", "frames", "skipped", "drift", "reason")
    for camera in health.cameras:
        source = camera.source
        table.add_row(
            camera.name,
            _coloured(camera.condition.state),
            _duration(camera.since_ns),
            "" if source is None else f"{source.width}x{source.height}, {source.frames_per_second:.3g}/s",
            str(camera.frames),
            f"{camera.skipped_busy} busy, {camera.skipped_stale} stale",
            "" if camera.drift is None else camera.drift.state,
            Text("; ".join(filter(None, (camera.condition.reason, camera.drift.sentence if camera.drift is not None else "")))),
        )
    return table


def processes_of(health: Health) -> Table:
    """For people."""
    table = Table("process", "state", "for", "restarts", "frames", "latency p50, p99", "memory", "reason")
    for process in health.processes:
        latencies = f"{process.latency_p50_ns / NS_PER_MS:.0f}, {process.latency_p99_ns / NS_PER_MS:.0f} ms"
        table.add_row(
            process.name,
            _coloured(process.condition.state),
            _duration(process.since_ns),
            str(process.restarts),
            str(process.frames),
            latencies if process.latency_p99_ns else "",
            f"{process.memory_bytes / 1e6:.0f} MB",
            Text(process.condition.reason),
        )
    return table


def devices_of(health: Health) -> Table:
    """For people."""
    table = Table("device", "state", "for", "software", "load", "temperature", "power", "reason")
    for device in health.devices:
        table.add_row(
            Text(device.model),
            _coloured(device.condition.state),
            _duration(device.since_ns),
            ", ".join(filter(None, (device.software, device.power_mode))),
            ", ".join(f"{part} {share:.0%}" for part, share in device.loads.items()),
            ", ".join(f"{place} {heat:.0f} °C" for place, heat in device.temperatures_c.items()),
            ", ".join(f"{rail} {power:.1f} W" for rail, power in device.powers_w.items()),
            Text(device.condition.reason),
        )
    return table


def _coloured(state: str) -> Text:
    return Text(state, style=COLOURS[state])


def _duration(since_ns: int) -> str:
    seconds = max(0, wall_ns() - since_ns) // NS_PER_S
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
