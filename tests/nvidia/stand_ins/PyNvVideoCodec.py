"""PyNvVideoCodec's way of speaking, with FFmpeg behind it in the engine's place; tests/nvidia/test_nvdec.py has the real one.

``PLAYED_NVDEC`` says what it shall be: ``full`` (no session is left), ``lost`` (dies after ten pictures), ``stuck``.
"""

from __future__ import annotations

import ctypes
import enum
import os
from typing import Any

import av
import numpy as np

__version__ = "2.2.4"


class PyNvVCException(Exception):
    """As theirs: of no other kind."""


class PyNvVCExceptionUnsupported(Exception):
    """As theirs: not even of the other one's kind."""


class cudaVideoCodec(enum.Enum):
    """What can be decoded."""

    H264 = "h264"
    HEVC = "hevc"


class DisplayDecodeLatencyType(enum.Enum):
    """How late it may come."""

    NATIVE = 0
    LOW = 1


class VideoPacketFlag(enum.Enum):
    """What a packet is."""

    ENDOFPICTURE = 8


class Pixel_Format(enum.Enum):
    """How pixels lie."""

    NV12 = 1
    P016 = 2


class PacketData:
    """What is decoded: an address and a length."""

    bsl_data = bsl = pts = 0
    decode_flag: object = None


class DecodedFrame:
    """A picture, NV12."""

    format = Pixel_Format.NV12

    def __init__(self, content: np.ndarray[Any, np.dtype[np.uint8]], pts: int) -> None:
        self._content, self._pts = content, pts
        self.shape = content.shape

    def GetPtrToPlane(self, number: int) -> int:
        assert number == 0
        return self._content.ctypes.data

    def getPTS(self) -> int:
        return self._pts


class Decoder:
    """One session."""

    def __init__(self, codec: cudaVideoCodec) -> None:
        self._context = av.CodecContext.create(codec.value, "r")
        self._context.thread_count = 1
        self._memory: np.ndarray[Any, np.dtype[np.uint8]] = np.empty((0, 0), np.uint8)
        self._shown = 0

    def Decode(self, packet: PacketData) -> list[DecodedFrame]:
        mood = os.environ.get("PLAYED_NVDEC", "")
        if mood == "full" or (mood == "lost" and self._shown >= 10):
            raise PyNvVCException("HandleVideoSequence : \nError code : 2\n")
        assert packet.decode_flag is VideoPacketFlag.ENDOFPICTURE
        given = av.Packet(ctypes.string_at(packet.bsl_data, packet.bsl))
        given.pts = packet.pts
        shown = []
        for frame in self._context.decode(given):
            content = np.asarray(frame.reformat(format="nv12").to_ndarray(), np.uint8)
            if self._memory.shape != content.shape:
                self._memory = np.empty_like(content)
            # As theirs does: every picture lies where the one before lay.
            self._memory[:] = content
            shown.append(DecodedFrame(self._memory, frame.pts or 0))
        self._shown += len(shown)
        return [] if mood == "stuck" else shown


def CreateDecoder(*, gpuid: int, codec: cudaVideoCodec, usedevicememory: bool, latency: DisplayDecodeLatencyType) -> Decoder:
    """A session."""
    assert (gpuid, usedevicememory, latency) == (0, False, DisplayDecodeLatencyType.LOW)
    return Decoder(codec)
