"""A picture that was made for one network, and that another one looks at: around a swap between inputs of different sizes."""

from __future__ import annotations

import numpy as np

from appliance.detect.guests import letterboxed
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import InputRule, Letterbox
from appliance.messages.frames import FrameTicket


def shape_in(rule: InputRule, ticket: FrameTicket) -> tuple[int, int]:
    """The (height, width) that a network with this rule would have the frame in."""
    return rule.shape_for(ticket.source_width, ticket.source_height)


def fits(rule: InputRule, ticket: FrameTicket) -> bool:
    """Whether the frame's picture has that size."""
    return shape_in(rule, ticket) == (ticket.input_height, ticket.input_width)


def refitted(picture: Pixels, rule: InputRule, ticket: FrameTicket) -> Pixels:
    """The frame's picture (H, W, 3) in the size that the rule asks for: itself, or scaled, which costs some of its sharpness."""
    if fits(rule, ticket):
        return picture
    place = Letterbox.fit(ticket.source_width, ticket.source_height, ticket.input_height, ticket.input_width)
    inside = picture[place.top : place.top + place.height, place.left : place.left + place.width]
    return letterboxed(inside, *shape_in(rule, ticket))


def get_ready() -> None:
    """Load what scales pictures, so that no frame waits for that."""
    letterboxed(np.zeros((2, 2, 3), np.uint8), 2, 2)
