"""What is asked and answered between processes, and by other programs; see ``ipc.requests``."""

from __future__ import annotations

from appliance.boxes import Detections, Tracks
from appliance.messages.frames import FrameTicket
from appliance.messages.message import Message


class Viewed(Message, frozen=True):
    """A frame that has just been counted, for who looks on; its pixels are overwritten soon. ``names`` are the classes."""

    ticket: FrameTicket
    tracks: Tracks
    names: tuple[str, ...]


class Recall(Message, frozen=True):
    """From the control plane to the counter: what was on this camera lately?"""

    camera: str


class Remembered(Message, frozen=True):
    """A frame of the last minutes, as it was counted; times as in ``FrameTicket``."""

    frame: int
    pts_ns: int
    capture_ns: int
    tracks: Tracks


class Recalled(Message, frozen=True):
    """The last minutes of a camera, oldest first, each packed; all of frames of one size, pixels."""

    frame_width: int
    frame_height: int
    names: tuple[str, ...]
    frames: tuple[bytes, ...]


class GuestPicture(Message, frozen=True):
    """A picture of nobody's camera, (height, width, 3) RGB, for the detector; of no use after ``expires_ns``, monotonic."""

    height: int
    width: int
    pixels: bytes
    expires_ns: int


class GuestSeen(Message, frozen=True):
    """What the detector saw in it, of all classes, boxes in its pixels; or, as a sentence, why nothing."""

    detections: Detections
    names: tuple[str, ...]
    problem: str = ""


class Request(Message, frozen=True):
    """From another program to the machine: read the site's file again and become what it says; or, with ``is_trial``, only say
    whether that could be, of the file or of a ``text`` that may come to stand in it.
    """

    is_trial: bool = False
    text: str = ""


class Activate(Message, frozen=True):
    """From another program to the machine: bring this model in the place of the one that counts. ``is_forced``: also where the
    two do not see the same. An empty name stands for the model that was kept before the one that counts.
    """

    model: str
    author: str = ""
    is_forced: bool = False


class CallOff(Message, frozen=True):
    """From another program to the machine: whatever is being swapped stays, or becomes again, as it was."""

    author: str = ""


class Answer(Message, frozen=True):
    """What came of a request: what is different now, or why nothing is."""

    is_done: bool
    sentence: str
