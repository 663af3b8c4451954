"""A ledger with some days of a made-up street: what was counted fits to what was seen, and some of it nobody saw."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import pi, sin
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord, Minute, Presence, Seen
from appliance.messages.orders import Checkpoint

BERLIN = ZoneInfo("Europe/Berlin")
CLASSES = ("car", "car", "car", "car", "truck", "bus", "person", "motorcycle")
FRAMES_PER_MINUTE = 1500
LINES: dict[str, dict[str, tuple[str, str]]] = {
    "gate": {"bridge": ("northbound", "southbound")},
    "yard": {"ramp": ("in", "out"), "island": ("enter", "exit")},
}
ZONE = ("yard", "island")


@dataclass(frozen=True)
class Blindness:
    """When a camera saw nothing: so many days ago, from one hour to another."""

    camera: str
    days_ago: int
    from_hour: float
    to_hour: float


BLIND = (
    Blindness("gate", 1, 3, 5),
    Blindness("gate", 1, 6, 6.75),
    Blindness("gate", 3, 0, 24),
    Blindness("yard", 3, 0, 24),
    Blindness("yard", 2, 10, 18),
)


def fill(path: Path, days: int, now_ns: int, zone: tzinfo = BERLIN, busy: float = 1.0) -> None:
    """So many days, the last one up to now."""
    chance = random.Random(7)
    today = datetime.fromtimestamp(now_ns / NS_PER_S, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    with closing(Ledger(path, "told")) as ledger:
        begin_ns = _ns(today - timedelta(days=days - 1))
        for camera, lines in LINES.items():
            for line, directions in lines.items():
                ledger.line_since_ns(camera, line, directions, begin_ns)
        for ago in range(days - 1, -1, -1):
            start = today - timedelta(days=ago)
            for camera in LINES:
                _fill_day(ledger, camera, (_ns(start), min(_ns(start + timedelta(days=1)), now_ns)), ago, chance, busy)


def _fill_day(ledger: Ledger, camera: str, span_ns: tuple[int, int], ago: int, chance: random.Random, busy: float) -> None:
    minutes: dict[int, Minute] = {}
    presences: dict[tuple[str, int], Presence] = {}
    crossings: list[CrossingRecord] = []
    start_ns, end_ns = span_ns
    for minute_ns in range(start_ns, end_ns - end_ns % NS_PER_MINUTE, NS_PER_MINUTE):
        hour = (minute_ns - start_ns) / NS_PER_MINUTE / 60
        if any(one.camera == camera and one.days_ago == ago and one.from_hour <= hour < one.to_hour for one in BLIND):
            continue
        minutes[minute_ns] = Minute(NS_PER_MINUTE, FRAMES_PER_MINUTE, 3)
        traffic = busy * max(0.02, sin(pi * (hour - 5) / 18) if 5 <= hour <= 23 else 0.02)
        if camera == ZONE[0] and chance.random() < traffic:
            presences[ZONE[1], minute_ns] = Presence(round(NS_PER_MINUTE * 3 * traffic * chance.random()), chance.randint(1, 5))
        for line, directions in LINES[camera].items():
            if chance.random() < traffic:
                crossings.append(_crossing(camera, line, directions[chance.random() < 0.4], minute_ns, chance))
    ledger.commit(camera, Checkpoint(), crossings, seen=Seen(max(minutes, default=0), minutes, presences=presences))


def _crossing(camera: str, line: str, direction: str, minute_ns: int, chance: random.Random) -> CrossingRecord:
    time_ns = minute_ns + chance.randrange(60) * NS_PER_S
    name = f"told.{camera}.{line}.{time_ns}"
    class_name = chance.choice(CLASSES)
    place = (0, 0, time_ns, chance.randrange(1000), 0.8, 0.5, 0.5, "crossed")
    return CrossingRecord(name, camera, line, direction, class_name, *place, minute_ns=minute_ns)


def _ns(moment: datetime) -> int:
    return round(moment.timestamp()) * NS_PER_S
