"""Small videos made on the fly: every frame says its own number, or shows one bright block that goes to and fro."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # (H, W, 3) RGB, or (H, W) grey

SIZE = (128, 72)  # width, height
CELLS = 4  # a frame's number stands in 4 x 4 cells, black or white
BLOCK_PX = 24
PASS_FRAMES = 25  # the block needs these for its way from one side to the other


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is written; ``pts`` are the frames' times in milliseconds, evenly spaced by ``rate`` where left out."""

    codec: str = "libx264"
    pixels: str = "yuv420p"
    rate: int = 25
    pts: Sequence[int] = ()
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    rotation: int = 0
    """What a player is told to turn the picture by, degrees against the clock."""


PLAIN = Encoding(options={"g": "10", "bf": "0"})
LONG_GOP = Encoding(options={"g": "1000", "bf": "3", "sc_threshold": "0"})
FAST_START = Encoding(options={"g": "10"}, container_options={"movflags": "faststart"})


def write_video(path: Path, pictures: Iterable[Image], encoding: Encoding = PLAIN) -> Path:
    """Encode the pictures; their first one sets the size."""
    with av.open(str(path), "w", options=encoding.container_options) as container:
        stream: VideoStream | None = None
        for number, picture in enumerate(pictures):
            if stream is None:
                stream = _add_stream(container, picture, encoding)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24" if picture.ndim == 3 else "gray")
            frame.time_base = Fraction(1, 1000) if encoding.pts else Fraction(1, encoding.rate)
            frame.pts = encoding.pts[number] if encoding.pts else number
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())
    return path


def _add_stream(container: OutputContainer, picture: Image, encoding: Encoding) -> VideoStream:
    stream = container.add_stream(encoding.codec, rate=encoding.rate, options=encoding.options)
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt = encoding.pixels
    stream.thread_count = 1
    if encoding.pts:
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
    if encoding.rotation:
        stream.set_display_rotation(encoding.rotation)
    return stream


def numbered_picture(number: int, size: tuple[int, int] = SIZE) -> Image:
    """A picture of its number: twelve bits and, to notice a mixture of two, the number's last four bits turned over."""
    width, height = size
    bits = _bits(number)
    rows, columns = np.arange(height) * CELLS // height, np.arange(width) * CELLS // width
    grey = np.where(bits.reshape(CELLS, CELLS)[rows[:, None], columns], 220, 40).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def numbered(frames: int, size: tuple[int, int] = SIZE, first: int = 0) -> Iterator[Image]:
    """Pictures of the numbers from ``first`` on."""
    return (numbered_picture(first + number, size) for number in range(frames))


def number_in(grey: Image) -> int:
    """The number in a picture's brightness, however it was scaled; -1 where the picture is of no single frame."""
    height, width = grey.shape
    middles = [(2 * cell + 1) / (2 * CELLS) for cell in range(CELLS)]
    bits = [bool(grey[int(y * height), int(x * width)] > 128) for y in middles for x in middles]
    number = sum(bit << position for position, bit in enumerate(bits[:12]))
    return number if bits == list(_bits(number)) else -1


def _bits(number: int) -> NDArray[np.bool_]:
    code = number | ((~number & 0xF) << 12)
    return np.array([code >> position & 1 for position in range(CELLS * CELLS)], np.bool_)


def block_picture(number: int, size: tuple[int, int] = SIZE) -> Image:
    """A dark picture with a bright block on its way from left to right, or back."""
    width, height = size
    way = number % (2 * PASS_FRAMES)
    share = (way if way < PASS_FRAMES else 2 * PASS_FRAMES - way) / PASS_FRAMES
    left, top = round(share * (width - BLOCK_PX)), (height - BLOCK_PX) // 2
    picture = np.full((height, width, 3), 30, np.uint8)
    picture[top : top + BLOCK_PX, left : left + BLOCK_PX] = 240
    return picture


def traffic(passes: int, size: tuple[int, int] = SIZE) -> Iterator[Image]:
    """A block that goes to and fro: it crosses the middle once per pass, forward first where the line points upwards."""
    return (block_picture(number, size) for number in range(passes * PASS_FRAMES))


def write_sound(path: Path, cover: Image | None = None) -> Path:
    """A second of a tone, and perhaps a picture for the cover."""
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000, layout="mono")
        assert isinstance(sound, AudioStream)
        if cover is not None:
            picture = _add_stream(container, cover, Encoding("mjpeg", "yuvj420p"))
            picture.disposition = Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame.from_ndarray(cover, format="rgb24")))
        tone = (np.sin(np.arange(8000) / 8) * 8000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return path


def write_header(path: Path, codec: str = "mpeg4") -> Path:
    """A file that promises video and has none."""
    with av.open(str(path), "w") as container:
        _add_stream(container, numbered_picture(0), Encoding(codec))
        container.start_encoding()
    return path


def cut(path: Path, to: Path, share: float) -> Path:
    """The first ``share`` of a file's bytes."""
    content = path.read_bytes()
    to.write_bytes(content[: int(len(content) * share)])
    return to


def damage(path: Path, to: Path, start_share: float, end_share: float) -> Path:
    """The file with noise in the place of a stretch of its bytes."""
    content = bytearray(path.read_bytes())
    start, end = int(len(content) * start_share), int(len(content) * end_share)
    content[start:end] = np.random.default_rng(7).bytes(end - start)
    to.write_bytes(content)
    return to


def join(paths: Iterable[Path], to: Path) -> Path:
    """Files laid end to end, of a kind that allows it: MPEG-TS, raw H.264."""
    to.write_bytes(b"".join(path.read_bytes() for path in paths))
    return to
