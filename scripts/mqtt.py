"""How the publisher stands up to a real broker (mosquitto), which this starts on loopback.

usage: scripts/mqtt.py storm [--crossings 20000] [--restarts 20] [--kills 10] [--seed 1]   the broker comes and goes
       scripts/mqtt.py drain [--crossings 36000]     an hour of outage at 10 per second, then the broker is there
       scripts/mqtt.py latency [--crossings 2000]    from the commit of a crossing until its consumer has it
       scripts/mqtt.py memory [--crossings 1000000]  with so many that wait

Exit code 1 where something is lost.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.config import MqttSettings  # noqa: E402  # from this checkout
from tests.publish.brokers import Mosquitto, Subscriber  # noqa: E402
from tests.publish.mqtt_chaos import Storm, run_storm  # noqa: E402
from tests.publish.publishing import Publishing, a_crossing  # noqa: E402

# Frozen sockets: longer and shorter than what the publisher takes for a dead broker.
FREEZES_S = (12.0, 3.0)


def storm(folder: Path, wanted: argparse.Namespace) -> bool:
    """Restarts, kills, frozen sockets."""
    found = run_storm(folder, Storm(wanted.crossings, 200, wanted.restarts, wanted.kills, FREEZES_S, wanted.seed))
    say(f"{found.received} of {wanted.crossings} arrived, {found.duplicates} of them twice, in {found.seconds:.0f} s")
    say(f"in order per line: {found.in_order}; totals as in the ledger: {found.totals_agree}")
    return found.received == wanted.crossings and found.in_order and found.totals_agree


def drain(folder: Path, wanted: argparse.Namespace) -> bool:
    """After an outage, and while it is made up for."""
    with Mosquitto(folder / "broker") as broker, Subscriber(broker.port) as ear, publishing(folder, broker) as machine:
        broker.stop()
        machine.until("it is away", lambda: machine.condition.state == "degraded")
        fill(machine, wanted.crossings)
        broker.start()
        machine.until("it is back", lambda: ear.events > 0, 60)
        first, began = ear.events, time.monotonic()
        machine.until("all are there", lambda: len(ear.messages) >= wanted.crossings, 300)
        seconds = time.monotonic() - began
        say(f"{wanted.crossings} in {seconds:.1f} s: {(wanted.crossings - first) / seconds:.0f} per second")
        return pace(machine, ear, 1000)


def latency(folder: Path, wanted: argparse.Namespace) -> bool:
    """With nothing in the way."""
    with Mosquitto(folder / "broker") as broker, Subscriber(broker.port) as ear, publishing(folder, broker) as machine:
        machine.until("it is connected", lambda: machine.condition.state == "ok")
        return pace(machine, ear, wanted.crossings)


def memory(folder: Path, wanted: argparse.Namespace) -> bool:
    """At its peak, when the backlog begins to flow."""
    with Mosquitto(folder / "broker") as broker, publishing(folder, broker) as machine:
        broker.stop()
        fill(machine, wanted.crossings)
        machine.until("it knows", lambda: machine.waiting >= wanted.crossings, 60)
        broker.start()
        machine.until("it flows", lambda: machine.waiting < 0.98 * wanted.crossings, 120)
        peak_mb = machine.child.beat.peak_memory_bytes / 1e6
        say(f"{wanted.crossings} wait: at most {peak_mb:.0f} MB")
        return True


def publishing(folder: Path, broker: Mosquitto) -> Publishing:
    return Publishing(folder / "machine", MqttSettings(broker=broker.address))


def pace(machine: Publishing, ear: Subscriber, crossings: int) -> bool:
    """One crossing after the other, and how long each takes to its consumer."""
    before, taken_ms = len(ear.messages), []
    for number in range(crossings):
        machine.count(a_crossing(10_000_000 + number))
        began = time.monotonic()
        while len(ear.messages) <= before + number:
            time.sleep(0.0002)
        taken_ms.append(1000 * (time.monotonic() - began))
        machine.hear()
    p50, p99 = np.percentile(taken_ms, (50, 99))
    say(f"from commit to consumer: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {max(taken_ms):.1f} ms")
    return True


def fill(machine: Publishing, crossings: int) -> None:
    """Put so many into the ledger, all at once."""
    columns = "event_id, run, camera, line, direction, class, frame, pts_ns, capture_ns, track_id, confidence, x, y, reason"
    with closing(sqlite3.connect(machine.ledger.path)) as connection, connection:
        rows = (
            (
                f"run1.yard.gate.{number}.0",
                "run1",
                "yard",
                "gate",
                "in",
                "car",
                number,
                0,
                number,
                number,
                0.5,
                1.0,
                2.0,
                "crossed",
            )
            for number in range(crossings)
        )
        connection.executemany(f"INSERT INTO crossings ({columns}) VALUES ({', '.join('?' * 14)})", rows)


def say(text: str) -> None:
    """For people."""
    print(text, flush=True)  # noqa: T201


PARTS: dict[str, tuple[Callable[[Path, argparse.Namespace], bool], int]] = {
    "storm": (storm, 20_000),
    "drain": (drain, 36_000),
    "latency": (latency, 2_000),
    "memory": (memory, 1_000_000),
}


def main() -> None:
    """Do one part."""
    parser = argparse.ArgumentParser(description="the publisher and a real broker")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--crossings", type=int)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    part, usual = PARTS[wanted.part]
    wanted.crossings = wanted.crossings or usual
    with tempfile.TemporaryDirectory(prefix="mqtt-") as folder:
        if not part(Path(folder), wanted):
            sys.exit("something is lost")


if __name__ == "__main__":
    main()
