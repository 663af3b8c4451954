"""The one table of wires: what flows from whom to whom, how often, and what happens when the reader is slow.

    decode ──tickets──▶ detect ──boxes──▶ track ──tracks──▶ count
       ▲                                                      │
       └──────────────────────credits─────────────────────────┘

Nothing is ever dropped on a wire, and none can fill up: a decoder holds as many credits as its ring has slots, spends one per
frame, and gets it back when count is done with the frame. So at most ``slots`` frames of a camera are under way, wherever the
slowest process is. A live decoder without a credit skips its frame, and counts it as skipped; a file's decoder waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from appliance.messages import Credit, DetectedFrame, EndOfStream, FrameTicket, TrackedFrame

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Topic(Generic[M]):
    """One kind of wire; the reader binds one socket, the writers connect to it."""

    name: str
    message: Any
    """The type of the messages."""
    per: str
    """One socket for each of these: ``device``, ``shard`` or ``camera``."""
    depth: int
    """Messages that a socket may hold: more than credits ever let through, for all cameras together."""


TICKETS: Topic[FrameTicket | EndOfStream] = Topic("tickets", FrameTicket | EndOfStream, per="device", depth=4096)
BOXES: Topic[DetectedFrame | EndOfStream] = Topic("boxes", DetectedFrame | EndOfStream, per="shard", depth=4096)
TRACKS: Topic[TrackedFrame | EndOfStream] = Topic("tracks", TrackedFrame | EndOfStream, per="device", depth=4096)
CREDITS: Topic[Credit] = Topic("credits", Credit, per="camera", depth=4096)

TOPICS = (TICKETS, BOXES, TRACKS, CREDITS)
