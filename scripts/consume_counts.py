"""Rebuild the totals of a site from its crossings alone, as any consumer can: each event once, however often it is delivered.

usage: scripts/consume_counts.py HOST[:PORT] [--prefix appliance/site] [--seconds N] [--client NAME]

It subscribes with a persistent session, so the broker keeps for it what comes while it is away, and it counts a message before
that is acknowledged. An event that it has seen is ignored: by its ``event_id`` among the newest ones, and by its ``sequence``
in its ``run`` when that is longer ago. Nothing else of the appliance is needed; login: environment MQTT_USER, MQTT_PASSWORD.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from bisect import bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from rich.console import Console
from rich.table import Table

SCHEMA = 1
# Events whose ids are kept; the publisher repeats at most what was under way, a replay may repeat anything.
NEWEST_EVENTS = 10_000
# Runs whose sequence numbers are kept beyond that; a run is one start of the appliance.
MOST_RUNS = 1_000
SESSION_S = 7 * 86_400
KEEP_ALIVE_S = 30
SHOW_EVERY_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


class NotUnderstood(Exception):
    """A message that cannot be counted; the text is a sentence that says why."""


class Head(msgspec.Struct):
    """What every message begins with."""

    schema: int


class Crossing(msgspec.Struct):
    """What is needed of a crossing; whatever else there is may change."""

    event_id: str
    sequence: int
    run: str
    camera: str
    line: str
    direction: str
    class_name: str = msgspec.field(name="class")


class Interval(msgspec.Struct):
    """What is needed of an interval."""

    interval_id: str
    camera: str
    line: str
    length_s: int
    coverage_s: float


@dataclass(slots=True)
class Watched:
    """Intervals of one length, added up."""

    time_s: int = 0
    covered_s: float = 0.0


class Numbers:
    """A set of whole numbers that mostly follow each other, kept as ranges."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []  # not themselves in it

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._starts, number) - 1
        return place >= 0 and number < self._ends[place]

    def add(self, number: int) -> None:
        """Put it in, and join what now touches."""
        if number in self:
            return
        place = bisect_right(self._starts, number)
        after = place < len(self._starts) and self._starts[place] == number + 1
        before = place > 0 and self._ends[place - 1] == number
        if before and after:
            self._ends[place - 1] = self._ends.pop(place)
            del self._starts[place]
        elif before:
            self._ends[place - 1] = number + 1
        elif after:
            self._starts[place] = number
        else:
            self._starts.insert(place, number)
            self._ends.insert(place, number + 1)


class Seen:
    """Which events were there; bounded, however many there are."""

    def __init__(self, newest: int = NEWEST_EVENTS, runs: int = MOST_RUNS) -> None:
        self._most, self._most_runs = newest, runs
        self._newest: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._older: OrderedDict[str, Numbers] = OrderedDict()

    def is_new(self, event_id: str, run: str, sequence: int) -> bool:
        """Whether this is the first time that it comes; the next time it is not."""
        if event_id in self._newest or sequence in self._older.get(run, ()):
            return False
        self._newest[event_id] = run, sequence
        if len(self._newest) > self._most:
            _, (old_run, old_sequence) = self._newest.popitem(last=False)
            self._older.setdefault(old_run, Numbers()).add(old_sequence)
            self._older.move_to_end(old_run)
            if len(self._older) > self._most_runs:
                self._older.popitem(last=False)
        return True


class Totals:
    """What was counted, rebuilt from messages; pure."""

    def __init__(self, seen: Seen | None = None) -> None:
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        """By camera, line, direction and class."""
        self.duplicates = 0
        self.not_understood = 0
        self._watched: dict[tuple[str, str], dict[int, Watched]] = {}
        self._seen = seen or Seen()
        self._intervals: OrderedDict[str, None] = OrderedDict()

    def take(self, topic: str, payload: bytes) -> bool:
        """Count a message; whether that changed anything. Raises ``NotUnderstood`` for what is not of this schema."""
        try:
            return self._take(topic, payload)
        except (msgspec.DecodeError, NotUnderstood) as error:
            problem = f"a message on {topic} was not counted: {error}"
        self.not_understood += 1
        raise NotUnderstood(problem)

    def _take(self, topic: str, payload: bytes) -> bool:
        schema = msgspec.json.decode(payload, type=Head).schema
        if schema != SCHEMA:
            raise NotUnderstood(f"schema {SCHEMA} is wanted, found {schema}")
        if topic.endswith("/crossing"):
            return self._take_crossing(msgspec.json.decode(payload, type=Crossing))
        if topic.endswith("/interval"):
            return self._take_interval(msgspec.json.decode(payload, type=Interval))
        raise NotUnderstood("it is neither a crossing nor an interval")

    def _take_crossing(self, crossing: Crossing) -> bool:
        if not self._seen.is_new(crossing.event_id, crossing.run, crossing.sequence):
            self.duplicates += 1
            return False
        self.counts[crossing.camera, crossing.line, crossing.direction, crossing.class_name] += 1
        return True

    def _take_interval(self, interval: Interval) -> bool:
        if interval.interval_id in self._intervals:
            self.duplicates += 1
            return False
        self._intervals[interval.interval_id] = None
        if len(self._intervals) > NEWEST_EVENTS:
            self._intervals.popitem(last=False)
        watched = self._watched.setdefault((interval.camera, interval.line), {}).setdefault(interval.length_s, Watched())
        watched.time_s += interval.length_s
        watched.covered_s += interval.coverage_s
        return True

    def covered_share(self, camera: str, line: str) -> float | None:
        """Of the time of the line's shortest intervals, which the longer ones repeat; None where there was none yet."""
        by_length = self._watched.get((camera, line))
        if not by_length:
            return None
        watched = by_length[min(by_length)]
        return watched.covered_s / watched.time_s


