"""Webcams, and anything else that OpenCV opens."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.decode.source import hidden
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import GREY, Letterbox
from appliance.messages import SourceInfo


class CvPicture:
    """A decoded frame, BGR."""

    def __init__(self, image: Pixels, pts_ns: int) -> None:
        self.height, self.width = image.shape[:2]
        self.pts_ns = pts_ns
        self._image = image

    def draw(self, network_input: Pixels, place: Letterbox, preview: Pixels) -> None:
        """See ``Picture``."""
        network_input[:] = GREY
        scaled = cv2.resize(self._image, (place.width, place.height), interpolation=cv2.INTER_LINEAR)
        inside = network_input[place.top : place.top + place.height, place.left : place.left + place.width]
        inside[:] = scaled[:, :, ::-1]
        height, width = preview.shape[0] * 2 // 3, preview.shape[1]
        small = cv2.resize(self._image, (width, height), interpolation=cv2.INTER_LINEAR)
        preview[:] = cv2.cvtColor(small, cv2.COLOR_BGR2YUV_I420)


class OpenCvSource:
    """See ``Source``."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_webcam = address.isdigit()
        self.damaged = 0
        self.problem = ""
        self._capture = self._open()
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        rate = rate if 0 < rate < 1000 else 25.0
        self._frame_ns = round(NS_PER_S / rate)
        width, height, frames = (
            max(0, int(self._capture.get(name)))
            for name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_COUNT)
        )
        self.info = SourceInfo(width, height, rate, frames, f"OpenCV {cv2.__version__}")
        self._started_ns = monotonic_ns()
        self._last_ns = -1

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(int(self._address) if self._is_webcam else self._address)
        if not capture.isOpened():
            what = f"webcam {self._address}" if self._is_webcam else hidden(self._address)
            raise Refusal(f"{what} must be a video, found nothing that OpenCV can open")
        return capture

    def read(self) -> CvPicture | None:
        """See ``Source``."""
        found, image = self._capture.read()
        if not found:
            if self._last_ns < 0:
                self.problem = f"{hidden(self._address)} must contain at least one frame, found none"
            elif self._is_webcam:
                self.problem = f"webcam {self._address} has stopped sending"
            return None
        self._last_ns = self._pts_ns()
        return CvPicture(np.asarray(image, np.uint8), self._last_ns)

    def _pts_ns(self) -> int:
        if self._is_webcam:
            return monotonic_ns() - self._started_ns
        pts_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return pts_ns if pts_ns > self._last_ns else self._last_ns + self._frame_ns

    def seek(self, pts_ns: int) -> bool:
        """See ``Source``; OpenCV's seeking is not exact, so it begins again."""
        del pts_ns
        self.close()
        self._capture = self._open()
        self._last_ns = -1
        return False

    def close(self) -> None:
        """See ``Source``."""
        self._capture.release()
