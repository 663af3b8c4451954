"""Webcams, and anything else that OpenCV opens."""

from __future__ import annotations

import os

import cv2
import numpy as np
from cv2.utils import logging as cv2_logging

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.decode.demand import Demand
from appliance.decode.source import check_file, cut_short, hidden, is_file, is_webcam, without_frames
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import GREY, Letterbox
from appliance.messages.orders import SourceInfo

FALLBACK_RATE = 25.0
# In a row; OpenCV says the same of a damaged place and of the end of a file.
MOST_FAILED_READS = 100


class CvPicture:
    """A decoded frame, BGR, upright."""

    def __init__(self, image: Pixels, pts_ns: int) -> None:
        self.height, self.width = image.shape[:2]
        self.pts_ns = pts_ns
        # OpenCV does not tell.
        self.sent_ns: int | None = None
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

    def to_bgr(self) -> Pixels:
        """See ``Picture``."""
        return self._image.copy()


class OpenCvSource:
    """See ``Source``. Of the damage inside a file only that is noticed which costs frames; OpenCV tells no more."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_file, self._is_webcam = is_file(address), is_webcam(address)
        self.damaged = 0
        self.problem = ""
        self._begin()
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        rate = rate if 0 < rate < 1000 else FALLBACK_RATE
        self._frame_ns = round(NS_PER_S / rate)
        width, height, frames = (
            max(0, int(self._capture.get(name)))
            for name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_COUNT)
        )
        self.info = SourceInfo(width, height, rate, frames, f"OpenCV {cv2.__version__}")
        self._started_ns = monotonic_ns()

    def _begin(self) -> None:
        self._capture = _open(self._address)
        self._last_ns = -1

    def read(self) -> CvPicture | None:
        """See ``Source``."""
        for attempt in range(MOST_FAILED_READS if self._is_file else 1):
            found, image = self._capture.read()
            if found:
                self.damaged += attempt > 0
                self._last_ns = self._pts_ns()
                return CvPicture(np.asarray(image, np.uint8), self._last_ns)
        self.problem = self._problem_at_end()
        return None

    def _pts_ns(self) -> int:
        if self._is_webcam:
            return monotonic_ns() - self._started_ns
        pts_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        return pts_ns if pts_ns > self._last_ns else self._last_ns + self._frame_ns

    def _problem_at_end(self) -> str:
        if not self._is_file:
            return f"{hidden(self._address)} has stopped sending"
        if self._last_ns < 0:
            return without_frames(self._address)
        return cut_short(self._address, self.info.frames * self._frame_ns, self._last_ns, self._frame_ns)

    def serve(self, demand: Demand) -> None:
        """See ``Source``; what is scaled here is scaled when it is drawn."""
        del demand

    def seek(self, pts_ns: int) -> bool:
        """See ``Source``; OpenCV's seeking is not exact."""
        del pts_ns
        return False

    def restart(self) -> None:
        """See ``Source``."""
        if self._last_ns >= 0:
            self.close()
            self._begin()

    def close(self) -> None:
        """See ``Source``."""
        self._capture.release()


def _open(address: str) -> cv2.VideoCapture:
    # Quiet; OpenCV reads it when it first uses its FFmpeg.
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    cv2_logging.setLogLevel(cv2_logging.LOG_LEVEL_SILENT)
    if is_file(address):
        check_file(address)
        # A file's name may look like an address: 12:30:00.mp4.
        address = os.path.abspath(address)
    capture = cv2.VideoCapture(int(address)) if address.isdigit() else cv2.VideoCapture(address, _reader_of(address))
    if not capture.isOpened():
        what = f"webcam {address}" if is_webcam(address) else hidden(address)
        raise Refusal(f"{what} must be a video, found nothing that OpenCV can open")
    return capture


def _reader_of(address: str) -> int:
    """What of OpenCV may read it: left to itself, it takes what is neither file nor camera for a launch line of GStreamer's."""
    if is_file(address):
        return cv2.CAP_ANY
    return cv2.CAP_V4L2 if is_webcam(address) else cv2.CAP_FFMPEG
