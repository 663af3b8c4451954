"""What is to be told next, and in which order.

What holds now (the site, its cameras, totals) is retained by the broker: only the newest of it is worth telling. What has
happened (crossings, intervals) is told from the ledger, all of it, in the order in which it was written.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import tzinfo

import msgspec

import appliance
from appliance.clock import NS_PER_S
from appliance.config import CameraSettings
from appliance.ledger.outbox import Outbox
from appliance.ledger.reader import LedgerReader
from appliance.ledger.records import IntervalRecord
from appliance.messages.health import Health
from appliance.process_settings import PublishProcess
from appliance.publish import making
from appliance.publish.days import midnight_ns, zone_of
from appliance.publish.home_assistant import DiscoveredCamera, DiscoveredLine, discovery, steps
from appliance.publish.making import Place
from appliance.publish.mqtt_topics import Topics
from appliance.publish.payloads import encoded

CHUNK = 500
# While there is much to tell, totals come now and then.
TOTALS_NS = NS_PER_S
CROSSINGS, INTERVALS, LOSSES = "crossings", "intervals", "losses"
HOME_ASSISTANT, TOLD = "home_assistant", "told"


@dataclass(frozen=True, slots=True)
class Note:
    """A message; of a record of the ledger with its kind and sequence number."""

    topic: str
    content: bytes
    retain: bool = True
    kind: str = ""
    sequence: int = 0


class Agenda:
    """Of one site, over all connections."""

    def __init__(self, settings: PublishProcess, reader: LedgerReader, outbox: Outbox) -> None:
        self._settings, self._reader, self._outbox = settings, reader, outbox
        self.topics = Topics(settings.mqtt.prefix) if settings.mqtt.prefix else Topics.of_site(settings.site)
        self._zone: tzinfo | None = zone_of(settings.time_zone)
        self._cameras: tuple[CameraSettings, ...] = ()
        self._places: dict[tuple[str, str], Place] = {}
        self._holding: dict[str, bytes] = {}
        """What holds now, by topic."""
        self._to_tell: dict[str, bytes] = {}
        self._first: deque[Note] = deque()
        self._is_described = False
        self._discovered: bytes | None = None
        """What Home Assistant is being told."""
        self._wanted: set[str] = set()
        kept = outbox.kept(TOLD)
        self._former: set[str] = set(msgspec.json.decode(kept, type=list[str])) if kept else set()
        """What may be retained by the broker, from earlier lives, too."""
        self._records: deque[Note] = deque()
        self._read: dict[str, int] = {}
        self._has_news = True
        self._stale_totals: set[tuple[str, str]] = set()
        self._totals_due_ns = self._midnight_ns = 0

    def connected(self, now_ns: int) -> None:
        """A new connection: what holds is told anew, and what happened from where it was acknowledged on."""
        online = encoded(making.online(self._settings.run, now_ns, appliance.__version__))
        self._holding[self.topics.site()] = online
        self._to_tell = dict(self._holding)
        self._records.clear()
        self._read = {kind: self._outbox.cursor(kind) for kind in (CROSSINGS, INTERVALS, LOSSES)}
        self._has_news = True
        self._stale_totals = set(self._places)
        self._totals_due_ns = 0
        self._discover()

    def describe(self, cameras: tuple[CameraSettings, ...]) -> None:
        """These are the cameras now; what is told of others vanishes."""
        site, places = self._settings.site, {}
        for camera in cameras:
            for line in camera.counted:
                directions = (line.directions.forward, line.directions.backward)
                places[camera.name, line.name] = Place(site, camera.name, line.name, directions)
        self._wanted = {self.topics.count(*place) for place in places} | {self.topics.camera(camera.name) for camera in cameras}
        for topic in self._wanted:
            if not self._holding.get(topic, b"-"):
                del self._holding[topic]
        for topic in (self._former | self._holding.keys()) - self._wanted - {self.topics.site()}:
            # Nothing, which the broker then retains nothing of; told again after a loss, too.
            self._holding[topic] = self._to_tell[topic] = b""
        # Until all of it is told, both may be with the broker.
        self._former |= self._wanted
        self._outbox.keep(TOLD, msgspec.json.encode(sorted(self._former)))
        self._stale_totals = {place for place in places if self._places.get(place) != places[place]} | self._stale_totals
        self._cameras, self._places, self._is_described = cameras, places, True
        self._discover()

    def hear(self, health: Health) -> None:
        """How the cameras are now."""
        known = {camera.name for camera in self._cameras}
        for camera in health.cameras:
            if camera.name in known:
                self._hold(self.topics.camera(camera.name), encoded(making.camera_of(camera)))

    def news(self) -> None:
        """There may be more in the ledger."""
        self._has_news = True

    @property
    def waiting(self) -> int:
        """Crossings that have not been acknowledged."""
        return max(0, self._reader.newest()[0] - self._outbox.cursor(CROSSINGS))

    def next(self, now_ns: int) -> Note | None:
        """The next message, if there is one now."""
        if self._to_tell:
            topic = next(iter(self._to_tell))
            return Note(topic, self._to_tell.pop(topic))
        self._look_at_the_day(now_ns)
        if self._stale_totals and now_ns >= self._totals_due_ns:
            return self._total(now_ns)
        if not self._records and self._has_news:
            self._read_on()
        if self._records:
            return self._records.popleft()
        if self._stale_totals:
            return self._total(now_ns)
        # A broker that does not take it has everything else by then.
        return self._first.popleft() if self._first else None

    def settled(self) -> None:
        """The broker has all that there was to tell."""
        if self._former != self._wanted:
            self._former = self._wanted
            self._outbox.keep(TOLD, msgspec.json.encode(sorted(self._former)))
            self._holding = {topic: content for topic, content in self._holding.items() if content}
        if self._discovered is not None:
            self._outbox.keep(HOME_ASSISTANT, self._discovered)
            self._discovered = None

    def offline(self) -> Note:
        """The last word."""
        return Note(self.topics.site(), encoded(making.offline(appliance.__version__)))

    def _hold(self, topic: str, content: bytes) -> None:
        if self._holding.get(topic) != content:
            self._holding[topic] = self._to_tell[topic] = content

    def _look_at_the_day(self, now_ns: int) -> None:
        """At midnight totals begin anew, also where nothing crosses."""
        if self._settings.mqtt.totals == "daily" and (midnight := midnight_ns(now_ns, self._zone)) != self._midnight_ns:
            self._midnight_ns = midnight
            self._stale_totals = set(self._places)

    def _total(self, now_ns: int) -> Note | None:
        """The totals of one line."""
        place = self._places.get(self._stale_totals.pop())
        if not self._stale_totals:
            self._totals_due_ns = now_ns + TOTALS_NS
        if place is None:
            return self.next(now_ns)
        totals = self._reader.totals(place.camera, place.line, self._midnight_ns)
        payload = making.count(place, totals.tallies, sequence=totals.sequence, time_ns=now_ns, since_ns=totals.since_ns or None)
        return Note(self.topics.count(place.camera, place.line), encoded(payload))

    def _read_on(self) -> None:
        """Take the next records out of the ledger."""
        site, read = self._settings.site, self._read
        crossings = self._reader.crossings(read[CROSSINGS], CHUNK)
        intervals = self._reader.intervals(read[INTERVALS], CHUNK)
        for one in crossings:
            topic, payload = self.topics.crossing(one.camera, one.line), making.crossing(one, site)
            self._records.append(Note(topic, encoded(payload), retain=False, kind=CROSSINGS, sequence=one.sequence))
            if (one.camera, one.line) in self._places:
                self._stale_totals.add((one.camera, one.line))
            read[CROSSINGS] = one.sequence
        for interval in intervals:
            self._records.append(self._interval(interval))
            read[INTERVALS] = interval.sequence
        for loss in self._reader.losses(read[LOSSES], CHUNK):
            content = encoded(making.crossings_lost(loss.number, loss.time_ns))
            self._records.append(Note(self.topics.announcement(), content, retain=False, kind=LOSSES, sequence=loss.sequence))
            read[LOSSES] = loss.sequence
        self._has_news = len(crossings) == CHUNK or len(intervals) == CHUNK

    def _interval(self, record: IntervalRecord) -> Note:
        content = record.content
        forward, backward = [*content.counts, "", ""][:2]
        place = Place(self._settings.site, record.camera, record.line, (forward, backward))
        tallies = [(direction, name, n) for direction, classes in content.counts.items() for name, n in classes.items()]
        watch = making.Watch(
            content.covered_ns,
            content.frames,
            content.skipped,
            tuple((gap.start_ns, gap.end_ns, gap.reason) for gap in content.gaps),
            content.presence_ns,
            content.most_present,
        )
        payload = making.interval(place, record.start_ns, record.end_ns, tallies, watch)
        return Note(self.topics.interval(record.camera, record.line), encoded(payload), False, INTERVALS, record.sequence)

    def _discover(self) -> None:
        """Tell Home Assistant of what there is."""
        mqtt = self._settings.mqtt
        if not mqtt.home_assistant or not self._is_described:
            return
        cameras = [
            DiscoveredCamera(
                camera.name,
                tuple(
                    DiscoveredLine(
                        camera.name, line.name, (line.directions.forward, line.directions.backward), tuple(line.classes)
                    )
                    for line in camera.counted
                ),
            )
            for camera in self._cameras
        ]
        topic, wanted = discovery(self._settings.site, cameras, self.topics, mqtt.discovery_prefix)
        if not cameras:
            # A device without anything is none.
            wanted = b""
        former = self._outbox.kept(HOME_ASSISTANT)
        self._first.clear()
        self._first.extend(Note(topic, content) for content in steps(former, wanted) or (wanted,))
        self._discovered = wanted
