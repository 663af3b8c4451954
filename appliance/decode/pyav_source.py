"""Files and RTSP or HTTP addresses, decoded by FFmpeg's libraries through PyAV."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from appliance.decode.address import check_host
from appliance.decode.asking import ask
from appliance.decode.av_picture import AvPicture, Scalers
from appliance.decode.demand import Demand
from appliance.decode.source import NoAnswer, check_file, cut_short, hidden, is_file, without_frames, without_pictures
from appliance.errors import Refusal
from appliance.messages.orders import SourceInfo

OPEN_TIMEOUT_S = 5.0
# FFmpeg gives what it still holds when it is interrupted for the first time, and stops at the second.
INTERRUPTIONS = 2.1
# Of a live stream, for finding out what is in it; FFmpeg would take a second, which the first pictures are late by then.
ANALYSED_US = 100_000
# It tells no time at all; pictures are from when they come.
WITHOUT_TIME = "mpjpeg"
# In a row; damage in a file is passed over, but not for ever.
MOST_FAILED_READS = 1000
# Every frame has its own time there, before and after a seek.
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
# A camera that is switched off, a network that is down.
UNREACHABLE = (errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN)
# They say what is wrong; of the others nobody can tell.
CLEAR = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError, av.error.HTTPNotFoundError, ConnectionRefusedError)
# FFmpeg would draw any text file.
TEXT_ART = ("tty", "bin", "xbin", "adf", "idf")
NEW_BEGINNING_NS = 2 * NS_PER_S
LEAST_STEP_NS = NS_PER_MS
# A seek may land on a key frame that is shown after those that follow it.
EARLIER_NS = (0, 2 * NS_PER_S, 20 * NS_PER_S)
FALLBACK_RATE = Fraction(25)


class PyAvSource:
    """See ``Source``."""

    def __init__(self, address: str, transport: str = "tcp", stall_s: float = 3.0) -> None:
        self._address, self._is_file = address, is_file(address)
        self._transport, self._stall_s = transport, stall_s
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

    @property
    def codec(self) -> str:
        """What is decoded, as FFmpeg calls it."""
        return self._stream.codec_context.name

    def _begin(self) -> None:
        self._container = _open_file(self._address) if self._is_file else self._call()
        try:
            self._stream = _find_stream(self._container, self._address)
        except Refusal:
            self._container.close()
            raise
        self._go_on()

    def _call(self) -> InputContainer:
        """The connection to a camera; raises ``Refusal`` or ``NoAnswer``."""
        check_host(self._address)
        options = {"analyzeduration": str(ANALYSED_US)}
        if self._address.startswith("rtsp"):
            options["rtsp_transport"] = self._transport
        self._heard_ns = monotonic_ns()
        try:
            return av.open(
                self._address,
                options=options,
                timeout=(OPEN_TIMEOUT_S, self._stall_s / INTERRUPTIONS),
                metadata_errors="replace",
            )
        except (av.error.FFmpegError, OSError) as error:
            raise self._no_connection(error) from None

    def _no_connection(self, error: Exception) -> Refusal:
        """Why there is none; raises ``Misled`` where the server itself says why."""
        # What FFmpeg says of being interrupted depends on where.
        was_interrupted = monotonic_ns() - self._heard_ns > OPEN_TIMEOUT_S * 0.95 * NS_PER_S
        if not isinstance(error, CLEAR) and ask(self._address) and was_interrupted:
            return NoAnswer(without_pictures(self._address, OPEN_TIMEOUT_S))
        return _refusal_of(self._address, TimeoutError() if was_interrupted else error)

    def _go_on(self) -> None:
        self._frames: Iterator[av.VideoFrame] = self._decode()
        self._has_read = False
        self._was_interrupted = False
        self._begun_ns = monotonic_ns()
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
        self._heard_ns = monotonic_ns()
        self._last_ns = self._pts_ns(frame)
        return AvPicture(frame, self._last_ns, self._scalers, self._sent_ns(frame))

    def _sent_ns(self, frame: av.VideoFrame) -> int | None:
        """Wall clock of a frame by what the camera says of its time stamps now and then (RTCP sender reports)."""
        begin_us = None if self._is_file else self._container.start_time_realtime
        if not begin_us or frame.pts is None or frame.time_base is None:
            return None
        return begin_us * 1000 + int((frame.pts - (self._stream.start_time or 0)) * frame.time_base * NS_PER_S)

    def _pts_ns(self, frame: av.VideoFrame) -> int:
        """Media time from the stream's time stamps. It never stands still: a stamp that is missing is made up, one that goes
        back a little gives way, and where they begin anew, time goes on.
        """
        if self._container.format.name == WITHOUT_TIME:
            return max(monotonic_ns() - self._begun_ns, self._last_ns + LEAST_STEP_NS)
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
            if not self._is_file and monotonic_ns() - self._heard_ns > self._stall_s * NS_PER_S:
                return
            try:
                frames = self._decoded(packet)
            except av.error.FFmpegError:
                self._note_damage(None if packet is None else packet.pts)
                continue
            for frame in frames:
                if frame.is_corrupt:
                    self._note_damage(frame.pts)
                yield frame

    def _decoded(self, packet: av.Packet[VideoStream] | None) -> Iterable[av.VideoFrame]:
        """What a packet brings forth; none is for what the decoder still holds. Raises ``FFmpegError``."""
        return self._stream.decode(packet)

    def _packets(self) -> Iterator[av.Packet[VideoStream] | None]:
        """All packets, and in the end an empty one or none, for which the decoder gives what it still holds."""
        failed = 0
        while failed < MOST_FAILED_READS:
            try:
                for packet in self._container.demux(self._stream):
                    failed = 0
                    yield packet
                return
            except (av.error.EOFError, av.error.ExitError) as error:
                self._was_interrupted = isinstance(error, av.error.ExitError)
                break
            except av.error.FFmpegError as error:
                if not self._is_file and not isinstance(error, av.error.InvalidDataError):
                    break
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
            silent_s = (monotonic_ns() - self._heard_ns) / NS_PER_S
            if not self._was_interrupted and silent_s < self._stall_s / 2:
                return f"{hidden(self._address)} has ended the connection"
            return without_pictures(self._address, silent_s)
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

    def serve(self, demand: Demand) -> None:
        """See ``Source``; what is scaled here is scaled when it is drawn."""
        del demand

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


def _open_file(address: str) -> InputContainer:
    check_file(address)
    try:
        # A file's name may look like an address: 12:30:00.mp4.
        container = av.open(f"file:{address}", metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise _refusal_of(address, error) from None
    if container.format.name in TEXT_ART:
        raise Refusal(f"{address} must be a video, found text")
    return container


def _refusal_of(address: str, error: Exception) -> Refusal:
    """Why nothing could be opened, in one sentence."""
    place = hidden(address)
    if isinstance(error, av.error.HTTPUnauthorizedError):
        return Refusal(f"{place}: a login is wanted, found {'one that is not accepted' if '@' in address else 'none'}")
    if isinstance(error, (av.error.HTTPForbiddenError, av.error.HTTPNotFoundError)):
        return Refusal(f"{place}: a video is wanted, found '{error.strerror}'")
    if isinstance(error, (ConnectionError, TimeoutError, av.error.ExitError)):
        refused = isinstance(error, ConnectionRefusedError)
        return NoAnswer(f"{place}: {'the connection is refused' if refused else 'nobody answers'}")
    if (number := getattr(error, "errno", 0)) in UNREACHABLE:
        return NoAnswer(f"{place}: nobody answers ({os.strerror(number)})")
    reason = getattr(error, "strerror", "") or type(error).__name__
    return Refusal(f"{place} must be a video, found something that cannot be read as one ({reason})")


def _find_stream(container: InputContainer, address: str) -> VideoStream:
    """The first video that is not the picture on a record's cover."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        kinds = sorted({str(stream.type) for stream in container.streams if stream.type != "video"})
        found = f"only {' and '.join(kinds)}" if kinds else "nothing"
        raise Refusal(f"{hidden(address)} must contain video, found {found}")
    stream = streams[0]
    if stream.codec_context is None:
        raise Refusal(f"{hidden(address)} must contain video that FFmpeg can decode, found some that it cannot")
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
