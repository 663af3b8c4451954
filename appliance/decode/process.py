"""The decode process: one camera's source into its ring, a ticket for each frame."""

from __future__ import annotations

from appliance.clock import NS_PER_S, monotonic_ns, wall_ns
from appliance.config import CameraSettings, DecodeProcess, Pace
from appliance.decode.choice import open_source
from appliance.decode.reader import Numbered, Reader
from appliance.decode.source import is_file
from appliance.ipc.channel import Receiver, Sender, wait
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import FrameRing
from appliance.letterbox import InputRule, Letterbox, preview_shape
from appliance.messages import Begin, EndOfStream, FrameTicket
from appliance.topics import CREDITS, TICKETS

IDLE_S = 0.1


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    decoder = Decoder(link, DecodeProcess.model_validate_json(settings).camera)
    link.ready()
    while not link.stopping:
        decoder.step()
        link.beat()


class Decoder:
    """Answers each credit with a frame: the next one of a file, the newest one of a live camera."""

    def __init__(self, link: CommandLink, camera: CameraSettings) -> None:
        self._link, self._camera = link, camera
        self._tickets = Sender(link.folder, TICKETS, "device")
        self._credits = Receiver(link.folder, CREDITS, camera.name)
        self._source = open_source(camera)
        self._keeps_pace = is_file(camera.source) and camera.pace in (Pace.LIVE, Pace.PLAYED)
        self._run: Run | None = None

    def step(self) -> None:
        """Take orders and credits, then pass one frame on, or wait for something to do."""
        order = self._link.take()
        if order is not None:
            self._run = Run(order, Reader(self._source, self._camera, order.checkpoint))
            self._link.began(order, source=self._source.info)
        run = self._run
        while (credit := self._credits.take()) is not None:
            if run is not None and credit.epoch == run.epoch:
                run.free += 1
        if run is None or (run.free == 0 and not self._camera.is_live):
            wait((self._link, self._credits), IDLE_S)
        else:
            numbered = run.held or self._read(run)
            if numbered is not None and (not self._keeps_pace or self._wait_until_due(run, numbered)):
                self._pass_on(run, numbered)

    def _read(self, run: Run) -> Numbered | None:
        """The next frame, if this read gave one."""
        began_ns = monotonic_ns()
        run.held = run.reader.read()
        self._link.heart.damaged = self._source.damaged
        self._link.heart.busy_ns += monotonic_ns() - began_ns
        if run.reader.is_over:
            self._end(run)
        return run.held

    def _wait_until_due(self, run: Run, numbered: Numbered) -> bool:
        """Whether this frame of a file that plays at its own pace is due; waits for it, a moment at most."""
        wait_ns = run.wait_ns(numbered.picture.pts_ns)
        if wait_ns > 0:
            wait((self._link,), min(IDLE_S, wait_ns / NS_PER_S))
        return wait_ns <= 0

    def _pass_on(self, run: Run, numbered: Numbered) -> None:
        # The capture comes before the clock that later frames wait by is set, so that they cannot seem to come too early.
        capture_ns, began_ns = wall_ns(), monotonic_ns()
        run.held = None
        live_ns = run.live_ns(numbered.picture.pts_ns)
        heart = self._link.heart
        if run.free == 0:
            heart.skipped += 1
        else:
            pts_ns = live_ns if self._camera.is_live else numbered.picture.pts_ns
            self._tickets.send(run.ticket(numbered, pts_ns, capture_ns, self._camera))
            heart.frames += 1
        heart.busy_ns += monotonic_ns() - began_ns

    def _end(self, run: Run) -> None:
        """Say so behind the last frame."""
        self._tickets.send(EndOfStream(self._camera.name, run.epoch, run.reader.problem))
        self._run = None


class Run:
    """One epoch of the camera: its ring, its credits, its next frame, and when that is due."""

    def __init__(self, order: Begin, reader: Reader) -> None:
        self.epoch = order.epoch
        self.reader = reader
        self._rule: InputRule = order.model.rule
        self._ring_path = order.ring
        self._ring = FrameRing(order.ring, writable=True)
        self._next_slot = 0
        self.free = self._ring.size.slots
        self.held: Numbered | None = None
        """Read already, but not yet due."""
        self._after_ns = order.checkpoint.pts_ns
        self._shift_ns: int | None = None

    def live_ns(self, pts_ns: int) -> int:
        """A live camera's media time: by the clock at the epoch's first frame, so that it goes on over what was missed."""
        if self._shift_ns is None:
            self._shift_ns = max(monotonic_ns(), self._after_ns + 1) - pts_ns
        return pts_ns + self._shift_ns

    def wait_ns(self, pts_ns: int) -> int:
        """How long it is until a frame of a file that plays at its own pace is due; the epoch's first one is at once."""
        return 0 if self._shift_ns is None else pts_ns + self._shift_ns - monotonic_ns()

    def ticket(self, numbered: Numbered, pts_ns: int, capture_ns: int, camera: CameraSettings) -> FrameTicket:
        """Write the frame into the next slot of the ring; the ticket for it."""
        picture, slot, ring = numbered.picture, self._next_slot, self._ring
        height, width = self._rule.shape_for(picture.width, picture.height)
        preview_height, preview_width = preview_shape(picture.width, picture.height, camera.preview_px)
        ring.begin(slot)
        picture.draw(
            ring.input_picture(slot, height, width),
            Letterbox.fit(picture.width, picture.height, height, width),
            ring.preview(slot, preview_height, preview_width),
        )
        generation = ring.commit(slot)
        self._next_slot = (slot + 1) % ring.size.slots
        self.free -= 1
        return FrameTicket(
            camera=camera.name,
            epoch=self.epoch,
            frame=numbered.frame,
            pts_ns=pts_ns,
            capture_ns=capture_ns,
            clock="arrival",
            source_width=picture.width,
            source_height=picture.height,
            ring=self._ring_path,
            slot=slot,
            generation=generation,
            input_height=height,
            input_width=width,
            preview_height=preview_height,
            preview_width=preview_width,
        )
