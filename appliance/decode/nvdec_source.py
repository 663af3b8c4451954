"""Cameras through FFmpeg, their pictures decoded by the GPU's video engine (NVDEC): for servers that have pip and no GStreamer.

Only the decoder is another one; what comes when, and who is silent, FFmpeg tells as ever. Pictures come whole, because
PyNvVideoCodec lets nobody ask for smaller ones.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
from collections.abc import Iterable
from typing import Any

import av
import msgspec
import numpy as np
from av.video.stream import VideoStream

from appliance.decode.av_picture import AvPicture
from appliance.decode.decoders import NEVER_HELD, DecoderFailed, Decoders, NoDecoder
from appliance.decode.gstreamer_pipelines import Decoder
from appliance.decode.pyav_source import PyAvSource
from appliance.decode.source import NoAnswer, hidden, without_pictures

LIBRARY = "PyNvVideoCodec"
WAY = Decoder(LIBRARY, "", "the GPU's video engine decodes")
CODECS = {"h264": "H264", "hevc": "HEVC"}
# Of a packet without a time stamp.
NO_PTS = -(1 << 62)


class NvdecSource(PyAvSource):
    """See ``Source``; of live cameras."""

    def __init__(self, address: str, transport: str, stall_s: float, decoders: Decoders) -> None:
        """Raises ``NoDecoder`` or ``DecoderFailed`` where another decoder may be tried at once."""
        if reasons := decoders.rests_of(WAY):
            raise NoDecoder("; ".join(reasons))
        self._library, self._decoders = library(), decoders
        self._has_shown = False
        super().__init__(address, transport, stall_s)
        try:
            first = self._peek()
        except DecoderFailed:
            self.close()
            raise
        if first is None:
            self.close()
            raise NoAnswer(without_pictures(address, stall_s))
        self._has_shown = True
        words = f"{LIBRARY} {self._library.__version__}, because {WAY.why}"
        self.info = msgspec.structs.replace(self.info, decoder=words)

    def _go_on(self) -> None:
        self._decoders.sends(self.codec)
        if self.codec not in CODECS:
            self._decoders.rule_out(WAY, f"{LIBRARY} is asked for H.264 or H.265, found {self.codec}")
        # Of another codec than at the last call it may be known, too.
        if reasons := self._decoders.rests_of(WAY):
            self.close()
            raise NoDecoder("; ".join(reasons))
        # What a camera tells of its stream beside it, the engine wants to find in it.
        self._with_headers = av.BitStreamFilterContext("dump_extra", self._stream)
        self._held = 0
        try:
            self._engine = self._library.CreateDecoder(
                gpuid=0,
                codec=getattr(self._library.cudaVideoCodec, CODECS[self.codec]),
                usedevicememory=False,
                latency=self._library.DisplayDecodeLatencyType.LOW,
            )
        except (self._library.PyNvVCException, self._library.PyNvVCExceptionUnsupported) as error:
            self.close()
            raise self._failed(error) from None
        super()._go_on()

    def read(self) -> AvPicture | None:
        """See ``Source``."""
        try:
            return super().read()
        except DecoderFailed as failure:
            self.problem = f"{hidden(self._address)}: {failure.sentence}"
            return None

    def _decoded(self, packet: av.Packet[VideoStream] | None) -> Iterable[av.VideoFrame]:
        if packet is None or not packet.size:
            return []
        # The filter takes the packet's content away.
        is_whole = packet.is_keyframe
        try:
            frames = [frame for part in self._with_headers.filter(packet) for frame in self._decoded_part(part)]
        except (self._library.PyNvVCException, self._library.PyNvVCExceptionUnsupported) as error:
            raise self._failed(error) from None
        if frames:
            self._held = 0
        elif self._held or is_whole:
            self._held += 1
        if self._held > NEVER_HELD:
            raise self._failed("it takes pictures and shows none")
        return frames

    def _decoded_part(self, part: av.Packet[Any]) -> list[av.VideoFrame]:
        content = np.frombuffer(bytes(part), np.uint8)
        packet = self._library.PacketData()
        packet.bsl_data, packet.bsl = content.ctypes.data, content.size
        packet.pts = NO_PTS if part.pts is None else part.pts
        # Without it the picture would come out with the next one only.
        packet.decode_flag = self._library.VideoPacketFlag.ENDOFPICTURE
        return [self._frame_of(decoded) for decoded in self._engine.Decode(packet)]

    def _frame_of(self, decoded: Any) -> av.VideoFrame:
        """A copy: the engine writes the next one into the same memory."""
        if decoded.format != self._library.Pixel_Format.NV12:
            raise self._failed(f"8 bits in 4:2:0 are wanted, found {decoded.format}")
        rows, width = decoded.shape
        content = (ctypes.c_uint8 * (rows * width)).from_address(decoded.GetPtrToPlane(0))
        frame = av.VideoFrame.from_ndarray(np.frombuffer(content, np.uint8).reshape(rows, width), format="nv12")
        frame.color_range = self._stream.codec_context.color_range
        pts = decoded.getPTS()
        frame.pts, frame.time_base = (None if pts == NO_PTS else pts), self._stream.time_base
        return frame

    def _failed(self, reason: object) -> DecoderFailed:
        words = " ".join(str(reason).split())
        return DecoderFailed(self._decoders.failed(WAY, words, only_this_way=False, had_shown=self._has_shown))


def library() -> Any:
    """PyNvVideoCodec; raises ``NoDecoder`` where it is not, or finds no driver."""
    # It tells everybody which driver it has found.
    logging.getLogger(LIBRARY).addFilter(lambda record: record.levelno >= logging.WARNING)
    try:
        return importlib.import_module(LIBRARY)
    except (ImportError, RuntimeError, OSError) as error:
        raise NoDecoder(f"{LIBRARY} is of no use here ({str(error).strip().partition(chr(10))[0]})") from None
