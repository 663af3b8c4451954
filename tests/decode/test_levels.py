"""Cameras that use all levels from 0 to 255: whoever looks at the preview takes black to be 16, and white 235."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from appliance.decode.av_picture import AvPicture, Scalers
from tests.decode.pictures import draw


def grey(pixels: str, width: int, level: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, width * 9 // 16, pixels)
    for number, plane in enumerate(frame.planes):
        plane.update(bytes([128 if number else level]) * plane.buffer_size)
    return frame


@pytest.mark.parametrize("width", [640, 1280], ids=["as large as the preview", "larger"])
@pytest.mark.parametrize("pixels", ["yuvj420p", "yuv420p", "nv12"])
def test_the_preview_of_all_levels_is_neither_too_dark_nor_too_bright(pixels: str, width: int) -> None:
    frame = grey(pixels, width, 64)
    frame.color_range = ColorRange.JPEG
    drawn = draw(AvPicture(frame, 0, Scalers()), (384, 640), 640)
    np.testing.assert_allclose(drawn.preview_rgb, 64, atol=2)
    np.testing.assert_allclose(drawn.inside, 64, atol=2)