def table_of(totals: Totals) -> Table:
    """For people."""
    table = Table("camera", "line", "direction", "class", "count", "watched")
    table.columns[4].justify = "right"
    for (camera, line, direction, class_name), number in sorted(totals.counts.items()):
        share = totals.covered_share(camera, line)
        table.add_row(camera, line, direction, class_name, str(number), "" if share is None else f"{share:.1%}")
    table.caption = f"{totals.counts.total()} crossings, {totals.duplicates} messages came again"
    if totals.not_understood:
        table.caption += f", {totals.not_understood} not understood: the counts are too low"
    return table


class Subscriber:
    """Feeds the totals from a broker, over and over until it is time to stop."""

    def __init__(self, totals: Totals, prefix: str, name: str, console: Console) -> None:
        self._totals, self._prefix, self._console = totals, prefix, console
        self._changed, self._next_show_s = False, 0.0
        self._pause_s = FIRST_PAUSE_S
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5)
        if "MQTT_USER" in os.environ:
            self._client.username_pw_set(os.environ["MQTT_USER"], os.environ.get("MQTT_PASSWORD"))
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def connect(self, host: str, port: int) -> None:
        """Once; raises ``OSError`` where there is no broker."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has not written its types there
        properties.SessionExpiryInterval = SESSION_S
        self._client.connect(host, port, KEEP_ALIVE_S, clean_start=False, properties=properties)

    def run(self, seconds: float) -> None:
        """Take what comes, and call again whenever the connection is lost."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._client.loop(timeout=0.5) == mqtt.MQTT_ERR_SUCCESS:
                self._show()
                continue
            time.sleep(min(self._pause_s, max(0.0, end - time.monotonic())))
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            try:
                self._client.reconnect()
            except OSError as error:
                self._console.print(f"no broker: {error}")
        # The session stays with the broker.
        self._client.disconnect()

    def _show(self) -> None:
        if self._changed and time.monotonic() >= self._next_show_s:
            self._console.print(table_of(self._totals))
            self._changed, self._next_show_s = False, time.monotonic() + SHOW_EVERY_S

    def _on_connect(
        self, client: mqtt.Client, _: object, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._console.print(f"the broker refuses: {reason}")
            return
        self._pause_s = FIRST_PAUSE_S
        self._console.print("connected, " + ("going on where we left off" if flags.session_present else "for the first time"))
        client.subscribe([(f"{self._prefix}/+/+/{kind}", 1) for kind in ("crossing", "interval")])

    def _on_message(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        try:
            self._changed |= self._totals.take(message.topic, bytes(message.payload))
        except NotUnderstood as problem:
            self._console.print(str(problem), markup=False)


def main() -> int:
    """Until the time is over or somebody interrupts; 1 where there is no broker."""
    parser = argparse.ArgumentParser(description="rebuild the totals of a site from its crossings")
    parser.add_argument("broker", metavar="HOST[:PORT]")
    parser.add_argument("--prefix", default="appliance/site")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--client", default=f"consume-counts-{socket.gethostname()}", help="the name of the session")
    options = parser.parse_args()
    host, _, port = options.broker.partition(":")
    totals, console = Totals(), Console()
    subscriber = Subscriber(totals, options.prefix, options.client, console)
    try:
        subscriber.connect(host, int(port or 1883))
        subscriber.run(options.seconds)
    except OSError as error:
        console.print(f"a broker is wanted at {options.broker}, but: {error}")
        return 1
    except KeyboardInterrupt:
        pass
    console.print(table_of(totals))
    return 0


if __name__ == "__main__":
    sys.exit(main())
