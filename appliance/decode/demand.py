"""What a camera's pictures are drawn for, and how small one may be before it is drawn. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.letterbox import InputRule, Letterbox, preview_shape

Size = tuple[int, int]
"""Width and height, pixels."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A network's input and the picture for people."""

    rule: InputRule
    preview_px: int

    def least_size(self, size: Size) -> Size:
        """The least size, both sides even, of a copy of a picture of this size that both can be drawn from without being
        enlarged; the size itself where that is no smaller.
        """
        width, height = size
        place = Letterbox.fit(width, height, *self.rule.shape_for(width, height))
        preview_height, preview_width = preview_shape(width, height, self.preview_px)
        least = _even(max(place.width, preview_width)), _even(max(place.height, preview_height))
        return least if least[0] < width and least[1] < height else size


class GivenSizes:
    """In which size the pictures of one connection are given, and of which size each of them was.

    A picture that was scaled on its way does not say what it was before, and a camera may change its size while some are still
    under way. So no two sizes are given alike: the one tells the other.
    """

    def __init__(self) -> None:
        self._true_sizes: dict[Size, Size] = {}

    def given(self, true_size: Size, demand: Demand | None) -> Size:
        """The size in which pictures of this one are to be given from now on; without a demand, in their own."""
        width, height = true_size if demand is None else demand.least_size(true_size)
        while self._true_sizes.setdefault((width, height), true_size) != true_size:
            width, height = width + 2, height + 2
        return width, height

    def true(self, given_size: Size) -> Size:
        """What a picture was that came in this size."""
        return self._true_sizes.get(given_size, given_size)


def _even(length_px: int) -> int:
    return length_px + length_px % 2
