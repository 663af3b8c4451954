"""Pictures that come from no camera: one at a time between the batches, and never more than a small share of the detector."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from appliance.boxes import Detections, Floats
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.detect.network import Network
from appliance.ipc.frame_ring import Pixels
from appliance.ipc.requests import RequestDesk
from appliance.letterbox import GREY, Letterbox
from appliance.messages.questions import GuestPicture, GuestSeen
from appliance.topics import GUESTS

# Of the detector's time, at most one part in so many.
SHARE = 10
BUSY = "the detector was too busy"


class Guests:
    """Takes pictures from the desk when it is their turn, and answers there. They have the shape that the cameras have: another
    one might have to be compiled first, and the cameras would wait for that.
    """

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self.desk = RequestDesk(folder, GUESTS)
        self.shape = shape
        """(height, width) of the network's input, as it was last."""
        self._picture: GuestPicture | None = None
        self._input: Pixels | None = None
        self._began_ns = self._due_ns = 0

    @property
    def wait_s(self) -> float:
        """Until the next one may come."""
        return max(0, self._due_ns - monotonic_ns()) / NS_PER_S

    def take(self, fixed: tuple[int, int] | None) -> Pixels | None:
        """The network's input, (H, W, 3) RGB, for the next picture, if there is one and it is its turn; ``fixed`` is its
        (height, width), where it takes no other.
        """
        now_ns = monotonic_ns()
        if self._picture is not None or now_ns < self._due_ns:
            return None
        picture = self.desk.take()
        if picture is None:
            return None
        if len(picture.pixels) != picture.height * picture.width * 3 or now_ns > picture.expires_ns:
            # Nobody waits for this any more.
            self.desk.answer(GuestSeen(Detections.empty(), (), BUSY))
            return None
        self._picture, self._began_ns = picture, now_ns
        pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
        # The network works on it in place.
        self._input = letterboxed(pixels, *(fixed or self.shape))
        return self._input

    def answer(self, network: Network, outputs: Floats, input_shape: tuple[int, int]) -> None:
        """What the network made of it."""
        picture = self._picture
        # It was taken before.
        assert picture is not None
        seen = network.read_all(outputs[0], input_shape)
        place = Letterbox.fit(picture.width, picture.height, *input_shape)
        boxes = place.to_source(seen.boxes, picture.width, picture.height)
        self.desk.answer(GuestSeen(Detections(boxes, seen.scores, seen.classes), network.names))
        self._end()

    def give_up(self, sentence: str = BUSY) -> None:
        """The picture that was taken is not looked at."""
        self.desk.answer(GuestSeen(Detections.empty(), (), sentence))
        self._end()

    def _end(self) -> None:
        now_ns = monotonic_ns()
        self._picture, self._due_ns = None, now_ns + (SHARE - 1) * (now_ns - self._began_ns)


def letterboxed(pixels: Pixels, height: int, width: int) -> Pixels:
    """A picture (h, w, 3) scaled as a whole into an input of this size, centred on grey."""
    # A detector without guests gets by without it.
    import cv2

    place = Letterbox.fit(pixels.shape[1], pixels.shape[0], height, width)
    out = np.full((height, width, 3), GREY, np.uint8)
    small = cv2.resize(pixels, (place.width, place.height), interpolation=cv2.INTER_AREA)
    out[place.top : place.top + place.height, place.left : place.left + place.width] = small
    return out
