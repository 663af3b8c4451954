"""A source as numbered frames: where to start, what to leave out, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.config import CameraSettings
from appliance.decode.live_source import LiveSource
from appliance.decode.source import Picture, Source
from appliance.messages.orders import Checkpoint


@dataclass(frozen=True, slots=True)
class Numbered:
    """A picture and its index in the source."""

    frame: int
    picture: Picture


class Reader:
    """Frames of one epoch: those after the checkpoint, inside the wanted stretch, of one size.

    A frame's index is its place in the order of all frames. After a seek it is known as soon as the checkpoint's own frame
    comes by, recognised by its time; where that time does not come up, everything is read from the beginning.
    """

    def __init__(self, source: Source, camera: CameraSettings, after: Checkpoint) -> None:
        self._source, self._camera, self._after = source, camera, after
        self._next = after.frame + 1 if camera.is_live else 0
        self._first = max(camera.first_frame, after.frame + 1)
        self._is_looking = not camera.is_live and after.frame >= 0 and source.seek(after.pts_ns)
        if not camera.is_live and not self._is_looking:
            source.restart()
        self.is_over = False
        self.problem = ""

    def read(self) -> Numbered | None:
        """The next frame. None where the source had one that is left out, or none any more: ``is_over`` says which."""
        if self._camera.last_frame is not None and self._next > self._camera.last_frame:
            self.is_over = True
            return None
        picture = self._source.read()
        if self._is_looking:
            self._look_at(picture)
            return None
        if picture is None:
            self.is_over, self.problem = True, self._problem_at_end()
            return None
        frame, self._next = self._next, self._next + 1
        if frame < self._first:
            return None
        if not self._fits(picture):
            self.is_over, self.problem = True, self._misfit(picture, frame)
            return None
        return Numbered(frame, picture)

    def _look_at(self, picture: Picture | None) -> None:
        """Whether this is the checkpoint's frame, or the search for it was in vain."""
        if picture is not None and picture.pts_ns < self._after.pts_ns:
            return
        self._is_looking = False
        if picture is not None and picture.pts_ns == self._after.pts_ns:
            self._next = self._after.frame + 1
        else:
            self._source.restart()

    def _fits(self, picture: Picture) -> bool:
        info = self._source.info
        return self._camera.is_live or (picture.width, picture.height) == (info.width, info.height)

    def _misfit(self, picture: Picture, frame: int) -> str:
        info = self._source.info
        return (
            f"{self._camera.source} must keep its size, because lines are drawn on it: {info.width}x{info.height} wanted, "
            f"{picture.width}x{picture.height} found at frame {frame}; what came before is counted"
        )

    def _problem_at_end(self) -> str:
        if self._source.problem:
            return self._source.problem
        if self._next <= self._camera.first_frame:
            return f"{self._camera.source} ends before frame {self._camera.first_frame}: it has {self._next} frames"
        return ""


class LiveReader:
    """A camera's pictures of one epoch, numbered from the checkpoint on; never over."""

    is_over = False
    problem = ""

    def __init__(self, source: LiveSource, after: Checkpoint) -> None:
        self._source, self._next = source, after.frame + 1

    def read(self) -> Numbered | None:
        """The next picture, if there is one now."""
        picture = self._source.read()
        if picture is None:
            return None
        self._next += 1
        return Numbered(self._next - 1, picture)
