"""The street: its measures in metres, its lanes, its signals."""

from __future__ import annotations

from dataclasses import dataclass

LANE_M = 3.2
LANES_EACH_WAY = 2
HALF_ROAD_M = LANE_M * LANES_EACH_WAY + 0.3
SIDEWALK_M = 3.2
# From z to z.
CROSSWALK_M = (16.0, 19.6)
# Where vehicles wait, z.
STOP_NORTH_M, STOP_SOUTH_M = 14.9, 21.0
# From z to z; whoever is nearer or farther is not in the picture.
DRAWN_M = (6.0, 185.0)
# The z of the line across the road.
COUNTED_AT_M = 25.5
GREEN_S, AMBER_S, RED_S = 12.0, 1.5, 14.0
CYCLE_S = GREEN_S + AMBER_S + RED_S
# From the start of red plus a moment, people set out for so long.
WALK_S = 3.5


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: ``way`` +1 leads away from the camera (north), -1 towards it; ``x`` its middle; ``stop`` in metres of its own way.

    Its own way is ``way * z``: it always grows in driving direction.
    """

    way: int
    x: float
    stop: float
    begin: float
    end: float


def lanes() -> tuple[Lane, ...]:
    """All lanes; people drive on the right, so what leads away is right of the middle."""
    middles = [LANE_M * (index + 0.5) for index in range(LANES_EACH_WAY)]
    north = tuple(Lane(1, x, STOP_NORTH_M, -70.0, 190.0) for x in middles)
    south = tuple(Lane(-1, -x, -STOP_SOUTH_M, -190.0, 10.0) for x in middles)
    return north + south


@dataclass(frozen=True, slots=True)
class Signals:
    """The lights of the crossing, as a function of time."""

    offset_s: float

    def phase_s(self, time_s: float) -> float:
        """Seconds since the light last turned green for vehicles."""
        return (time_s + self.offset_s) % CYCLE_S

    def colour(self, time_s: float) -> str:
        """``green``, ``amber`` or ``red``, for vehicles."""
        phase_s = self.phase_s(time_s)
        return "green" if phase_s < GREEN_S else "amber" if phase_s < GREEN_S + AMBER_S else "red"

    def people_may_start(self, time_s: float) -> bool:
        """Whether people set out."""
        since_red_s = self.phase_s(time_s) - GREEN_S - AMBER_S
        return 1.0 <= since_red_s <= 1.0 + WALK_S
