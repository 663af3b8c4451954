"""Files and RTSP or HTTP addresses, decoded by FFmpeg's libraries through PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from appliance.clock import NS_PER_S
from appliance.decode.source import hidden
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import GREY, Letterbox
from appliance.messages import SourceInfo

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 10.0
MOST_DAMAGE_IN_A_ROW = 1000  # packets; a decoder that understands nothing any more is not reading a video
PLANAR = ("yuv420p", "yuvj420p")


class AvPicture:
    """A decoded frame and the scalers that its source keeps for all of them."""

    def __init__(self, frame: av.VideoFrame, pts_ns: int, scalers: tuple[VideoReformatter, VideoReformatter]) -> None:
        self.width, self.height, self.pts_ns = frame.width, frame.height, pts_ns
        self._frame, self._scalers = frame, scalers

    def draw(self, network_input: Pixels, place: Letterbox, preview: Pixels) -> None:
        """See ``Picture``. The full picture is scaled once: the network's input is made from the preview where that is no
        smaller.
        """
        to_input, to_preview = self._scalers
        small = self._frame
        height, width = preview.shape[0] * 2 // 3, preview.shape[1]
        if (small.width, small.height) != (width, height) or small.format.name not in PLANAR:
            small = to_preview.reformat(small, width=width, height=height, format="yuv420p", interpolation="FAST_BILINEAR")
        preview[:height] = _rows(small, 0, width)
        colour = preview[height:].reshape(2, height // 2, width // 2)
        colour[0] = _rows(small, 1, width // 2)
        colour[1] = _rows(small, 2, width // 2)
        nearest = small if width >= place.width and height >= place.height else self._frame
        scaled = to_input.reformat(nearest, width=place.width, height=place.height, format="rgb24", interpolation="FAST_BILINEAR")
        network_input[: place.top] = GREY
        network_input[place.top + place.height :] = GREY
        middle = network_input[place.top : place.top + place.height]
        middle[:, : place.left] = GREY
        middle[:, place.left + place.width :] = GREY
        middle[:, place.left : place.left + place.width] = _rows(scaled, 0, place.width * 3).reshape(place.height, place.width, 3)


def _rows(frame: av.VideoFrame, plane: int, row_bytes: int) -> Pixels:
    """A plane without the padding at the end of its rows."""
    content = frame.planes[plane]
    rows: Pixels = np.frombuffer(memoryview(content), np.uint8).reshape(content.height, content.line_size)
    return rows[:, :row_bytes]


class PyAvSource:
    """See ``Source``."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._is_file = "://" not in address
        self.damaged = 0
        self.problem = ""
        self._scalers = (VideoReformatter(), VideoReformatter())
        self._container = _open(address)
        self._stream = self._find_stream()
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        self._frame_ns = round(NS_PER_S / rate)
        self.info = SourceInfo(
            self._stream.codec_context.width,
            self._stream.codec_context.height,
            float(rate),
            self._stream.frames,
            f"PyAV {av.__version__}",
        )
        self._read = 0
        self._last_ns = -1
        self._frames = self._decode()

    def _find_stream(self) -> VideoStream:
        streams = self._container.streams.video
        if not streams:
            kinds: list[str] = sorted({str(stream.type) for stream in self._container.streams}) or ["nothing"]
            raise Refusal(f"{hidden(self._address)} must contain video, found {' and '.join(kinds)} only")
        return streams[0]

    def read(self) -> AvPicture | None:
        """See ``Source``."""
        frame = next(self._frames, None)
        if frame is None:
            self.problem = self._problem_at_end()
            return None
        self._read += 1
        self._last_ns = self._pts_ns(frame)
        return AvPicture(frame, self._last_ns, self._scalers)

    def _pts_ns(self, frame: av.VideoFrame) -> int:
        """Media time from the stream's time stamps; where one is missing or goes back, a frame's length after the one before."""
        if frame.pts is not None and frame.time_base is not None:
            pts_ns = int((frame.pts - (self._stream.start_time or 0)) * frame.time_base * NS_PER_S)
            if pts_ns > self._last_ns:
                return pts_ns
        return self._last_ns + self._frame_ns if self._last_ns >= 0 else 0

    def _decode(self) -> Iterator[av.VideoFrame]:
        """All frames; a damaged stretch is left out and counted."""
        in_a_row = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.error.EOFError, av.error.ExitError):
                packet = None
            except av.error.FFmpegError:
                self.damaged, in_a_row = self.damaged + 1, in_a_row + 1
                if in_a_row > MOST_DAMAGE_IN_A_ROW:
                    return
                continue
            if packet is None:
                return
            try:
                for frame in packet.decode():
                    in_a_row = 0
                    yield frame
            except av.error.FFmpegError:
                self.damaged, in_a_row = self.damaged + 1, in_a_row + 1

    def _problem_at_end(self) -> str:
        if not self._is_file:
            return f"{hidden(self._address)} has stopped sending"
        if self._last_ns < 0:
            return f"{self._address} must contain at least one frame, found a video stream without any"
        promised_ns = self._promised_ns()
        missing_ns = promised_ns - (self._last_ns + self._frame_ns)
        if promised_ns and missing_ns > max(NS_PER_S, 3 * self._frame_ns):
            return (
                f"{self._address} is cut short: {promised_ns / NS_PER_S:.1f} s of video wanted, "
                f"the last frame found is at {self._last_ns / NS_PER_S:.1f} s"
            )
        return ""

    def _promised_ns(self) -> int:
        duration, time_base = self._stream.duration, self._stream.time_base
        return int(duration * time_base * NS_PER_S) if duration and time_base else 0

    def seek(self, pts_ns: int) -> bool:
        """See ``Source``."""
        self._last_ns = -1
        time_base = self._stream.time_base
        if self._is_file and time_base is not None and self._stream.start_time is not None:
            target = int(pts_ns / NS_PER_S / time_base) + self._stream.start_time
            try:
                self._container.seek(target, stream=self._stream, backward=True)
                self._frames = self._decode()
                return True
            except av.error.FFmpegError:
                pass
        self.close()
        self._container = _open(self._address)
        self._stream = self._find_stream()
        self._frames = self._decode()
        return False

    def close(self) -> None:
        """See ``Source``."""
        self._container.close()


def _open(address: str) -> InputContainer:
    if "://" not in address:
        _check_file(address)
    options = {"rtsp_transport": "tcp"} if address.startswith("rtsp") else {}
    try:
        container = av.open(address, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
    except (av.error.FFmpegError, OSError) as error:
        reason = error.strerror or type(error).__name__
        raise Refusal(f"{hidden(address)} must be a video, found something that cannot be read as one ({reason})") from None
    for stream in container.streams.video:
        stream.thread_type = "AUTO" if "://" not in address else "NONE"  # frame threads delay a live picture
        stream.codec_context.thread_count = 1
    return container


def _check_file(address: str) -> None:
    if not os.path.exists(address):
        raise Refusal(f"a video file is wanted, but {address} does not exist", usage=True)
    if not os.path.isfile(address):
        raise Refusal(f"a video file is wanted, but {address} is not a file", usage=True)
    if not os.access(address, os.R_OK):
        raise Refusal(f"a video file is wanted, but {address} may not be read", usage=True)
    if os.path.getsize(address) == 0:
        raise Refusal(f"a video file is wanted, but {address} is empty")
