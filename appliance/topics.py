"""The one table of wires: what flows from whom to whom, how often, and what happens when the reader is slow.

    decode ──tickets──▶ detect ──boxes──▶ track ──tracks──▶ count
       ▲                                                      │
       └──────────────────────credits─────────────────────────┘

Nothing is ever dropped on these wires, and none can fill up: a decoder holds as many credits as its ring has slots, spends one
per frame, and gets it back when count is done with the frame. So at most ``slots`` frames of a camera are under way, wherever the
slowest process is. A live decoder, which uses three slots at most, skips its frame where it has no credit, and counts it as
skipped; a file's decoder waits. A live frame that has become too old on its way goes on without being looked at, so that its
credit comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from appliance.messages.frames import Committed, Credit, DetectedFrame, EndOfStream, FrameTicket, SkippedFrame, TrackedFrame
from appliance.messages.health import Health
from appliance.messages.orders import LearnAnew
from appliance.messages.questions import Activate, Answer, CallOff, GuestPicture, GuestSeen, Recall, Recalled, Request, Viewed

M = TypeVar("M")
Q = TypeVar("Q")
A = TypeVar("A")
Detected = DetectedFrame | SkippedFrame | EndOfStream
Tracked = TrackedFrame | SkippedFrame | EndOfStream


@dataclass(frozen=True, slots=True)
class Topic(Generic[M]):
    """One kind of wire; the reader binds one socket, the writers connect to it."""

    name: str
    message: Any
    """The type of the messages."""
    per: str
    """One socket for each of these: ``device``, ``shard``, ``camera`` or ``machine``."""
    depth: int
    """Messages that a socket may hold: more than credits ever let through, for all cameras together."""


TICKETS: Topic[FrameTicket | EndOfStream] = Topic("tickets", FrameTicket | EndOfStream, per="device", depth=4096)
BOXES: Topic[Detected] = Topic("boxes", Detected, per="shard", depth=4096)
TRACKS: Topic[Tracked] = Topic("tracks", Tracked, per="device", depth=4096)
CREDITS: Topic[Credit] = Topic("credits", Credit, per="camera", depth=4096)

# What nothing may be lost on.
TOPICS = (TICKETS, BOXES, TRACKS, CREDITS)

# To anybody who listens, from the counter; who misses one looks into the ledger a second later.
COMMITS: Topic[Committed] = Topic("commits", Committed, per="device", depth=64)

# To anybody who listens, from the supervisor, once a second; who is slow misses some.
HEALTH: Topic[Health] = Topic("health", Health, per="machine", depth=8)

# To who looks on, from the counter, of those cameras alone that somebody looks at; who is slow misses some.
VIEWS: Topic[Viewed] = Topic("views", Viewed, per="device", depth=32)

# From the detector to a candidate that works in its shadow, while there is one; what it has no time for it misses.
SHADOWS: Topic[DetectedFrame] = Topic("shadows", DetectedFrame, per="device", depth=8)


@dataclass(frozen=True, slots=True)
class Desk(Generic[Q, A]):
    """Where questions are answered, one after the other; a machine has one of each."""

    name: str
    question: Any
    answer: Any


# Of the supervisor, for other programs.
Asked = Request | Activate | CallOff | LearnAnew
REQUESTS: Desk[Asked, Answer] = Desk("requests", Asked, Answer)
# Of the counter and of the detector, for the control plane.
RECALLS: Desk[Recall, Recalled] = Desk("recalls", Recall, Recalled)
GUESTS: Desk[GuestPicture, GuestSeen] = Desk("guests", GuestPicture, GuestSeen)
