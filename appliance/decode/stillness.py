"""A camera that sends the same picture for ever: its encoder runs, but nobody looks through the lens."""

from __future__ import annotations

import zlib

from appliance.clock import NS_PER_S
from appliance.ipc.frame_ring import Pixels

# A picture of nothing at night stands still from key frame to key frame, but a sensor's noise changes it with each of those.
FROZEN_NS = 30 * NS_PER_S
EVERY_ROW = 4


class Stillness:
    """For how long the picture has been the same, bit by bit."""

    def __init__(self) -> None:
        self._digest = -1
        self._since_ns = 0

    def look(self, grey: Pixels, now_ns: int) -> bool:
        """Whether the picture has been frozen for longer than any real one is; ``grey`` is (h, w)."""
        digest = zlib.crc32(grey[::EVERY_ROW].tobytes())
        if digest != self._digest:
            self._digest, self._since_ns = digest, now_ns
        return now_ns - self._since_ns > FROZEN_NS
