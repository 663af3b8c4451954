"""A guest's picture lies in the input as a camera's would, and comes when it is its turn."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.detect.guests import letterboxed
from appliance.letterbox import GREY


@pytest.mark.parametrize(
    ("size", "into", "place"),
    [
        ((100, 200), (64, 128), (0, 64, 0, 128)),
        ((100, 100), (64, 128), (0, 64, 32, 96)),
        ((100, 400), (64, 128), (16, 48, 0, 128)),
        ((3, 1), (64, 128), (0, 64, 53, 74)),
    ],
)
def test_it_is_centred_on_grey(size: tuple[int, int], into: tuple[int, int], place: tuple[int, int, int, int]) -> None:
    picture = np.full((*size, 3), 200, np.uint8)
    out = letterboxed(picture, *into)
    top, bottom, left, right = place
    assert out.shape == (*into, 3)
    assert (out[top:bottom, left:right] == 200).all()
    out[top:bottom, left:right] = GREY
    assert (out == GREY).all()
