"""The detect process: tickets in, boxes out, for all cameras of a device."""

from __future__ import annotations

import logging
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass

from appliance.boxes import Detections, Floats
from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from appliance.config import CameraSettings, wanted_classes
from appliance.detect.batching import Batcher
from appliance.detect.changes import Changes
from appliance.detect.cuda import OutOfGpuMemory
from appliance.detect.guests import Guests
from appliance.detect.network import Network
from appliance.detect.networks import Networks, is_finite
from appliance.detect.refitting import refitted, shape_in
from appliance.detect.watching import drifts_of
from appliance.ipc.channel import Receiver, Sender, Showcase, wait
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import Pixels, RingReaders
from appliance.letterbox import Letterbox
from appliance.messages.frames import DetectedFrame, EndOfStream, FrameTicket, SkippedFrame
from appliance.messages.orders import Begin, Forget, LearnAnew, Order, Return, Switch, Take
from appliance.process_settings import DetectProcess
from appliance.topics import BOXES, SHADOWS, TICKETS, Detected

IDLE_S = 0.1
# What a candidate listens to.
SHADOW = "shadow"
# Of one picture that there is no room for, until it is believed that there will be none.
MOST_TRIES = 3

logger = logging.getLogger(__name__)


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    detector = Detector(link, DetectProcess.model_validate_json(settings))
    link.ready(detector.networks.live.info)
    while not link.stopping:
        detector.step()
        link.beat()


@dataclass(frozen=True, slots=True)
class Batch:
    """What a network works on: frames, or a guest's picture in an input of some shape (height, width)."""

    network: Network
    began_ns: int
    tickets: tuple[FrameTicket, ...] = ()
    guest: tuple[int, int] | None = None
    is_witness: bool = False
    """Only looked at to compare: the frame is another network's, which has answered before."""


