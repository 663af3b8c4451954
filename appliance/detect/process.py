"""The detect process: tickets in, boxes out, for all cameras of a device."""

from __future__ import annotations

from collections import Counter, deque

from appliance.boxes import Detections, Floats
from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from appliance.config import CameraSettings, wanted_classes
from appliance.detect.batching import Batcher
from appliance.detect.network import Network
from appliance.ipc.channel import Receiver, Sender, wait
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import RingReaders
from appliance.letterbox import Letterbox
from appliance.messages import Begin, DetectedFrame, EndOfStream, FrameTicket, Order, SkippedFrame
from appliance.process_settings import DetectProcess
from appliance.topics import BOXES, TICKETS, Detected

IDLE_S = 0.1


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    detector = Detector(link, DetectProcess.model_validate_json(settings))
    link.ready(detector.network.info)
    while not link.stopping:
        detector.step()
        link.beat()


class Detector:
    """Keeps the network busy: as many batches under way as it works on at once, answered in order."""

    def __init__(self, link: CommandLink, settings: DetectProcess) -> None:
        self._link = link
        self.network = Network(settings)
        self._tickets = Receiver(link.folder, TICKETS, "device")
        self._senders: dict[str, Sender[Detected]] = {}
        self._boxes: dict[str, Sender[Detected]] = {}
        self._cameras: dict[str, CameraSettings] = {}
        wait_ns = round(settings.detector.batch_wait_ms * NS_PER_MS) if settings.is_live else 0
        self._batcher = Batcher(self.network.max_batch, wait_ns)
        self._rings = RingReaders()
        self._epochs: dict[str, int] = {}
        self._under_way: deque[list[FrameTicket]] = deque()
        self._inside: Counter[str] = Counter()
        self._burst = settings.burst
        self._answers: list[DetectedFrame] = []
        self._ends: dict[str, EndOfStream] = {}

    def step(self) -> None:
        """Take orders and tickets, start what can be started, then finish the oldest batch, or wait for something to do."""
        while (order := self._link.take()) is not None:
            self._obey(order)
        while (message := self._tickets.take()) is not None:
            self._accept(message)
        while len(self._under_way) < self.network.capacity and self._start():
            pass
        if self._under_way:
            self._finish()
        else:
            due_ns = self._batcher.due_in_ns(monotonic_ns())
            wait((self._link, self._tickets), IDLE_S if due_ns is None else due_ns / NS_PER_S)

    def _obey(self, order: Order) -> None:
        self._rings.forget(order.camera)
        if isinstance(order, Begin):
            if order.shard not in self._senders:
                self._senders[order.shard] = Sender(self._link.folder, BOXES, order.shard)
            self._boxes[order.camera] = self._senders[order.shard]
            self._epochs[order.camera] = order.epoch
            self._cameras[order.camera] = CameraSettings.model_validate_json(order.settings)
            self._link.began(order)
        else:
            self._epochs.pop(order.camera, None)
            self._cameras.pop(order.camera, None)
        self.network.keep(wanted_classes(self._cameras.values()))

    def _accept(self, message: FrameTicket | EndOfStream) -> None:
        if not self._is_current(message):
            # Of a run that has been rewound.
            return
        if isinstance(message, FrameTicket):
            self._inside[message.camera] += 1
            self._batcher.add(message, monotonic_ns())
        else:
            self._ends[message.camera] = message
            self._pass_end_on(message.camera)

    def _start(self) -> bool:
        """Give the next batch to the network, if one is due, without what has been rewound or overwritten meanwhile."""
        now_ns = monotonic_ns()
        batch = self._batcher.take(now_ns)
        fresh = [ticket for ticket in batch if self._is_fresh(ticket) and not 0 < ticket.expires_ns < now_ns]
        for ticket in batch:
            if ticket not in fresh:
                self._skip(ticket)
        if fresh:
            self.network.submit([self._rings.input_picture(ticket) for ticket in fresh])
            self._under_way.append(fresh)
        return bool(batch)

    def _skip(self, ticket: FrameTicket) -> None:
        if self._is_current(ticket):
            self._hand_on()
            self._boxes[ticket.camera].send(SkippedFrame(ticket))
            self._link.heart.stale += 1
        self._leave(ticket.camera)

    def _is_fresh(self, ticket: FrameTicket) -> bool:
        return self._is_current(ticket) and self._rings.holds(ticket)

    def _is_current(self, message: FrameTicket | EndOfStream) -> bool:
        return self._epochs.get(message.camera) == message.epoch

    def _finish(self) -> None:
        outputs = self.network.collect()
        began_ns = monotonic_ns()
        for ticket, output in zip(self._under_way.popleft(), outputs):
            if not self._is_fresh(ticket):
                self._skip(ticket)
                continue
            self._answers.append(DetectedFrame(ticket, self._detections(ticket, output)))
            self._link.heart.arrived(monotonic_ns() - ticket.arrived_ns)
            self._leave(ticket.camera)
        if len(self._answers) >= self._burst or not self._under_way:
            self._hand_on()
        self._link.heart.busy_ns += monotonic_ns() - began_ns

    def _hand_on(self) -> None:
        for answer in self._answers:
            self._boxes[answer.ticket.camera].send(answer)
        self._answers.clear()

    def _detections(self, ticket: FrameTicket, output: Floats) -> Detections:
        seen = self.network.read(output, (ticket.input_height, ticket.input_width))
        place = Letterbox.fit(ticket.source_width, ticket.source_height, ticket.input_height, ticket.input_width)
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
