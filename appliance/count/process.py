"""The count process: tracks in, crossings into the ledger, credits back to the decoders; for all cameras."""

from __future__ import annotations

from appliance.clock import monotonic_ns, wall_ns
from appliance.config import CameraSettings
from appliance.count.camera import CountedCamera
from appliance.count.diary import Diary
from appliance.count.recollection import Recollection
from appliance.ipc.channel import Broadcaster, Listener, Receiver, Sender, Showcase, wait
from appliance.ipc.command import CommandLink
from appliance.ipc.requests import RequestDesk
from appliance.ledger.ledger import Ledger
from appliance.ledger.retention import Retention
from appliance.messages.frames import NO_SLOT, Committed, Credit, EndOfStream, FrameTicket, SkippedFrame, TrackedFrame
from appliance.messages.orders import Begin, Checkpoint, Forget, Learn
from appliance.messages.questions import Recalled, Viewed
from appliance.process_settings import CountProcess
from appliance.topics import COMMITS, CREDITS, HEALTH, RECALLS, TRACKS, VIEWS

IDLE_S = 0.1


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    counters = Counters(link, CountProcess.model_validate_json(settings))
    link.ready()
    while not link.stopping:
        counters.step()
        link.beat()
    counters.close()


class Counters:
    """All cameras' counters; the only writer of the ledger."""

    def __init__(self, link: CommandLink, settings: CountProcess) -> None:
        self._link, self._settings = link, settings
        self._tracks = Receiver(link.folder, TRACKS, "device")
        self._credits: dict[str, Sender[Credit]] = {}
        self._ledger = Ledger(settings.ledger, settings.run)
        self._cameras: dict[str, CountedCamera] = {}
        self._diary = Diary(self._ledger, settings.intervals_min)
        self._retention = Retention(self._ledger, settings.retention, settings.outbox)
        self._health = Listener(link.folder, HEALTH, "machine")
        self._commits = Broadcaster(link.folder, COMMITS, "device")
        self._views = Showcase(link.folder, VIEWS, "device")
        self._recalls = RequestDesk(link.folder, RECALLS) if settings.recalls else None
        self._recollections: dict[str, Recollection] = {}
        self._news = 0
        """As far as was told of what the ledger has."""

    def step(self) -> None:
        """Take orders and tracks, or wait for some."""
        while (order := self._link.take()) is not None:
            if isinstance(order, Begin):
                self._begin(order)
            elif isinstance(order, Forget):
                self._forget(order.camera)
            elif isinstance(order, Learn):
                self._learn(order)
        self._keep_time()
        self._tell_news()
        self._views.look()
        if self._recalls is not None and (recall := self._recalls.take()) is not None:
            recollection = self._recollections.get(recall.camera)
            self._recalls.answer(Recalled(0, 0, (), ()) if recollection is None else recollection.recalled())
        message = self._tracks.take()
        if message is None:
            wait((self._link, self._tracks), IDLE_S)
        elif isinstance(message, EndOfStream):
            self._end(message)
        elif isinstance(message, SkippedFrame):
            self._skip(message.ticket)
        else:
            self._count(message)

    def _keep_time(self) -> None:
        """When health is told, once a second: hear it, close the intervals that are over, and delete what is too old."""
        health = self._health.take()
        if health is not None:
            self._diary.hear(health)
            now_ns = wall_ns()
            self._diary.close(now_ns)
            self._retention.look(monotonic_ns(), now_ns, self._diary.open_ns(now_ns))

    def _tell_news(self) -> None:
        """Wake who waits for what is in the ledger."""
        if self._news != self._ledger.news:
            self._news = self._ledger.news
            self._commits.send(Committed(self._news))

    def close(self) -> None:
        """Leave the ledger complete."""
        self._ledger.close()

    def _begin(self, order: Begin) -> None:
        """Go back to the last checkpoint, and say which it was: from here on nothing older is written."""
        end = self._ledger.end(order.camera)
        if end is not None:
            self._link.finished(order.camera, order.epoch, end)
            return
        if (before := self._cameras.pop(order.camera, None)) is not None:
            # What this process knows is newer than what is written.
            before.leave()
        checkpoint = self._ledger.checkpoint(order.camera) or Checkpoint()
        if order.camera not in self._credits:
            self._credits[order.camera] = Sender(self._link.folder, CREDITS, order.camera)
        camera = CameraSettings.model_validate_json(order.settings)
        wanted, diary = self._settings.counter, self._diary
        self._cameras[order.camera] = CountedCamera(camera, wanted, order, checkpoint, self._ledger, diary)
        if self._recalls is not None:
            self._recollections.setdefault(order.camera, Recollection(order.model.names))
        self._link.began(order, checkpoint=checkpoint)

    def _learn(self, order: Learn) -> None:
        """Other classes, behind those that are known."""
        for camera in self._cameras.values():
            camera.learn(order.names)
        for recollection in self._recollections.values():
            recollection.names = order.names
        self._link.swapping(order.number, "learned")

    def _forget(self, name: str) -> None:
        """Write down what is known of a camera that is no more."""
        camera = self._cameras.pop(name, None)
        if camera is not None:
            camera.leave()
        self._recollections.pop(name, None)
        self._diary.leave(name, wall_ns())
        if (credits := self._credits.pop(name, None)) is not None:
            credits.close()

    def _count(self, message: TrackedFrame) -> None:
        began_ns = monotonic_ns()
        ticket = message.ticket
        camera = self._cameras.get(ticket.camera)
        if camera is None or camera.epoch != ticket.epoch:
            # Of a run that has been rewound.
            return
        camera.count(message)
        if ticket.camera in self._recollections:
            self._recollections[ticket.camera].add(message)
        if ticket.slot != NO_SLOT:
            if self._views.is_wanted(ticket.camera):
                # Before the credit, so that there is time to look.
                self._views.send(ticket.camera, Viewed(ticket, message.tracks, camera.names))
            self._give_back(ticket)
        self._link.heart.arrived(monotonic_ns() - ticket.arrived_ns)
        self._link.heart.busy_ns += monotonic_ns() - began_ns

    def _skip(self, ticket: FrameTicket) -> None:
        camera = self._cameras.get(ticket.camera)
        if camera is not None and camera.epoch == ticket.epoch:
            camera.skip(ticket)
            self._give_back(ticket)

    def _give_back(self, ticket: FrameTicket) -> None:
        if ticket.camera in self._credits:
            self._credits[ticket.camera].send(Credit(ticket.camera, ticket.epoch, ticket.frame))

    def _end(self, message: EndOfStream) -> None:
        camera = self._cameras.get(message.camera)
        if camera is None or camera.epoch != message.epoch:
            return
        camera.finish(message.problem)
        self._link.finished(message.camera, message.epoch, message.problem)
