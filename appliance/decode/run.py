"""One epoch of a camera in its decoder: its ring, its credits, and the time of its frames."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.clock import NS_PER_S, monotonic_ns, wall_ns
from appliance.config import CameraSettings
from appliance.decode.live_clock import LiveClock
from appliance.decode.reader import LiveReader, Numbered, Reader
from appliance.decode.source import Picture
from appliance.ipc.frame_ring import FrameRing, Pixels
from appliance.letterbox import InputRule, Letterbox, preview_shape
from appliance.messages.frames import FrameTicket
from appliance.messages.orders import Begin, Rescale

# A live camera has no more frames under way, however many its ring holds: one in the network, one before it, one behind it.
MOST_LIVE_FRAMES = 3
# A camera's own clock is believed when it is so near to ours.
CLOCK_TOLERANCE_NS = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame was taken: in media time, by wall clock and whose, and when it was or could have been here."""

    pts_ns: int
    capture_ns: int
    clock: str
    arrived_ns: int
    age_ns: int
    clock_error_ns: int = 0
    """How far the camera's own clock is ahead of ours, where that is too far to be believed."""


class Run:
    """Everything that ends with the epoch."""

    def __init__(self, order: Begin, reader: Reader | LiveReader, camera: CameraSettings) -> None:
        self.epoch, self.reader = order.epoch, reader
        self._camera = camera
        self._rule: InputRule = order.model.rule
        self._ring_path = order.ring
        self._ring = FrameRing(order.ring, writable=True)
        self._next_slot = 0
        self.free = min(self._ring.size.slots, MOST_LIVE_FRAMES) if camera.is_live else self._ring.size.slots
        self.held: Numbered | None = None
        """Read already, but not yet due."""
        self._shift_ns: int | None = None
        # Not before what is in the checkpoint, whatever the clock of this machine has done since.
        self._clock = LiveClock(order.checkpoint.pts_ns)
        self._connection = 0

    def rescale(self, order: Rescale) -> None:
        """Write for another network from now on, perhaps into another ring; what is under way is read where it lies."""
        self._rule = order.rule
        if order.ring != self._ring_path:
            self._ring_path, self._ring, self._next_slot = order.ring, FrameRing(order.ring, writable=True), 0

    def wait_ns(self, pts_ns: int) -> int:
        """How long it is until a frame of a file that plays at its own pace is due; the epoch's first one is at once."""
        return 0 if self._shift_ns is None else pts_ns + self._shift_ns - monotonic_ns()

    def moment(self, picture: Picture, connection: int) -> Moment:
        """When this frame, which has just come over a camera's connection with this number, was taken."""
        # The wall clock comes before the clock that later frames wait by is set, so that they cannot seem to come too early.
        now_wall_ns, now_ns = wall_ns(), monotonic_ns()
        if self._shift_ns is None:
            self._shift_ns = now_ns - picture.pts_ns
        if not self._camera.is_live:
            return Moment(picture.pts_ns, now_wall_ns, "arrival", now_ns, 0)
        if connection != self._connection:
            self._connection = connection
            self._clock.reconnected()
        placed = self._clock.place(picture.pts_ns, now_ns)
        capture_ns, clock, error_ns = now_wall_ns - placed.age_ns, "arrival", 0
        if picture.sent_ns is not None:
            error_ns = picture.sent_ns - capture_ns
            if abs(error_ns) < CLOCK_TOLERANCE_NS:
                capture_ns, clock, error_ns = picture.sent_ns, "camera", 0
        return Moment(placed.media_ns, capture_ns, clock, now_ns - placed.age_ns, placed.age_ns, error_ns)

    def ticket(self, numbered: Numbered, moment: Moment, skipped: int) -> tuple[FrameTicket, Pixels]:
        """Write the frame into the next slot of the ring; the ticket for it, and the grey of the picture for people."""
        picture, slot, ring = numbered.picture, self._next_slot, self._ring
        height, width = self._rule.shape_for(picture.width, picture.height)
        preview_height, preview_width = preview_shape(picture.width, picture.height, self._camera.preview_px)
        preview = ring.preview(slot, preview_height, preview_width)
        ring.begin(slot)
        place = Letterbox.fit(picture.width, picture.height, height, width)
        picture.draw(ring.input_picture(slot, height, width), place, preview)
        generation = ring.commit(slot)
        self._next_slot = (slot + 1) % ring.size.slots
        self.free -= 1
        ticket = FrameTicket(
            camera=self._camera.name,
            epoch=self.epoch,
            frame=numbered.frame,
            pts_ns=moment.pts_ns,
            capture_ns=moment.capture_ns,
            clock=moment.clock,
            arrived_ns=moment.arrived_ns,
            expires_ns=moment.arrived_ns + round(self._camera.stale_s * NS_PER_S) if self._camera.is_live else 0,
            source_width=picture.width,
            source_height=picture.height,
            ring=self._ring_path,
            slot=slot,
            generation=generation,
            input_height=height,
            input_width=width,
            preview_height=preview_height,
            preview_width=preview_width,
            skipped=skipped,
        )
        return ticket, preview[:preview_height]