class Detector:
    """Keeps the network busy: as many batches under way as it works on at once, answered in order."""

    def __init__(self, link: CommandLink, settings: DetectProcess) -> None:
        self._link, self._confidence = link, settings.detector.confidence
        live = Network(settings)
        self.networks = Networks(live)
        self._changes = Changes(link, self.networks)
        self._tickets = Receiver(link.folder, TICKETS, "device")
        self._senders: dict[str, Sender[Detected]] = {}
        self._boxes: dict[str, Sender[Detected]] = {}
        self._shadows = Showcase(link.folder, SHADOWS, "device")
        self._cameras: dict[str, CameraSettings] = {}
        self._sources: dict[str, tuple[int, int]] = {}
        """The size (width, height) of each camera's pictures."""
        wait_ns = round(settings.detector.batch_wait_ms * NS_PER_MS) if settings.is_live else 0
        self._batcher = Batcher(live.max_batch, wait_ns)
        self._rings = RingReaders()
        self._drifts = drifts_of(link, self._rings, settings)
        self._epochs: dict[str, int] = {}
        self._under_way: deque[Batch] = deque()
        self._guests = Guests(link.folder, live.usual_shape) if settings.takes_guests else None
        self._inside: Counter[str] = Counter()
        self._burst = settings.burst
        self._answers: list[DetectedFrame] = []
        self._sure: tuple[str, int, int] = ("", 0, 0)
        """Camera, frame, and how many sure boxes were found in it: the last that was answered."""
        self._tries = 0
        """Of a picture that there was no room for, since one was answered."""
        self._ends: dict[str, EndOfStream] = {}

    def step(self) -> None:
        """Take orders and tickets, start what can be started, then finish the oldest batch, or wait for something to do."""
        while (order := self._link.take()) is not None:
            self._obey(order)
        while (message := self._tickets.take()) is not None:
            self._accept(message)
        self._shadows.look()
        self._changes.look(monotonic_ns())
        # One at a time where both networks shall take turns, which they do when the last one is answered.
        capacity = 1 if self.networks.wants_turns(monotonic_ns()) else self.networks.live.capacity
        if self._guests is not None:
            self._let_in(self._guests, capacity)
        while len(self._under_way) < capacity and self._start():
            pass
        if self._under_way:
            self._finish()
        else:
            self._wait()

    def _let_in(self, guests: Guests, capacity: int) -> None:
        live = self.networks.live
        if len(self._under_way) >= capacity or (picture := guests.take(live.info.rule.fixed)) is None:
            return
        try:
            live.submit([picture])
        except RuntimeError as error:
            # Of a picture that no camera has sent, and nobody's end.
            guests.give_up(f"the model does not work on it: {error}")
            return
        self._under_way.append(Batch(live, monotonic_ns(), guest=(picture.shape[0], picture.shape[1])))

    def _wait(self) -> None:
        due_ns = self._batcher.due_in_ns(monotonic_ns())
        wait_s = IDLE_S if due_ns is None else due_ns / NS_PER_S
        if self._guests is None:
            wait((self._link, self._tickets), wait_s)
        elif guest_s := self._guests.wait_s:
            wait((self._link, self._tickets), min(wait_s, guest_s))
        else:
            wait((self._link, self._tickets, self._guests.desk), wait_s)

    def _obey(self, order: Order) -> None:
        if isinstance(order, Begin):
            self._begin(order)
        elif isinstance(order, Forget):
            self._forget(order.camera)
        elif isinstance(order, Switch):
            self._changes.switch(order, wanted_classes(self._cameras.values()), self._sources.values())
        elif isinstance(order, Take):
            self._changes.take(order, wanted_classes(self._cameras.values()))
        elif isinstance(order, Return):
            self._changes.go_back(order)
        elif isinstance(order, LearnAnew) and self._drifts is not None:
            self._drifts.learn_anew(order.camera)
        self.networks.keep_classes(wanted_classes(self._cameras.values()))

    def _begin(self, order: Begin) -> None:
        self._rings.forget(order.camera)
        if order.shard not in self._senders:
            self._senders[order.shard] = Sender(self._link.folder, BOXES, order.shard)
        self._boxes[order.camera] = self._senders[order.shard]
        self._epochs[order.camera] = order.epoch
        self._cameras[order.camera] = CameraSettings.model_validate_json(order.settings)
        self.networks.speak(order.model.names)
        if self._drifts is not None:
            self._drifts.begin(self._cameras[order.camera], self.networks.live.digest)
        self._link.began(order)

    def _forget(self, camera: str) -> None:
        self._rings.forget(camera)
        for known in (self._epochs, self._cameras, self._sources):
            known.pop(camera, None)
        if self._drifts is not None:
            self._drifts.forget(camera)

    def _accept(self, message: FrameTicket | EndOfStream) -> None:
        if not self._is_current(message):
            # Of a run that has been rewound.
            return
        if isinstance(message, FrameTicket):
            self._inside[message.camera] += 1
            self._sources[message.camera] = (message.source_width, message.source_height)
            self._batcher.add(message, monotonic_ns())
        else:
            self._ends[message.camera] = message
            self._pass_end_on(message.camera)

    def _start(self) -> bool:
        """Give the next batch to a network, if one is due, without what has been rewound or overwritten meanwhile."""
        now_ns = monotonic_ns()
        batch = self._batcher.take(now_ns)
        fresh = [ticket for ticket in batch if self._is_fresh(ticket) and not 0 < ticket.expires_ns < now_ns]
        for ticket in batch:
            if ticket not in fresh:
                self._skip(ticket)
        if fresh:
            self._give(tuple(fresh))
            if self._guests is not None:
                self._guests.shape = (fresh[-1].input_height, fresh[-1].input_width)
        return bool(batch)

    def _give(self, tickets: tuple[FrameTicket, ...]) -> None:
        """Have networks work on these frames."""
        while tickets:
            together = self.networks.together(tickets)
            tickets = tickets[len(together) :]
            self._give_together(self.networks.of(together[0]), together, monotonic_ns())

    def _give_together(self, network: Network, tickets: tuple[FrameTicket, ...], now_ns: int) -> None:
        """Have a network work on these frames, and the one before it on one of them, where that is a witness."""
        self._link.heart.batch_began(len(tickets))
        try:
            network.submit([self._input_for(network, ticket) for ticket in tickets])
        except RuntimeError as error:
            self._link.heart.batch_done()
            self._on_failure(network, error, tickets)
            return
        self._under_way.append(Batch(network, now_ns, tickets))
        if self.networks.wants_witness(network, now_ns) and (before := self.networks.before) is not None:
            try:
                before.submit([self._input_for(before, tickets[-1])])
            except RuntimeError as error:
                self.networks.lose_before(error)
            else:
                self._under_way.append(Batch(before, now_ns, tickets[-1:], is_witness=True))

    def _input_for(self, network: Network, ticket: FrameTicket) -> Pixels:
        return refitted(self._rings.input_picture(ticket), network.info.rule, ticket)

    def _on_failure(self, network: Network, error: Exception, tickets: tuple[FrameTicket, ...]) -> None:
        """Give them again where that can do, or else all that it had to the one before; raises where there is none."""
        if self._can_be_given_again(network, error, len(tickets)):
            self._give(tickets)
            return
        if self.networks.probation is None or network is not self.networks.live:
            raise error
        self._changes.failed(f"it does not work on what it is given: {error}")
        lost = [batch for batch in self._under_way if batch.network is network]
        # Networks answer in order: also who was a witness answers in its turn.
        self._under_way = deque(batch for batch in self._under_way if batch.network is not network)
        if self._guests is not None and any(batch.guest is not None for batch in lost):
            self._guests.give_up()
        for batch in lost:
            if batch.tickets:
                self._link.heart.batch_done()
                self._give(batch.tickets)
        self._give(tickets)

    def _can_be_given_again(self, network: Network, error: Exception, pictures: int) -> bool:
        """Whether there is hope: they are fewer at a time from now on, where there was no room on the GPU for so many, or another
        network takes them, or there may be room for a single one in a moment.
        """
        is_full = isinstance(error, OutOfGpuMemory)
        if is_full and pictures > 1:
            network.max_batch = pictures // 2
            logger.warning("%d pictures at a time are too many, so at most %d are: %s", pictures, network.max_batch, str(error))
            return True
        if network is self.networks.before:
            self.networks.lose_before(error)
            return True
        if is_full and self.networks.probation is None and self._tries < MOST_TRIES:
            self._tries += 1
            logger.warning("a picture is tried again (%d of %d times): %s", self._tries, MOST_TRIES, str(error))
            return True
        return False

    def _on_no_answer(self, batch: Batch, error: Exception) -> None:
        """The oldest batch has come to nothing."""
        if batch.guest is not None and self.networks.probation is None:
            # Somebody must be at home for a guest to be let in.
            assert self._guests is not None
            self._under_way.popleft()
            self._guests.give_up(f"the model does not work on it: {error}")
        elif self._can_be_given_again(batch.network, error, len(batch.tickets)):
            self._begin_anew()
        else:
            self._on_failure(batch.network, error, ())

    def _begin_anew(self) -> None:
        """Give all that is under way to networks again, in order: what the others have found is lost, and no frame overtakes."""
        first, *others = self._under_way
        self._under_way.clear()
        for batch in others:
            with suppress(RuntimeError):
                batch.network.collect()
        for batch in (first, *others):
            if batch.guest is not None and self._guests is not None:
                self._guests.give_up()
            elif not batch.is_witness:
                self._link.heart.batch_done()
                self._give(batch.tickets)

    def _skip(self, ticket: FrameTicket) -> None:
        if self._is_current(ticket):
            self._hand_on()
            self._boxes[ticket.camera].send(SkippedFrame(ticket))
            self._link.heart.came_late(ticket.camera)
        self._leave(ticket.camera)

    def _is_fresh(self, ticket: FrameTicket) -> bool:
        return self._is_current(ticket) and self._rings.holds(ticket)

    def _is_current(self, message: FrameTicket | EndOfStream) -> bool:
        return self._epochs.get(message.camera) == message.epoch

    def _finish(self) -> None:
        batch = self._under_way[0]
        try:
            outputs = batch.network.collect()
            if self.networks.probation is not None and not is_finite(outputs):
                raise RuntimeError("it answers with what is no number")
        except RuntimeError as error:
            self._on_no_answer(batch, error)
            return
        self._under_way.popleft()
        self._tries = 0
        began_ns = monotonic_ns()
        if batch.guest is not None:
            # Somebody must be at home for a guest to be let in.
            assert self._guests is not None
            self._guests.answer(batch.network, outputs, batch.guest)
        elif batch.is_witness:
            self._compare(batch, outputs)
        else:
            self.networks.done(batch.network, len(batch.tickets), batch.began_ns, began_ns)
            self._link.heart.batch_done()
            self._answer(batch, outputs)
        if len(self._answers) >= self._burst or not self._under_way:
            self._hand_on()
        if not self._under_way and batch.tickets and self.networks.wants_turns(monotonic_ns()):
            self._have_take_turns(batch.tickets[-1])
        self._link.heart.busy_ns += monotonic_ns() - began_ns

    def _have_take_turns(self, ticket: FrameTicket) -> None:
        """Find out whether the network on probation is slow, or the computer."""
        live, before = self.networks.live, self.networks.before
        if before is None or self.networks.of(ticket) is not live or not self._rings.holds(ticket):
            return
        self.networks.take_turns(self._input_for(live, ticket).copy(), self._input_for(before, ticket).copy())

    def _answer(self, batch: Batch, outputs: Floats) -> None:
        for ticket, output in zip(batch.tickets, outputs):
            if not self._is_fresh(ticket):
                self._skip(ticket)
                continue
            detections = self._detections(batch.network, ticket, output)
            self._answers.append(DetectedFrame(ticket, detections))
            if self._drifts is not None and batch.network is self.networks.live:
                self._drifts.look(ticket, detections, batch.network)
            self._sure = (ticket.camera, ticket.frame, int((detections.scores >= self._confidence).sum()))
            self._link.heart.arrived(monotonic_ns() - ticket.arrived_ns)
            self._leave(ticket.camera)

    def _compare(self, batch: Batch, outputs: Floats) -> None:
        """What the network before the one on probation sees in a frame that that one has just answered."""
        [ticket] = batch.tickets
        camera, frame, boxes = self._sure
        probation = self.networks.probation
        if probation is not None and (camera, frame) == (ticket.camera, ticket.frame) and self._rings.holds(ticket):
            seen = self._detections(batch.network, ticket, outputs[0])
            probation.compare(boxes, int((seen.scores >= self._confidence).sum()))

    def _hand_on(self) -> None:
        for answer in self._answers:
            self._boxes[answer.ticket.camera].send(answer)
            if self._shadows.is_wanted(SHADOW):
                self._shadows.send(SHADOW, answer)
        self._answers.clear()

    def _detections(self, network: Network, ticket: FrameTicket, output: Floats) -> Detections:
        shape = shape_in(network.info.rule, ticket)
        seen = network.read(output, shape)
        place = Letterbox.fit(ticket.source_width, ticket.source_height, *shape)
        boxes = place.to_source(seen.boxes, ticket.source_width, ticket.source_height)
        return Detections(boxes, seen.scores, seen.classes)

    def _leave(self, camera: str) -> None:
        self._inside[camera] -= 1
        self._pass_end_on(camera)

    def _pass_end_on(self, camera: str) -> None:
        """The end of a stream goes on after its last frame."""
        if camera in self._ends and self._inside[camera] == 0:
            self._hand_on()
            self._boxes[camera].send(self._ends.pop(camera))
