"""Light and weather: dusk with lamps, rain, and the camera's noise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scene.actors import Actor
from appliance.scene.ground import Picture
from appliance.scene.settings import SceneSettings
from appliance.scene.view import View

# What is left of the daylight.
DUSK, WET = 0.36, 0.78
# Standard deviations, grey levels.
NOISE_DAY, NOISE_DUSK = 2.2, 5.0
# By which the noise of a frame is shifted at random.
NOISE_ROOM_PX = 64
DROPS = 260
LIT_ROAD = (70.0, 105.0, 120.0)
GLOWS = {"front": (190.0, 225.0, 245.0), "back": (25.0, 25.0, 190.0)}
SPRITE_PX = 65


class Weather:
    """A scene's."""

    def __init__(self, view: View, settings: SceneSettings) -> None:
        self._view = view
        self._is_dusk, self._is_wet = settings.is_dusk, settings.is_wet
        self._dice = settings.random("weather")
        self.brightness = (DUSK if self._is_dusk else 1.0) * (WET if self._is_wet else 1.0)
        deviation = NOISE_DUSK if self._is_dusk else NOISE_DAY
        shape = (view.height + NOISE_ROOM_PX, view.width + NOISE_ROOM_PX, 3)
        self._noise = np.round(self._dice.normal(0, deviation, shape)).astype(np.int16)
        across = np.linspace(-1, 1, SPRITE_PX)
        self._sprite = np.exp(-4.5 * (across[:, None] ** 2 + across[None, :] ** 2)).astype(np.float32)

    @property
    def is_dull(self) -> bool:
        """No sun, so no sharp shadows."""
        return self._is_dusk or self._is_wet

    def darkened(self, picture: Picture) -> Picture:
        """Daylight as this weather lets it through."""
        tint = np.array((1.12, 1.0, 0.92) if self._is_dusk else (1.0, 1.0, 1.0))
        out: Picture = np.clip(picture * (tint * self.brightness), 0, 255).astype(np.uint8)
        return out

    def light_pools(self, frame: Picture, actors: list[Actor]) -> None:
        """What headlamps throw on the road."""
        if not self._is_dusk:
            return
        for actor in actors:
            if actor.kind.name != "person":
                ahead = 0.5 + 4.5 / actor.length
                middle, side = self._view.project(actor.place(np.array([(0, 0, ahead), (0.9, 0, ahead)])))
                width_px = abs(float(side[0] - middle[0])) * 2.4
                self._glow(frame, middle, (width_px, width_px * 1.1), LIT_ROAD)

    def lamps(self, frame: Picture, actors: list[Actor]) -> None:
        """The lamps of all vehicles, from whichever end is seen."""
        if not self._is_dusk:
            return
        for actor in actors:
            if actor.kind.name == "person":
                continue
            comes = np.cos(actor.heading) < 0
            asides = (0.0,) if actor.kind.name == "motorcycle" else (-0.38, 0.38)
            high = 0.75 / (actor.kind.height * actor.scale)
            places = actor.place(np.array([(aside, high, 0.5 if comes else -0.5) for aside in asides]))
            sizes_px = self._view.focal_px / self._view.depth(places) * (0.95 if comes else 0.5 + 0.3 * actor.braking)
            for place, size_px in zip(self._view.project(places), sizes_px):
                self._glow(frame, place, (float(size_px), float(size_px)), GLOWS["front" if comes else "back"])

    def fall(self, frame: Picture) -> None:
        """Rain in front of all, and the camera's own noise, in place."""
        if self._is_wet:
            starts = self._dice.uniform((0, -20), (self._view.width, self._view.height), (DROPS, 2))
            lengths = self._dice.uniform(0.012, 0.035, (DROPS, 1)) * self._view.height
            ends = starts + lengths * np.array([[-0.18, 1.0]])
            streaks = frame.copy()
            lines = np.round(np.stack((starts, ends), axis=1)).astype(np.int32)
            light = tuple(float(value) for value in np.array((215, 210, 205)) * (0.5 + 0.5 * self.brightness))
            cv2.polylines(streaks, list(lines), False, light, 1, cv2.LINE_AA)
            cv2.addWeighted(streaks, 0.4, frame, 0.6, 0, dst=frame)
        top, left = self._dice.integers(0, NOISE_ROOM_PX, 2)
        noise = self._noise[top : top + frame.shape[0], left : left + frame.shape[1]]
        cv2.add(frame, noise, dst=frame, dtype=cv2.CV_8U)

    def _glow(self, frame: Picture, place: NDArray[np.float64], radii_px: tuple[float, float], colour: tuple[float, ...]) -> None:
        """Add light around a place."""
        height, width = frame.shape[:2]
        reach_x, reach_y = (max(2, round(radius * 1.3)) for radius in radii_px)
        x, y = round(float(place[0])), round(float(place[1]))
        left, top, right, bottom = (
            max(0, x - reach_x),
            max(0, y - reach_y),
            min(width, x + reach_x + 1),
            min(height, y + reach_y + 1),
        )
        if left >= right or top >= bottom:
            return
        sprite = cv2.resize(self._sprite, (2 * reach_x + 1, 2 * reach_y + 1), interpolation=cv2.INTER_LINEAR)
        part = sprite[top - y + reach_y : bottom - y + reach_y, left - x + reach_x : right - x + reach_x]
        light = (part[:, :, None] * np.array(colour, np.float32)).astype(np.uint8)
        spot = frame[top:bottom, left:right]
        cv2.add(spot, light, dst=spot)
