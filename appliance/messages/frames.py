"""What travels along the pipeline; see ``topics``."""

from __future__ import annotations

from appliance.boxes import Detections, Tracks
from appliance.messages.message import Message

# Of a frame whose pixels are gone, and whose credit was given back before.
NO_SLOT = -1


class FrameTicket(Message, frozen=True):
    """A frame whose pixels wait in a slot of the camera's ring.

    ``epoch`` counts the starts of the camera; what bears an older one is of a run that has been rewound. ``pts_ns`` is media
    time; ``capture_ns`` wall clock (UTC) of the capture by ``clock`` (``camera`` or ``arrival``); ``arrived_ns`` the
    monotonic time at which the frame was here, and ``expires_ns`` when it is too old to be looked at, 0 for never. Sizes are
    pixels. ``skipped`` frames came before it, behind the last ticket, and were not passed on.
    """

    camera: str
    epoch: int
    frame: int
    pts_ns: int
    capture_ns: int
    clock: str
    arrived_ns: int
    expires_ns: int
    source_width: int
    source_height: int
    ring: str
    slot: int
    generation: int
    input_height: int
    input_width: int
    preview_height: int
    preview_width: int
    skipped: int = 0


class EndOfStream(Message, frozen=True):
    """No more frames in this epoch; ``problem`` is a sentence if the source should have gone on."""

    camera: str
    epoch: int
    problem: str = ""


class DetectedFrame(Message, frozen=True):
    """A frame and what the detector saw in it."""

    ticket: FrameTicket
    detections: Detections


class TrackedFrame(Message, frozen=True):
    """A frame, its tracks, and the tracker's state after it."""

    ticket: FrameTicket
    tracks: Tracks
    state: bytes


class SkippedFrame(Message, frozen=True):
    """A frame that nobody will look at any more, because it has become too old; it goes all the way, so that its credit comes
    back.
    """

    ticket: FrameTicket


class Credit(Message, frozen=True):
    """The pipeline is done with a frame: its slot is free, and one more may come."""

    camera: str
    epoch: int
    frame: int


class Committed(Message, frozen=True):
    """News from the counter: there are crossings or intervals in the ledger that were not there before, for the n-th time."""

    number: int
