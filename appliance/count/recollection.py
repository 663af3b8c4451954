"""The tracks of a camera's last minutes, in memory: on them it is tried what another line would have counted."""

from __future__ import annotations

from collections import deque

from appliance.clock import NS_PER_S
from appliance.messages.frames import TrackedFrame
from appliance.messages.message import pack
from appliance.messages.questions import Recalled, Remembered

# Of media time; and of memory, where so many objects are in sight that the time takes too much.
LONGEST_NS, MOST_BYTES = 180 * NS_PER_S, 4_000_000
# What comes once more after a death is known already.
AGAIN_NS = 10 * NS_PER_S


class Recollection:
    """One camera's."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._frame_size = (0, 0)
        self._frames: deque[tuple[int, bytes]] = deque()
        self._bytes = 0

    def add(self, message: TrackedFrame) -> None:
        """The next frame. With a picture of another size, or with a time that has gone back, it begins anew."""
        ticket = message.ticket
        frame_size = (ticket.source_width, ticket.source_height)
        back_ns = self._frames[-1][0] - ticket.pts_ns if self._frames else -1
        if 0 <= back_ns < AGAIN_NS and frame_size == self._frame_size:
            return
        if back_ns >= 0 or frame_size != self._frame_size:
            self._frames.clear()
            self._frame_size, self._bytes = frame_size, 0
        content = pack(Remembered(ticket.frame, ticket.pts_ns, ticket.capture_ns, message.tracks))
        self._frames.append((ticket.pts_ns, content))
        self._bytes += len(content)
        while self._bytes > MOST_BYTES or self._frames[0][0] < ticket.pts_ns - LONGEST_NS:
            self._bytes -= len(self._frames.popleft()[1])

    def recalled(self) -> Recalled:
        """Everything that is remembered."""
        return Recalled(*self._frame_size, self.names, tuple(content for _, content in self._frames))
