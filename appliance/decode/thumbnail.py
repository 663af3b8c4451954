"""A small JPEG of a picture, for people."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels

QUALITY = 80


def small_jpeg(image: Pixels, longest_px: int) -> bytes:
    """Of a picture (H, W, 3) in BGR, whose longer side is no more than this afterwards."""
    height, width = image.shape[:2]
    share = longest_px / max(height, width)
    if share < 1:
        size = (max(1, round(width * share)), max(1, round(height * share)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    is_done, content = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not is_done:
        raise Refusal(f"a picture of {width}x{height} cannot be made a JPEG")
    return content.tobytes()
