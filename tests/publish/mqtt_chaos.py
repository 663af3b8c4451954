"""Crossings at a steady pace, while the broker is stopped and frozen and the publisher killed; what a consumer has in the end."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.config import MqttSettings
from tests.publish.brokers import Mosquitto, Subscriber
from tests.publish.publishing import Publishing, a_crossing

PREFIX = "appliance/junction/yard"


@dataclass(frozen=True, slots=True)
class Storm:
    """How much happens, and how fast."""

    crossings: int
    per_second: float
    broker_restarts: int
    publisher_kills: int
    freezes_s: tuple[float, ...]
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the consumer has."""

    received: int
    missing: tuple[str, ...]
    in_order: bool
    duplicates: int
    totals_agree: bool
    seconds: float


def run_storm(folder: Path, storm: Storm) -> Aftermath:
    """All of it, to the last acknowledgement."""
    chance = random.Random(storm.seed)
    kinds = ["broker"] * storm.broker_restarts + ["publisher"] * storm.publisher_kills + ["freeze"] * len(storm.freezes_s)
    chance.shuffle(kinds)
    moments = sorted(chance.sample(range(1, storm.crossings), len(kinds)))
    freezes, plan = list(storm.freezes_s), dict(zip(moments, kinds))
    began = time.monotonic()
    with (
        Mosquitto(folder / "broker", inflight=0) as broker,
        Subscriber(broker.port) as ear,
        Publishing(folder / "machine", MqttSettings(broker=broker.address)) as machine,
    ):
        back: list[tuple[float, str]] = []
        for number in range(storm.crossings):
            machine.count(a_crossing(number))
            kind = plan.get(number)
            while back and kind in ("broker", "freeze"):
                machine.until("it is time", lambda: time.monotonic() > back[0][0])
                _bring_back(broker, back.pop(0)[1])
            if kind == "publisher":
                machine.kill()
                machine.start()
            elif kind == "broker":
                # With SIGKILL it forgets what it has acknowledged and not yet passed on, which nobody else can know of.
                broker.stop()
                back.append((time.monotonic() + chance.uniform(0.2, 1.0), kind))
            elif kind == "freeze":
                if broker.is_running:
                    broker.signal(signal.SIGSTOP)
                back.append((time.monotonic() + freezes.pop(), kind))
            while back and time.monotonic() > back[0][0]:
                _bring_back(broker, back.pop(0)[1])
            due = began + number / storm.per_second
            while time.monotonic() < due:
                machine.hear()
        for _, kind in back:
            _bring_back(broker, kind)
        machine.until("all is acknowledged", lambda: machine.waiting == 0 and machine.condition.state == "ok", 120)
        machine.drain()
        machine.until("all is told", lambda: machine.is_drained, 60)
        with suppress(AssertionError):
            machine.until("all has arrived", lambda: ear.events >= storm.crossings)
        return _aftermath(machine, ear, storm, time.monotonic() - began)


def _bring_back(broker: Mosquitto, kind: str) -> None:
    if kind == "freeze":
        if broker.is_running:
            broker.signal(signal.SIGCONT)
    elif not broker.is_running:
        broker.start()


def _aftermath(machine: Publishing, ear: Subscriber, storm: Storm, seconds: float) -> Aftermath:
    received = ear.of("crossing")
    first: dict[str, int] = {}
    by_line: dict[str, list[int]] = {}
    for one in received:
        if one["event_id"] not in first:
            first[one["event_id"]] = one["sequence"]
            by_line.setdefault(one["line"], []).append(one["sequence"])
    with closing(sqlite3.connect(machine.ledger.path)) as connection:
        wanted = [event_id for (event_id,) in connection.execute("SELECT event_id FROM crossings")]
        totals = Counter(dict(connection.execute("SELECT line, SUM(total) FROM totals GROUP BY line")))

    def told() -> Counter[str]:
        return Counter({line: ear.retained.get(f"{PREFIX}/{line}/count", {}).get("total", 0) for line in totals})

    with suppress(AssertionError):
        machine.until("the totals have arrived", lambda: told() == totals)
    return Aftermath(
        len(first),
        tuple(event_id for event_id in wanted if event_id not in first),
        all(sequences == sorted(sequences) for sequences in by_line.values()) and len(wanted) == storm.crossings,
        len(received) - len(first),
        told() == totals,
        seconds,
    )
