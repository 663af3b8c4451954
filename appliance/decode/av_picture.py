"""A frame as FFmpeg decoded it, and how it is drawn: upright, for the network, and as the picture for people."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import GREY, Letterbox

LIMITED, ALL_LEVELS = "yuv420p", "yuvj420p"
# Every pixel counts, and none is moved; FAST_BILINEAR shifts the picture by up to a pixel.
SCALER = "AREA"


class Scalers:
    """What FFmpeg keeps from frame to frame, one for each size that is drawn."""

    def __init__(self) -> None:
        self.to_input, self.to_preview = VideoReformatter(), VideoReformatter()


class AvPicture:
    """A decoded frame; its size is that of the upright picture, however the camera was held."""

    def __init__(
        self,
        frame: av.VideoFrame,
        pts_ns: int,
        scalers: Scalers,
        sent_ns: int | None = None,
        true_size: tuple[int, int] | None = None,
    ) -> None:
        """``true_size``: width and height, where the frame is a smaller copy, upright."""
        self._frame, self._scalers = frame, scalers
        # Quarters against the clock, from the file's display matrix.
        self._turns = round(frame.rotation / 90) % 4
        self.width, self.height = true_size or self._lying(frame.width, frame.height)
        self.pts_ns, self.sent_ns = pts_ns, sent_ns

    def draw(self, network_input: Pixels, place: Letterbox, preview: Pixels) -> None:
        """See ``Picture``. The full picture is scaled once: the network's input is made from the preview where that is no
        smaller.
        """
        height, width = preview.shape[0] * 2 // 3, preview.shape[1]
        small = self._preview(*self._lying(width, height))
        preview[:height] = self._upright(_rows(small, 0, 1))
        colour = preview[height:].reshape(2, height // 2, width // 2)
        colour[0] = self._upright(_rows(small, 1, 1))
        colour[1] = self._upright(_rows(small, 2, 1))
        nearest = small if width >= place.width and height >= place.height else self._frame
        lying_width, lying_height = self._lying(place.width, place.height)
        scaled = self._scalers.to_input.reformat(
            nearest, width=lying_width, height=lying_height, format="rgb24", interpolation=SCALER
        )
        network_input[: place.top] = GREY
        network_input[place.top + place.height :] = GREY
        middle = network_input[place.top : place.top + place.height]
        middle[:, : place.left] = GREY
        middle[:, place.left + place.width :] = GREY
        middle[:, place.left : place.left + place.width] = self._upright(
            _rows(scaled, 0, 3).reshape(lying_height, lying_width, 3)
        )

    def to_bgr(self) -> Pixels:
        """See ``Picture``."""
        return np.ascontiguousarray(self._upright(np.asarray(self._frame.to_ndarray(format="bgr24"), np.uint8)))

    def _preview(self, width: int, height: int) -> av.VideoFrame:
        """The frame at this size as I420 with black at 16 and white at 235; the frame itself where it is that already."""
        frame = self._frame
        has_all_levels = frame.format.name == ALL_LEVELS or frame.color_range == ColorRange.JPEG
        if (frame.width, frame.height) == (width, height) and frame.format.name == LIMITED and not has_all_levels:
            return frame
        # Unless it is told, FFmpeg leaves the levels as they are.
        levels = {"src_color_range": ColorRange.JPEG, "dst_color_range": ColorRange.MPEG} if has_all_levels else {}
        return self._scalers.to_preview.reformat(
            frame, width=width, height=height, format=LIMITED, interpolation=SCALER, **levels
        )

    def _lying(self, width: int, height: int) -> tuple[int, int]:
        """The size of the upright picture in the frame's own orientation, or the other way round."""
        return (height, width) if self._turns % 2 else (width, height)

    def _upright(self, rows: Pixels) -> Pixels:
        return np.rot90(rows, self._turns) if self._turns else rows


def _rows(frame: av.VideoFrame, plane: int, pixel_bytes: int) -> Pixels:
    """A plane without the padding at the end of its rows."""
    content = frame.planes[plane]
    rows: Pixels = np.frombuffer(memoryview(content), np.uint8).reshape(content.height, content.line_size)
    return rows[:, : content.width * pixel_bytes]
