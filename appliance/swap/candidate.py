"""The candidate process: a new model in the shadow of the one that counts. It sees the same pictures, and nobody hears of its
boxes; when it has seen enough, it says how alike the two are.
"""

from __future__ import annotations

import os

from appliance.boxes import Detections
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings, wanted_classes
from appliance.detect.network import Network
from appliance.detect.process import SHADOW
from appliance.detect.refitting import refitted
from appliance.ipc.channel import Listener, wait
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import Pixels, RingReaders
from appliance.letterbox import Letterbox
from appliance.messages.frames import DetectedFrame, FrameTicket
from appliance.process_settings import CandidateProcess
from appliance.swap.shadow import Shadow, Yardstick, extended
from appliance.topics import SHADOWS

IDLE_S = 0.1
TELL_NS = NS_PER_S
# It gives way to those who count.
NICENESS = 10


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    os.nice(NICENESS)
    candidate = Candidate(link, CandidateProcess.model_validate_json(settings))
    link.ready(candidate.network.info)
    while not link.stopping:
        candidate.step()
        link.beat()


class Candidate:
    """Looks at a share of the live frames."""

    def __init__(self, link: CommandLink, settings: CandidateProcess) -> None:
        self._link, self._settings = link, settings
        self.network = Network(settings.detect)
        names = extended(settings.names, self.network.info.names)
        self.network.speak(names)
        cameras = {camera.name: camera for camera in map(CameraSettings.model_validate_json, settings.cameras)}
        # As the one that counts, which is asked for nothing else; cameras may have changed since the start.
        self.network.keep(wanted_classes(cameras.values()))
        common = frozenset(names.index(name) for name in self.network.info.names if name in settings.live_names)
        confidence = settings.detect.detector.confidence
        self._shadow = Shadow(cameras, Yardstick(settings.gates, settings.tracker, settings.counter, confidence, names, common))
        self._rings = RingReaders()
        self._listener: Listener[DetectedFrame] = Listener(link.folder, SHADOWS, "device", chooses=True)
        self._listener.choose(SHADOW)
        self._seen = self._looked_at = 0
        self._began_ns = self._told_ns = 0
        self._has_judged = False

    def close(self) -> None:
        """Look at nothing any more."""
        self._listener.close()
        self.network.close()

    def step(self) -> None:
        """Look at a frame, if it is its turn, or wait for one."""
        while self._link.take() is not None:
            pass
        message = self._listener.take()
        if message is None:
            wait((self._link, self._listener), IDLE_S)
        elif not self._has_judged:
            self._began_ns = self._began_ns or monotonic_ns()
            self._seen += 1
            if self._looked_at < self._seen * self._settings.gates.shadow_share:
                self._look_at(message)
        self._tell()

    def _look_at(self, message: DetectedFrame) -> None:
        ticket = message.ticket
        picture = self._picture(ticket)
        if picture is None:
            return
        self._looked_at += 1
        shape = (picture.shape[0], picture.shape[1])
        began_ns = monotonic_ns()
        self.network.submit([picture])
        seen = self.network.read(self.network.collect()[0], shape)
        took_ns = monotonic_ns() - began_ns
        place = Letterbox.fit(ticket.source_width, ticket.source_height, *shape)
        boxes = place.to_source(seen.boxes, ticket.source_width, ticket.source_height)
        self._shadow.add(ticket, message.detections, Detections(boxes, seen.scores, seen.classes), took_ns)
        self._link.heart.frames += 1

    def _picture(self, ticket: FrameTicket) -> Pixels | None:
        """The network's input for this frame; made from that of the other network where it wants another size."""
        if not self._rings.holds(ticket):
            return None
        picture = self._rings.input_picture(ticket).copy()
        if not self._rings.holds(ticket):
            return None
        return refitted(picture, self.network.info.rule, ticket)

    def _tell(self) -> None:
        now_ns = monotonic_ns()
        if self._has_judged or self._began_ns == 0 or now_ns - self._told_ns < TELL_NS:
            return
        self._told_ns = now_ns
        figures, judgement = self._shadow.figures(), self._shadow.judgement((now_ns - self._began_ns) / NS_PER_S)
        if judgement is None:
            self._link.swapping(self._settings.number, "shadowed", figures=figures)
        else:
            self._has_judged = True
            step = "agrees" if judgement.is_good else "differs"
            self._link.swapping(self._settings.number, step, judgement.sentence, figures)
