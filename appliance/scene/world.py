"""A scene's world: everybody in it, moved on frame by frame."""

from __future__ import annotations

from appliance.scene.actors import Actor
from appliance.scene.people import People
from appliance.scene.settings import SceneSettings
from appliance.scene.street import CYCLE_S, Signals
from appliance.scene.traffic import Traffic

# Traffic flows for so long before anybody looks.
BEFORE_S = 60.0
STEP_S = 0.04


class World:
    """The street with all on it. ``time_s`` counts from the first frame."""

    def __init__(self, settings: SceneSettings) -> None:
        dice = settings.random("world")
        # The light turns red a few seconds into the clip, so that people cross and a queue forms in any but the shortest.
        self.signals = Signals(float(dice.uniform(4, 9)))
        self._traffic = Traffic(dice, self.signals, settings.density)
        self._people = People(settings.random("people"), self.signals, settings.density)
        self.time_s = -max(BEFORE_S, 2 * CYCLE_S)
        while self.time_s < 0:
            self.step(STEP_S)
        self.time_s = 0.0

    @property
    def actors(self) -> list[Actor]:
        """Everybody, in no order."""
        return self._traffic.actors + self._people.actors

    def step(self, step_s: float) -> None:
        """Let time pass, in steps small enough for drivers to react."""
        pieces = max(1, round(step_s / STEP_S))
        for _ in range(pieces):
            self._traffic.step(self.time_s, step_s / pieces)
            self._people.step(self.time_s, step_s / pieces)
            self.time_s += step_s / pieces
