"""What the tests of all sources share: pictures of four colours, and a look at what a source draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.decode.source import Picture, Source
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import Letterbox, preview_shape
from tests.system.videos import SIZE, Image, number_in

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 180, 30), (30, 30, 200), (230, 230, 230)
INPUT = (192, 160)  # height, width; neither shape nor size of any source here


@dataclass(frozen=True)
class Drawn:
    """A picture as its source draws it."""

    input: Pixels
    preview: Pixels
    place: Letterbox

    @property
    def inside(self) -> Pixels:
        """The picture without the grey around it."""
        place = self.place
        return self.input[place.top : place.top + place.height, place.left : place.left + place.width]

    @property
    def grey_around(self) -> Pixels:
        """All that is not picture."""
        outside = np.ones(self.input.shape[:2], np.bool_)
        outside[self.place.top : self.place.top + self.place.height, self.place.left : self.place.left + self.place.width] = False
        return self.input[outside]

    @property
    def preview_rgb(self) -> Pixels:
        """The picture for people."""
        return np.asarray(cv2.cvtColor(self.preview, cv2.COLOR_YUV2RGB_I420), np.uint8)


def draw(picture: Picture, input_shape: tuple[int, int] = INPUT, preview_px: int = 96) -> Drawn:
    """Have the picture drawn where nothing is clean."""
    height, width = preview_shape(picture.width, picture.height, preview_px)
    network_input = np.full((*input_shape, 3), 77, np.uint8)
    preview = np.full((height * 3 // 2, width), 77, np.uint8)
    place = Letterbox.fit(picture.width, picture.height, *input_shape)
    picture.draw(network_input, place, preview)
    return Drawn(network_input, preview, place)


def number_of(picture: Picture) -> int:
    """The number that a picture shows."""
    preview = draw(picture).preview
    return number_in(preview[: preview.shape[0] * 2 // 3])


def read_all(source: Source) -> Iterator[Picture]:
    """All pictures up to the end."""
    while (picture := source.read()) is not None:
        yield picture


def four_colours(size: tuple[int, int] = SIZE) -> Image:
    """Red and green above, blue and white below."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    above, left = np.arange(height)[:, None] < height // 2, np.arange(width)[None] < width // 2
    for colour, where in ((RED, above & left), (GREEN, above & ~left), (BLUE, ~above & left), (WHITE, ~above & ~left)):
        picture[where] = colour
    return picture


def corners(picture: Pixels) -> list[list[int]]:
    """The colours in the middle of the four quarters: above left, above right, below left, below right."""
    height, width = picture.shape[:2]
    places = [(height * y // 4, width * x // 4) for y in (1, 3) for x in (1, 3)]
    return [[int(value) for value in picture[y, x]] for y, x in places]


def assert_four_colours(picture: Pixels, wanted: list[tuple[int, int, int]], tolerance: int = 14) -> None:
    """The quarters have these colours."""
    np.testing.assert_allclose(corners(picture), wanted, atol=tolerance)


def bright_right_and_below(size: tuple[int, int]) -> Image:
    """Dark, but bright where both the right third and the lower third are: two edges that can be measured."""
    width, height = size
    picture = np.full((height, width, 3), 20, np.uint8)
    picture[height * 2 // 3 :, width * 2 // 3 :] = 220
    return picture


def edges(grey: Pixels) -> tuple[float, float]:
    """Where the bright corner begins, as shares of the width and the height: exact to a fraction of a pixel."""
    return _edge(grey[-3]), _edge(grey[:, -3])


def _edge(row: Pixels) -> float:
    levels = row.astype(np.float64)
    dark, bright = levels[:4].mean(), levels[-4:].mean()
    return float(((bright - levels) / (bright - dark)).sum()) / len(levels)
