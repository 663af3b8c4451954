"""The track process: boxes in, tracks out, for a shard of cameras."""

from __future__ import annotations

from collections import deque

import msgspec

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings
from appliance.ipc.channel import Receiver, Sender, wait
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import RingReaders
from appliance.messages.frames import NO_SLOT, DetectedFrame, EndOfStream, FrameTicket, TrackedFrame
from appliance.messages.message import Unpacker, pack
from appliance.messages.orders import Begin, Checkpoint, Forget
from appliance.process_settings import TrackProcess
from appliance.topics import BOXES, TRACKS, Detected
from appliance.track.botsort import BotSort, BotSortSettings, TrackerState
from appliance.track.camera_motion import Affine, CameraMotion
from appliance.track.tracks import EMPTY

IDLE_S = 0.1
# Longer than from one checkpoint of the counter to the next.
RECENT_NS, MOST_RECENT = 4 * NS_PER_S, 256


def main(link: CommandLink, settings: str) -> None:
    """Run until told to stop."""
    shard = Shard(link, TrackProcess.model_validate_json(settings))
    link.ready()
    while not link.stopping:
        shard.step()
        link.beat()


class Camera:
    """One camera's tracker."""

    def __init__(self, tracker: BotSort, *, is_live: bool) -> None:
        self.epoch = 0
        self.tracker = tracker
        self.motion = CameraMotion()
        self.frame_size = (0, 0)
        self._is_live = is_live
        self._recent: deque[TrackedFrame] = deque(maxlen=MOST_RECENT)

    def remember(self, tracked: TrackedFrame) -> None:
        """Keep what was handed on for as long as the counter may not have written it down; a file can be read again."""
        if self._is_live:
            self._recent.append(tracked)
            while self._recent[0].ticket.pts_ns < tracked.ticket.pts_ns - RECENT_NS:
                self._recent.popleft()

    def after(self, checkpoint: Checkpoint) -> list[TrackedFrame]:
        """What the counter lost with its life, oldest first."""
        return [tracked for tracked in self._recent if tracked.ticket.frame > checkpoint.frame]


class Shard:
    """Some cameras' trackers; each message carries the state after it, so that whoever writes it down has a checkpoint."""

    def __init__(self, link: CommandLink, settings: TrackProcess) -> None:
        self._link = link
        self._boxes = Receiver(link.folder, BOXES, settings.shard)
        self._tracks = Sender(link.folder, TRACKS, "device")
        self._settings = BotSortSettings(
            high_score=settings.confidence, low_score=settings.tracker.low_score, lost_s=settings.tracker.lost_s
        )
        self._measures_motion = settings.tracker.camera_motion == "auto"
        self._states: Unpacker[TrackerState] = Unpacker(TrackerState)
        self._rings = RingReaders()
        self._cameras: dict[str, Camera] = {}

    def step(self) -> None:
        """Take orders and boxes, or wait for some."""
        while (order := self._link.take()) is not None:
            if isinstance(order, Begin):
                self._rings.forget(order.camera)
                self._begin(order)
            elif isinstance(order, Forget):
                self._rings.forget(order.camera)
                self._cameras.pop(order.camera, None)
                self._link.heart.tracks.pop(order.camera, None)
        message = self._boxes.take()
        if message is None:
            wait((self._link, self._boxes), IDLE_S)
        else:
            self._take(message)

    def _take(self, message: Detected) -> None:
        of = message if isinstance(message, EndOfStream) else message.ticket
        camera = self._cameras.get(of.camera)
        if camera is None or camera.epoch != of.epoch:
            # Of a run that has been rewound, or will be: with its end, frames would be missing before it.
            return
        if isinstance(message, DetectedFrame):
            self._track(camera, message)
        else:
            self._tracks.send(message)

    def _begin(self, order: Begin) -> None:
        """Go on from the checkpoint. A live camera cannot go back there, but what this process knows better than the counter
        it tells him again.
        """
        camera, checkpoint = self._cameras.get(order.camera), order.checkpoint
        again = [] if camera is None else camera.after(checkpoint)
        if camera is None or not again:
            state = checkpoint.tracker
            tracker = BotSort(self._settings, self._states.decode(state)) if state else BotSort(self._settings)
            camera = self._cameras[order.camera] = Camera(tracker, is_live=is_live(order.settings))
        camera.epoch = order.epoch
        for tracked in again:
            ticket = msgspec.structs.replace(tracked.ticket, epoch=order.epoch, slot=NO_SLOT)
            self._tracks.send(msgspec.structs.replace(tracked, ticket=ticket))
        newest = again[-1].ticket if again else None
        self._link.began(order, None if newest is None else Checkpoint(newest.frame, newest.pts_ns))

    def _track(self, camera: Camera, message: DetectedFrame) -> None:
        began_ns = monotonic_ns()
        ticket = message.ticket
        frame_size = (ticket.source_width, ticket.source_height)
        if camera.frame_size not in ((0, 0), frame_size):
            # Another picture: nobody in it is where he was. His number is not given again.
            camera.tracker.state = TrackerState(EMPTY, camera.tracker.state.next_id, camera.tracker.state.time_ns)
            camera.motion = CameraMotion()
        camera.frame_size = frame_size
        motion = self._motion(camera, message)
        tracks = camera.tracker.update(message.detections, ticket.pts_ns, motion)
        tracked = TrackedFrame(ticket, tracks, pack(camera.tracker.state))
        self._tracks.send(tracked)
        camera.remember(tracked)
        self._link.heart.tracks[ticket.camera] = int(tracks.confirmed.sum())
        self._link.heart.arrived(monotonic_ns() - ticket.arrived_ns)
        self._link.heart.busy_ns += monotonic_ns() - began_ns

    def _motion(self, camera: Camera, message: DetectedFrame) -> Affine | None:
        ticket: FrameTicket = message.ticket
        if not self._measures_motion or not self._rings.holds(ticket):
            return None
        motion = camera.motion.measure(self._rings.grey(ticket), message.detections.boxes, ticket.source_width)
        return motion if self._rings.holds(ticket) else None


def is_live(settings: str) -> bool:
    """Whether the camera with these settings, JSON, cannot go back."""
    return bool(settings) and CameraSettings.model_validate_json(settings).is_live
