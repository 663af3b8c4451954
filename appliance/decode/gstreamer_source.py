"""Cameras, files and any launch line through GStreamer, where its hardware decoders are wanted."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import av
import gi
import numpy as np
from av.video.reformatter import ColorRange

from appliance.access.hiding import hidden_in
from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from appliance.decode.address import check_host
from appliance.decode.asking import ask
from appliance.decode.av_picture import AvPicture, Scalers
from appliance.decode.decoders import Decoders
from appliance.decode.demand import Demand
from appliance.decode.gstreamer_decoding import Decoding
from appliance.decode.gstreamer_pipelines import JITTER_MS, TO_SINK, of_file, of_launch_line
from appliance.decode.source import NoAnswer, check_file, hidden, is_file, is_launch_line, without_frames, without_pictures
from appliance.errors import Refusal
from appliance.messages.orders import SourceInfo

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import Gst, GstApp, GstVideo  # noqa: E402, F401  # versions first; GstApp gives the sink its methods

OPEN_TIMEOUT_S = 5.0
# Messages that nobody needs, which a stream would pile up for ever.
HARMLESS = Gst.MessageType.TAG | Gst.MessageType.QOS | Gst.MessageType.STATE_CHANGED | Gst.MessageType.ELEMENT
LEAST_STEP_NS = NS_PER_MS
# Black is 0 and white 255, as many cameras have it, and not 16 and 235; where a camera says no more than that, GstVideo drops it.
FULL_RANGE = "1:"
# Of NTP's clock, which rtspsrc gives; UTC begins in 1970, that in 1900.
NTP_TO_UTC_NS = 2_208_988_800 * NS_PER_S
FALLBACK_RATE = 25.0


class GStreamerSource:
    """See ``Source``."""

    def __init__(
        self,
        address: str,
        transport: str = "tcp",
        stall_s: float = 3.0,
        *,
        decoders: Decoders | None = None,
        demand: Demand | None = None,
    ) -> None:
        """Raises ``DecoderFailed`` where another one of the ``decoders`` may be tried at once."""
        Gst.init(None)
        self._address, self._transport, self._stall_s = address, transport, stall_s
        self._decoders, self._demand = decoders or Decoders(), demand
        self._is_file = is_file(address)
        self.damaged = 0
        self.problem = ""
        self._scalers = Scalers()
        self._begin()

    def _begin(self) -> None:
        self._mapping: tuple[Any, Any] | None = None
        self._last_ns = -LEAST_STEP_NS
        self._first_ns: int | None = None
        self._heard_ns = monotonic_ns()
        self._fault = ""
        self._hook: tuple[Any, int] | None = None
        self._decoding = Decoding(self._decoders, self._demand)
        self._pipeline = self._built()
        self._sink = self._pipeline.get_by_name("pictures")
        self._pipeline.set_state(Gst.State.PLAYING)
        self._held = self._pull(self._stall_s if self._is_file else OPEN_TIMEOUT_S)
        if self._held is None:
            reason, failure = self._fault_on_bus(), self._decoding.verdict()
            self.close()
            raise failure or self._decoding.refusal or self._refusal(reason)
        self.info = self._info_of(self._held)

    def _built(self) -> Any:
        if is_launch_line(self._address):
            return _parsed(of_launch_line(self._address.removeprefix("gst:")))
        if self._is_file:
            check_file(self._address)
            return _parsed(of_file(self._address))
        check_host(self._address)
        return self._call()

    def _call(self) -> Any:
        """A pipeline that begins with rtspsrc; what comes behind it depends on what the camera sends."""
        if not self._address.startswith("rtsp"):
            raise Refusal(f"{hidden(self._address)}: GStreamer takes rtsp:// here; use the decoder pyav", usage=True)
        pipeline = Gst.Pipeline.new(None)
        source = Gst.ElementFactory.make("rtspsrc")
        parts = urlsplit(self._address)
        source.set_property("location", parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
        source.set_property("user-id", unquote(parts.username or ""))
        source.set_property("user-pw", unquote(parts.password or ""))
        source.set_property("protocols", self._transport)
        source.set_property("latency", JITTER_MS)
        source.set_property("tcp-timeout", round(OPEN_TIMEOUT_S * 1e6))
        # GStreamer 1.22 and newer; it tells when the camera took each picture.
        if source.find_property("add-reference-timestamp-meta") is not None:
            source.set_property("add-reference-timestamp-meta", True)
        sink = _parsed(TO_SINK.format(drops="true"))
        pipeline.add(source)
        pipeline.add(sink)
        # Given back in ``close``: it holds the pipeline, which holds the source.
        self._hook = (source, source.connect("pad-added", self._on_stream, pipeline, sink))
        return pipeline

    def _on_stream(self, source: Any, pad: Any, pipeline: Any, sink: Any) -> None:
        """Called by GStreamer's thread for every stream of the camera."""
        del source
        structure = pad.get_current_caps().get_structure(0)
        if structure.get_string("media") == "video" and not sink.get_static_pad("sink").is_linked():
            self._decoding.connect(structure.get_string("encoding-name"), pad, pipeline, sink)

    def _info_of(self, sample: Any) -> SourceInfo:
        structure = sample.get_caps().get_structure(0)
        found, over, under = structure.get_fraction("framerate")
        rate = over / under if found and over and under else FALLBACK_RATE
        version = ".".join(str(part) for part in Gst.version()[:3])
        decoder = f"GStreamer {version}" + (f": {self._decoding.said}" if self._decoding.said else "")
        width, height = self._decoding.true_size((structure.get_value("width"), structure.get_value("height")))
        return SourceInfo(width, height, rate, 0, decoder)

    def serve(self, demand: Demand) -> None:
        """See ``Source``."""
        self._demand = demand
        self._decoding.serve(demand)

    def read(self) -> AvPicture | None:
        """See ``Source``."""
        self._unmap()
        while self._pipeline.get_bus().pop_filtered(HARMLESS) is not None:
            pass
        sample, self._held = self._held or self._pull(self._stall_s), None
        if sample is None:
            self.problem = self._problem_at_end()
            return None
        self._heard_ns = monotonic_ns()
        return self._picture_in(sample)

    def _pull(self, timeout_s: float) -> Any:
        """The next sample; None where none comes, or none any more."""
        end_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
        while (left_ns := end_ns - monotonic_ns()) > 0 and not self._fault and self._decoding.refusal is None:
            sample = self._sink.try_pull_sample(min(left_ns, NS_PER_S // 5))
            if sample is not None:
                return sample
            if self._sink.is_eos() or self._decoding.is_stuck or self._has_failed():
                return None
        return None

    def _has_failed(self) -> bool:
        if self._pipeline.get_bus().peek() is None:
            return False
        message = self._pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
        if message is not None:
            self._fault = message.parse_error()[0].message
            self._decoding.hear(message)
        return message is not None

    def _picture_in(self, sample: Any) -> AvPicture:
        buffer = sample.get_buffer()
        layout = GstVideo.VideoInfo.new_from_caps(sample.get_caps())
        width, height = layout.width, layout.height
        mapping = buffer.map(Gst.MapFlags.READ)
        self._mapping = (buffer, mapping)
        content = np.frombuffer(mapping.data, np.uint8)
        if list(layout.stride[:3]) == [width, width // 2, width // 2] and height % 4 == 0:
            # As FFmpeg has it: no copy; it is let go of before the next one is read. PyAV takes rows by the six.
            frame = av.VideoFrame.from_numpy_buffer(content[: width * height * 3 // 2].reshape(-1, width), format="yuv420p")
        else:
            frame = _copied(content, layout)
        if (sample.get_caps().get_structure(0).get_string("colorimetry") or "").startswith(FULL_RANGE):
            frame.color_range = ColorRange.JPEG
        self._last_ns = self._pts_ns(buffer.pts)
        true_size = self._decoding.true_size((width, height))
        return AvPicture(frame, self._last_ns, self._scalers, _sent_ns(buffer), true_size)

    def _pts_ns(self, pts_ns: int) -> int:
        if pts_ns == Gst.CLOCK_TIME_NONE:
            return self._last_ns + round(NS_PER_S / self.info.frames_per_second)
        if self._first_ns is None:
            self._first_ns = pts_ns
        return max(pts_ns - self._first_ns, self._last_ns + LEAST_STEP_NS)

    def _problem_at_end(self) -> str:
        if self._is_file:
            if self._fault:
                return f"{self._address} cannot be decoded any further: {self._fault}"
            return "" if self._last_ns >= 0 else without_frames(self._address)
        if (failure := self._decoding.verdict()) is not None:
            return f"{hidden(self._address)}: {failure.sentence}"
        if self._fault or self._sink.is_eos():
            return f"{hidden(self._address)} has ended the connection"
        return without_pictures(self._address, (monotonic_ns() - self._heard_ns) / NS_PER_S)

    def _fault_on_bus(self) -> str:
        if not self._fault:
            self._has_failed()
        return self._fault

    def _refusal(self, reason: str) -> Refusal:
        """Why there is no picture; raises ``Misled`` where the server itself says why."""
        place = hidden(self._address)
        reason = hidden_in(reason)
        if self._is_file or is_launch_line(self._address):
            return Refusal(f"{place} must be a video, found none that GStreamer can show ({reason or 'no picture came'})")
        if "nauthorized" in reason:
            return Refusal(f"{place}: a login is wanted, found {'one that is not accepted' if '@' in self._address else 'none'}")
        if "connect" in reason or "Could not open" in reason:
            return NoAnswer(f"{place}: nobody answers")
        answers = ask(self._address)
        if not reason:
            return NoAnswer(without_pictures(self._address, OPEN_TIMEOUT_S) if answers else f"{place}: nobody answers")
        return Refusal(f"{place} must be a video, found something that cannot be read as one ({reason})")

    def seek(self, pts_ns: int) -> bool:
        """See ``Source``; GStreamer's seeking is exact for some containers only."""
        del pts_ns
        return False

    def restart(self) -> None:
        """See ``Source``."""
        if self._last_ns >= 0:
            self.close()
            self._begin()

    def close(self) -> None:
        """See ``Source``."""
        self._unmap()
        self._held = None
        self._pipeline.set_state(Gst.State.NULL)
        if self._hook is not None:
            source, handler = self._hook
            self._hook = None
            source.disconnect(handler)
        self._decoding.close()

    def _unmap(self) -> None:
        if self._mapping is not None:
            buffer, mapping = self._mapping
            self._mapping = None
            buffer.unmap(mapping)


def _parsed(line: str) -> Any:
    try:
        return Gst.parse_launch(line)
    except gi.repository.GLib.Error as error:
        found = hidden_in(f"'{line}' ({error.message})")
        raise Refusal(f"a pipeline is wanted that GStreamer understands, found {found}", usage=True) from None


def _sent_ns(buffer: Any) -> int | None:
    """When the camera took the picture by its own clock, where rtspsrc has found out."""
    meta = buffer.get_reference_timestamp_meta(None)
    if meta is None or meta.reference.get_structure(0).get_name() != "timestamp/x-ntp":
        return None
    return int(meta.timestamp) - NTP_TO_UTC_NS


def _copied(content: np.ndarray[Any, np.dtype[np.uint8]], layout: Any) -> av.VideoFrame:
    """A picture whose rows are not as close together as FFmpeg wants them."""
    width, height = layout.width, layout.height
    frame = av.VideoFrame(width, height, "yuv420p")
    for number, plane in enumerate(frame.planes):
        rows = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
        start, stride = layout.offset[number], layout.stride[number]
        given = np.lib.stride_tricks.as_strided(content[start:], (plane.height, plane.width), (stride, 1))
        rows[:, : plane.width] = given
    return frame
