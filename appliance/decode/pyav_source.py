"""Files and RTSP or HTTP addresses, decoded by FFmpeg's libraries through PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from appliance.clock import NS_PER_MS, NS_PER_S
from appliance.decode.av_picture import AvPicture, Scalers
from appliance.decode.source import check_file, cut_short, hidden, is_file, without_frames
from appliance.errors import Refusal
from appliance.messages import SourceInfo

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 10.0
# In a row; damage in a file is passed over, but not for ever.
MOST_FAILED_READS = 1000
# Every frame has its own time there, before and after a seek.
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
# FFmpeg would draw any text file.
TEXT_ART = ("tty", "bin", "xbin", "adf", "idf")
NEW_BEGINNING_NS = 2 * NS_PER_S
LEAST_STEP_NS = NS_PER_MS
# A seek may land on a key frame that is shown after those that follow it.
EARLIER_NS = (0, 2 * NS_PER_S, 20 * NS_PER_S)
FALLBACK_RATE = Fraction(25)


class PyAvSource:
    """See ``Source``."""

    def __init__(self, address: str) -> None:
        self._address, self._is_file = address, is_file(address)
        self.damaged = 0
        self.problem = ""
        self._damaged_until_ns = -NS_PER_S
        self._scalers = Scalers()
        self._begin()
        context = self._stream.codec_context
        width, height = context.width, context.height
        if self._is_file:
            first = self._peek()
            if first is None:
                raise Refusal(without_frames(address))
            # Only frames say how they have to be turned.
            picture = AvPicture(first, 0, self._scalers)
            width, height = picture.width, picture.height
        rate = self._stream.average_rate or self._stream.guessed_rate or FALLBACK_RATE
        self._frame_ns = round(NS_PER_S / rate)
        self.info = SourceInfo(width, height, float(rate), self._stream.frames, f"PyAV {av.__version__}")

    def _begin(self) -> None:
        self._container = _open(self._address)
        self._stream = _find_stream(self._container, self._address)
        self._go_on()

    def _go_on(self) -> None:
        self._frames: Iterator[av.VideoFrame] = self._decode()
        self._has_read = False
        self._last_ns = -LEAST_STEP_NS
        self._offset_ns = 0

    def _peek(self) -> av.VideoFrame | None:
        """The next frame, which is read again."""
        frame = next(self._frames, None)
        if frame is not None:
            self._frames = chain((frame,), self._frames)
        return frame

    def read(self) -> AvPicture | None:
        """See ``Source``."""
        self._has_read = True
        frame = next(self._frames, None)
        if frame is None:
            self.problem = self._problem_at_end()
            return None
        self._last_ns = self._pts_ns(frame)
        return AvPicture(frame, self._last_ns, self._scalers)

    def _pts_ns(self, frame: av.VideoFrame) -> int:
        """Media time from the stream's time stamps. It never stands still: a stamp that is missing is made up, one that goes
        back a little gives way, and where they begin anew, time goes on.
        """
        if frame.pts is None or frame.time_base is None:
            return self._last_ns + self._frame_ns if self._last_ns >= 0 else 0
        pts_ns = int((frame.pts - (self._stream.start_time or 0)) * frame.time_base * NS_PER_S) + self._offset_ns
        if pts_ns < self._last_ns - NEW_BEGINNING_NS:
            self._offset_ns += self._last_ns + self._frame_ns - pts_ns
            return self._last_ns + self._frame_ns
        return max(pts_ns, self._last_ns + LEAST_STEP_NS, 0)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """All frames; what cannot be decoded is left out, and noted as what was decoded with faults is."""
        for packet in self._packets():
            try:
                frames = self._stream.decode(packet)
            except av.error.FFmpegError:
                self._note_damage(None if packet is None else packet.pts)
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self._note_damage(frame.pts)
                yield frame

    def _packets(self) -> Iterator[av.Packet[VideoStream] | None]:
        """All packets, and in the end an empty one or none, for which the decoder gives what it still holds."""
        failed = 0
        while failed < MOST_FAILED_READS:
            try:
                for packet in self._container.demux(self._stream):
                    failed = 0
                    yield packet
                return
            except (av.error.EOFError, av.error.ExitError):
                break
            except av.error.FFmpegError:
                failed += 1
                self._note_damage(None)
        yield None

    def _note_damage(self, pts: int | None) -> None:
        """Count a damaged stretch; less than a second after the last one it belongs to that, and so does what is read again."""
        place_ns = max(0, self._last_ns)
        if pts is not None and self._stream.time_base:
            place_ns = int((pts - (self._stream.start_time or 0)) * self._stream.time_base * NS_PER_S)
        if place_ns >= self._damaged_until_ns + NS_PER_S:
            self.damaged += 1
        self._damaged_until_ns = max(self._damaged_until_ns, place_ns)

    def _problem_at_end(self) -> str:
        if not self._is_file:
            return f"{hidden(self._address)} has stopped sending"
        if self._last_ns < 0:
            return without_frames(self._address)
        return cut_short(self._address, self._promised_ns(), self._last_ns, self._frame_ns)

    def _promised_ns(self) -> int:
        """How long the file says that it is; 0 where it does not."""
        stream = self._stream
        # FFmpeg shortens the duration to what is there, but not the number of frames.
        if self._container.format.name == "avi":
            return stream.frames * self._frame_ns
        if stream.duration and stream.time_base:
            return int(stream.duration * stream.time_base * NS_PER_S)
        return _clock_ns(stream.metadata.get("DURATION", ""))

    def seek(self, pts_ns: int) -> bool:
        """See ``Source``."""
        time_base, start = self._stream.time_base, self._stream.start_time
        if not self._is_file or self._container.format.name not in SEEKABLE or not time_base or start is None:
            return False
        for earlier_ns in EARLIER_NS:
            # Rounded up, because the time was rounded down.
            ticks = -(-max(0, pts_ns - earlier_ns) // (time_base * NS_PER_S))
            try:
                self._container.seek(int(ticks) + start, stream=self._stream, backward=True)
            except av.error.FFmpegError:
                continue
            self._go_on()
            self._has_read = True
            first = self._peek()
            if first is not None and self._pts_ns(first) <= pts_ns:
                return True
        return False

    def restart(self) -> None:
        """See ``Source``."""
        if self._has_read:
            self.close()
            self._begin()

    def close(self) -> None:
        """See ``Source``."""
        self._container.close()


def _open(address: str) -> InputContainer:
    local = is_file(address)
    if local:
        check_file(address)
    options = {"rtsp_transport": "tcp"} if address.startswith("rtsp") else {}
    try:
        container = av.open(
            # A file's name may look like an address: 12:30:00.mp4.
            f"file:{address}" if local else address,
            options=options,
            timeout=None if local else (OPEN_TIMEOUT_S, READ_TIMEOUT_S),
        )
    except (av.error.FFmpegError, OSError) as error:
        reason = error.strerror or type(error).__name__
        raise Refusal(f"{hidden(address)} must be a video, found something that cannot be read as one ({reason})") from None
    if container.format.name in TEXT_ART:
        raise Refusal(f"{hidden(address)} must be a video, found text")
    return container


def _find_stream(container: InputContainer, address: str) -> VideoStream:
    """The first video that is not the picture on a record's cover."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        kinds = sorted({str(stream.type) for stream in container.streams if stream.type != "video"})
        found = f"only {' and '.join(kinds)}" if kinds else "nothing"
        raise Refusal(f"{hidden(address)} must contain video, found {found}")
    stream = streams[0]
    # Frame threads delay a live picture.
    stream.thread_type = "AUTO" if is_file(address) else "NONE"
    stream.codec_context.thread_count = 1
    return stream


def _clock_ns(text: str) -> int:
    """Nanoseconds of ``01:23:45.678``, as Matroska files say it; 0 where the text says something else."""
    hours, _, rest = text.partition(":")
    minutes, _, seconds = rest.partition(":")
    try:
        return int((int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)) * NS_PER_S)
    except ValueError:
        return 0
