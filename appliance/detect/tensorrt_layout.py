"""What an engine takes and gives: which shapes, in which numbers. Pure.

Ours take pixels as they are, uint8 (N, H, W, 3); those that ultralytics builds take planes of numbers from 0 to 1, (N, 3, H, W).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.detect.detector import input_rule
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import USUAL_INPUT_PX, InputRule

Shape = tuple[int, ...]
Numbers = NDArray[Any]
# (batch, height, width).
Size = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Profile:
    """The input shapes from ``smallest`` to ``largest`` in every dimension; an engine has one or several such ranges."""

    index: int
    smallest: Shape
    largest: Shape

    def takes(self, shape: Shape) -> bool:
        """Whether a shape is in it."""
        return len(shape) == len(self.smallest) and all(
            least <= side <= most for least, side, most in zip(self.smallest, shape, self.largest)
        )


@dataclass(frozen=True, slots=True)
class InputLayout:
    """The input's name, the numbers that it takes, and in which ranges of shapes."""

    name: str
    dtype: np.dtype[Any]
    profiles: tuple[Profile, ...]

    @property
    def takes_pixels(self) -> bool:
        """Whether it takes (N, H, W, 3) as it is, or else (N, 3, H, W) of numbers from 0 to 1."""
        return self.dtype == np.uint8

    def shape_of(self, size: Size) -> Shape:
        """The shape of an input for so many pictures of this size."""
        batch, height, width = size
        return (batch, height, width, 3) if self.takes_pixels else (batch, 3, height, width)

    def takes(self, size: Size) -> bool:
        """Whether there is a range with this size."""
        return any(profile.takes(self.shape_of(size)) for profile in self.profiles)

    def profile_for(self, size: Size) -> Profile:
        """The narrowest range with this size; raises ``RuntimeError`` where there is none."""
        shape = self.shape_of(size)
        fitting = [profile for profile in self.profiles if profile.takes(shape)]
        if not fitting:
            ranges = " or ".join(f"{profile.smallest} to {profile.largest}" for profile in self.profiles)
            raise RuntimeError(f"the engine is built for inputs from {ranges}, found {shape}")
        return min(fitting, key=lambda profile: int(np.prod(profile.largest)))

    @property
    def most_pictures(self) -> int:
        """At a time."""
        return max(profile.largest[0] for profile in self.profiles)

    def rule(self, wanted_px: int | None) -> InputRule:
        """Which pictures it takes, up to ``wanted_px`` on the longer side where it takes any. Raises ``Refusal``."""
        places = (0, 3, 1, 2) if self.takes_pixels else (0, 1, 2, 3)
        if any(len(profile.largest) != 4 for profile in self.profiles) or min(each.smallest[0] for each in self.profiles) > 1:
            ranges = " or ".join(f"{profile.smallest} to {profile.largest}" for profile in self.profiles)
            raise Refusal(f"the engine must take single pictures, (1, 3, H, W) or (1, H, W, 3), found {ranges}")
        sides = [{profile.smallest[place] for profile in self.profiles} | self._largest(place) for place in places]
        given = [next(iter(found)) if len(found) == 1 else None for found in sides]
        most_px = max(max(sides[2]), max(sides[3]))
        if wanted_px is not None and wanted_px > most_px and None in given[2:]:
            raise Refusal(
                f"the engine is built for inputs of up to {most_px} px, found that {wanted_px} px are wanted", usage=True
            )
        return input_rule([None if given[0] != 1 else 1, *given[1:]], wanted_px or min(USUAL_INPUT_PX, most_px))

    def _largest(self, place: int) -> set[int]:
        return {profile.largest[place] for profile in self.profiles}

    def fill(self, memory: Numbers, pictures: Sequence[Pixels]) -> None:
        """Put pictures (H, W, 3) where the engine reads them, ``memory`` being of ``shape_of`` their size."""
        for place, picture in enumerate(pictures):
            if self.takes_pixels:
                memory[place] = picture
            else:
                np.multiply(picture.transpose(2, 0, 1), 1 / 255, out=memory[place], casting="unsafe")


def size_of(pictures: Sequence[Pixels]) -> Size:
    """Of a batch of pictures of one size."""
    height, width, _ = pictures[0].shape
    return len(pictures), height, width
