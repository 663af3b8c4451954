"""The two directions of a line or zone as small arrows for lists: they point where the arrows on the picture point; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from appliance.control.panel.editor.draft import Draft
from appliance.counted import Point

# From the right, clockwise as on a picture, in steps of 45 degrees.
ARROWS = "→↘↓↙←↖↑↗"
INTO, OUT = "●", "○"
USUAL_RATIO = 16 / 9


def marks_of(draft: Draft, ratio: float | None) -> tuple[str, str]:
    """Forward and backward; ``ratio`` is the width of the picture by its height. In and out of a zone lead everywhere."""
    if draft.kind == "zone":
        return INTO, OUT
    step = heading(draft.points, ratio or USUAL_RATIO)
    return ARROWS[step], ARROWS[(step + 4) % 8]


def heading(points: Sequence[Point], ratio: float) -> int:
    """Where forward leads: to the right of the longest piece of the line, as the number of an arrow."""
    pieces = [((end[0] - start[0]) * ratio, end[1] - start[1]) for start, end in zip(points, points[1:])]
    along_x, along_y = max(pieces, key=lambda piece: math.hypot(*piece), default=(0.0, -1.0))
    # With y down, right of (x, y) is (-y, x).
    return round(math.atan2(along_x, -along_y) / (math.pi / 4)) % 8
