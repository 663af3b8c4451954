"""Messages for tests that need some."""

from __future__ import annotations

import numpy as np

from appliance.boxes import Detections, Tracks
from appliance.messages.frames import FrameTicket

INPUT_HEIGHT, INPUT_WIDTH = 96, 128
PREVIEW_HEIGHT, PREVIEW_WIDTH = 72, 96


def ticket_for(ring: str, slot: int = 0, generation: int = 2, *, epoch: int = 1, frame: int = 0) -> FrameTicket:
    """A ticket for the small pictures of the tests."""
    return FrameTicket(
        camera="yard",
        epoch=epoch,
        frame=frame,
        pts_ns=frame * 40_000_000,
        capture_ns=0,
        clock="arrival",
        arrived_ns=0,
        expires_ns=0,
        source_width=INPUT_WIDTH,
        source_height=INPUT_HEIGHT,
        ring=ring,
        slot=slot,
        generation=generation,
        input_height=INPUT_HEIGHT,
        input_width=INPUT_WIDTH,
        preview_height=PREVIEW_HEIGHT,
        preview_width=PREVIEW_WIDTH,
    )


def two_boxes() -> Detections:
    """A car and a truck."""
    boxes = np.array([[1.5, 2, 3, 4], [5, 6, 7, 8.25]], np.float32)
    return Detections(boxes, np.array([0.9, 0.1], np.float32), np.array([2, 7]))


def two_tracks() -> Tracks:
    """The same two, followed; the second one has been seen only once."""
    seen = two_boxes()
    return Tracks(np.array([1, 9]), seen.boxes, seen.scores, seen.classes, np.array([True, False]))
