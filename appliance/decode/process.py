"""The decode process: one camera's source into its ring, a ticket for each frame."""

from __future__ import annotations

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings, Pace
from appliance.decode.choice import live_source, open_source
from appliance.decode.demand import Demand
from appliance.decode.live_source import LiveSource
from appliance.decode.reader import LiveReader, Numbered, Reader
from appliance.decode.run import Moment, Run
from appliance.decode.source import is_file
from appliance.decode.stillness import Stillness
from appliance.ipc.channel import Receiver, Sender, wait
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import Pixels
from appliance.messages.frames import EndOfStream
from appliance.messages.orders import Begin, Rescale
from appliance.process_settings import DecodeProcess
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
        self._source = live_source(camera) or open_source(camera)
        self._live = self._source if isinstance(self._source, LiveSource) else None
        self._keeps_pace = is_file(camera.source) and camera.pace in (Pace.LIVE, Pace.PLAYED)
        self._stillness = Stillness()
        self._clock_error_ns = 0
        """As it was last told; jitter is no news."""
        self._skipped_before = 0
        """How many of all that were skipped the tickets have told of."""
        self._run: Run | None = None
        self._told: tuple[object, ...] = ()

    def step(self) -> None:
        """Take orders and credits, then pass one frame on, or wait for something to do."""
        order = self._link.take()
        if isinstance(order, Begin):
            self._begin(order)
        elif isinstance(order, Rescale) and self._run is not None:
            self._run.rescale(order)
            self._source.serve(Demand(order.rule, self._camera.preview_px))
        run = self._run
        while (credit := self._credits.take()) is not None:
            if run is not None and credit.epoch == run.epoch:
                run.free += 1
        if run is None or (run.free == 0 and not self._camera.is_live):
            wait((self._link, self._credits), IDLE_S)
        elif self._live is not None and self._live.idle_s > 0:
            wait((self._link, self._credits), min(IDLE_S, self._live.idle_s))
        else:
            numbered = run.held or self._read(run)
            if numbered is not None and (not self._keeps_pace or self._wait_until_due(run, numbered)):
                self._pass_on(run, numbered)
            self._tell()

    def _begin(self, order: Begin) -> None:
        self._source.serve(Demand(order.model.rule, self._camera.preview_px))
        if isinstance(self._source, LiveSource):
            reader: Reader | LiveReader = LiveReader(self._source, order.checkpoint)
        else:
            reader = Reader(self._source, self._camera, order.checkpoint)
        self._run = Run(order, reader, self._camera)
        # Before it plays, so that nobody takes it for well meanwhile.
        self._tell()
        self._link.began(order, source=self._source.info)

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
        began_ns = monotonic_ns()
        moment = run.moment(numbered.picture, 0 if self._live is None else self._live.connections)
        run.held = None
        heart = self._link.heart
        if run.free == 0:
            heart.skipped += 1
        elif moment.age_ns > self._camera.stale_s * NS_PER_S:
            heart.stale += 1
        else:
            skipped = heart.skipped + heart.stale
            ticket, grey = run.ticket(numbered, moment, skipped - self._skipped_before)
            self._skipped_before = skipped
            self._tickets.send(ticket)
            heart.frames += 1
            self._judge(moment, grey)
        heart.busy_ns += monotonic_ns() - began_ns

    def _judge(self, moment: Moment, grey: Pixels) -> None:
        """Whether what a camera sends can be trusted."""
        if self._live is None:
            return
        reason = ""
        if self._stillness.look(grey, moment.arrived_ns):
            reason = "the picture is frozen: it has not changed at all for half a minute"
        elif moment.clock_error_ns:
            if abs(moment.clock_error_ns - self._clock_error_ns) > 2 * NS_PER_S:
                self._clock_error_ns = moment.clock_error_ns
            error_s = self._clock_error_ns / NS_PER_S
            reason = (
                f"the camera's clock is {abs(error_s):.0f} s {'ahead' if error_s > 0 else 'behind'}, so arrival times are used"
            )
        self._live.degrade(reason)

    def _tell(self) -> None:
        """Report how the camera is, if that has changed."""
        if self._live is None:
            return
        news = (self._live.condition, self._live.info, self._live.connections)
        if news != self._told:
            self._told = news
            self._link.camera_is(self._camera.name, *news)

    def _end(self, run: Run) -> None:
        """Say so behind the last frame."""
        self._tickets.send(EndOfStream(self._camera.name, run.epoch, run.reader.problem))
        self._run = None
