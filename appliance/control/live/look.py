"""What a viewer wants to see on the picture."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.errors import Refusal

PARTS = ("boxes", "ids", "trails", "lines", "counts")
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Look:
    """A bare picture, or with these on it."""

    boxes: bool = False
    ids: bool = False
    trails: bool = False
    lines: bool = False
    counts: bool = False


EVERYTHING = Look(boxes=True, ids=True, trails=True, lines=True, counts=True)


def look_of(text: str) -> Look:
    """As in ``boxes,lines``; ``none`` for a bare picture, nothing at all for everything."""
    if not text:
        return EVERYTHING
    words = [] if text == NOTHING else text.split(",")
    for word in words:
        if word not in PARTS:
            raise Refusal(f"'overlay': {NOTHING}, or some of {', '.join(PARTS)} are wanted, found '{word}'", usage=True)
    return Look(**dict.fromkeys(words, True))
