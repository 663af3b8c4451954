"""The camera of a scene: from metres on the road to pixels.

The world: x to the right of the road's middle, y up from the ground, z along the road away from the camera; metres. The camera
hangs over the road at z = 0, looks along z and down by ``pitch``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.scene.settings import SceneSettings

Points = NDArray[np.float64]  # (N, 3) x, y, z; metres
Pixels = NDArray[np.float64]  # (N, 2) x, y; pixels
# What is nearer to the lens, or behind it, is drawn as if it were here.
NEAREST_M = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera."""

    width: int
    height: int
    focal_px: float
    above_m: float
    aside_m: float
    pitch: float

    @classmethod
    def of(cls, settings: SceneSettings) -> View:
        """On a gantry above the road, never twice in quite the same place."""
        dice = settings.random("view")
        angle = math.radians(dice.uniform(63, 68))
        return cls(
            settings.width,
            settings.height,
            settings.width / 2 / math.tan(angle / 2),
            above_m=dice.uniform(10.3, 11.7),
            aside_m=dice.uniform(-1.5, 1.5),
            # The horizon just inside the picture, whatever its shape.
            pitch=math.atan(settings.height / settings.width * math.tan(angle / 2)) - math.radians(dice.uniform(1.5, 2.5)),
        )

    def project(self, points: Points) -> Pixels:
        """(N, 2) pixels of (N, 3) points."""
        down = self.above_m - points[:, 1]
        depth = np.maximum(self.depth(points), NEAREST_M)
        below = down * math.cos(self.pitch) - points[:, 2] * math.sin(self.pitch)
        out = np.empty((len(points), 2))
        out[:, 0] = self.width / 2 + self.focal_px * (points[:, 0] - self.aside_m) / depth
        out[:, 1] = self.height / 2 + self.focal_px * below / depth
        return out

    def depth(self, points: Points) -> NDArray[np.float64]:
        """(N,) metres along the optical axis."""
        depth: NDArray[np.float64] = (self.above_m - points[:, 1]) * math.sin(self.pitch) + points[:, 2] * math.cos(self.pitch)
        return depth

    def ground(self, scale: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Where on the ground every pixel of a picture ``scale`` times as fine looks: x and z, each (h, w) metres.

        Above the horizon z is infinite.
        """
        across = (np.arange(self.width * scale) + 0.5) / scale - self.width / 2
        below = (np.arange(self.height * scale) + 0.5) / scale - self.height / 2
        # A ray's direction: across, and in the plane of y and z the sum of the axis and of what is below it.
        fall = self.focal_px * math.sin(self.pitch) + below * math.cos(self.pitch)
        ahead = self.focal_px * math.cos(self.pitch) - below * math.sin(self.pitch)
        with np.errstate(divide="ignore"):
            reach = np.where(fall > 1e-6, self.above_m / np.maximum(fall, 1e-6), np.inf)
        z = (reach * ahead).astype(np.float32)[:, None] + np.zeros((1, len(across)), np.float32)
        with np.errstate(invalid="ignore"):
            x = (self.aside_m + reach[:, None] * across[None, :]).astype(np.float32)
        return x, z
