"""A source as numbered frames: where to start, what to leave out, when it ends, and when a live frame is due."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.config import CameraSettings
from appliance.decode.source import Picture, Source
from appliance.messages import Checkpoint


@dataclass(frozen=True, slots=True)
class Numbered:
    """A picture and its index in the source."""

    frame: int
    picture: Picture


class Reader:
    """Frames of one epoch: those after the checkpoint, inside the wanted stretch, of one size."""

    def __init__(self, source: Source, camera: CameraSettings, after: Checkpoint) -> None:
        self._source, self._camera = source, camera
        self._next = 0
        self._skip_until_pts_ns = -1
        if not camera.is_live and after.frame >= camera.first_frame and source.seek(after.pts_ns):
            # Frames are numbered by their order, and after a seek their order is known by their time.
            self._skip_until_pts_ns = after.pts_ns
            self._next = after.frame + 1
        elif camera.is_live:
            self._next = after.frame + 1
        self._first = max(camera.first_frame, after.frame + 1)
        self.problem = ""

    def read(self) -> Numbered | None:
        """The next frame, or None at the end."""
        while True:
            if self._camera.last_frame is not None and self._next > self._camera.last_frame:
                return None
            picture = self._source.read()
            if picture is None:
                self.problem = self._problem_at_end()
                return None
            if picture.pts_ns <= self._skip_until_pts_ns:
                continue
            frame, self._next = self._next, self._next + 1
            if frame < self._first:
                continue
            if not self._fits(picture, frame):
                return None
            return Numbered(frame, picture)

    def _fits(self, picture: Picture, frame: int) -> bool:
        info = self._source.info
        if self._camera.is_live or (picture.width, picture.height) == (info.width, info.height):
            return True
        self.problem = (
            f"{self._camera.source} must keep its size, because lines are drawn on it: {info.width}x{info.height} wanted, "
            f"{picture.width}x{picture.height} found at frame {frame}; what came before is counted"
        )
        return False

    def _problem_at_end(self) -> str:
        if self._source.problem:
            return self._source.problem
        if self._next <= self._camera.first_frame:
            return f"{self._camera.source} ends before frame {self._camera.first_frame}: it has {self._next} frames"
        return ""
