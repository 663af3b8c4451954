"""What a scene is made from: a seed and a few wishes. The same ones make the same scene, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.errors import Refusal

LIGHTS = ("day", "dusk", "auto")
LARGEST_SEED = 2**32 - 1
# In heights; a wider picture would end above the crosswalk.
WIDEST = 2


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """A scene's seed, its clip, and its conditions."""

    seed: int = 82
    width: int = 960
    height: int = 540
    frames_per_second: int = 25
    seconds: float = 45.0
    density: float = 1.0
    """How busy it is; 1: about ten vehicles per minute and lane."""
    light: str = "auto"
    """``day``, ``dusk``, or ``auto``: as the seed has it."""
    rain: bool | None = None
    """None: as the seed has it."""

    def __post_init__(self) -> None:
        _check("--seed", self.seed, 0, LARGEST_SEED)
        _check("--size", min(self.width, self.height), 180, 4320, "pixels for each side")
        _check("--size", max(self.width, self.height), 180, 7680, "pixels for each side")
        if self.width % 2 or self.height % 2 or not 1 <= self.width / self.height <= WIDEST:
            found = f"{self.width}x{self.height}"
            raise Refusal(f"--size wants even sides, 1 to {WIDEST} times as wide as high, found {found}", usage=True)
        _check("--fps", self.frames_per_second, 5, 60)
        _check("--seconds", self.seconds, 2, 3600)
        _check("--density", self.density, 0, 3)
        if self.light not in LIGHTS:
            raise Refusal(f"--light wants {', '.join(LIGHTS[:-1])} or {LIGHTS[-1]}, found '{self.light}'", usage=True)

    @property
    def frames(self) -> int:
        """Of the clip as wished for."""
        return round(self.seconds * self.frames_per_second)

    def random(self, part: str) -> np.random.Generator:
        """A part's own dice, so that a change in one part does not change the others."""
        return np.random.default_rng([self.seed, *part.encode()])

    @property
    def is_dusk(self) -> bool:
        """Whether lamps are lit."""
        return self.light == "dusk" or (self.light == "auto" and bool(self.random("light").random() < 0.25))

    @property
    def is_wet(self) -> bool:
        """Whether it rains."""
        return bool(self.random("rain").random() < 0.25) if self.rain is None else self.rain


def _check(option: str, value: float, least: float, most: float, unit: str = "") -> None:
    if not least <= value <= most:
        raise Refusal(f"{option} wants {least} to {most}{unit and f' {unit}'}, found {value}", usage=True)
