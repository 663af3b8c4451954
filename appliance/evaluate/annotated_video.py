"""The video of a count: what was seen and counted, drawn on every frame.

Made after the count, from the ledger. So it shows what is in the ledger, once each, whatever died during the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from rich.console import Console
from rich.progress import Progress

from appliance.boxes import Tracks
from appliance.config import LineSettings
from appliance.count.ledger import CrossingRecord, Ledger
from appliance.counting import CAMERA, CountResult
from appliance.errors import Refusal
from appliance.messages import Unpacker
from appliance.observe.overlay import DrawnLine, Image, Trails, draw_line, draw_tracks

ENCODERS = ("libopenh264", "libvpx-vp9", "mpeg4")  # the first that FFmpeg has; x264 is GPL
OPTIONS = {"libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "32", "b": "0"}}
FLASH_FRAMES = 6
TIME_BASE = Fraction(1, 90_000)

TRACKS: Unpacker[Tracks] = Unpacker(Tracks)


def write_annotated(result: CountResult, path: Path, console: Console) -> None:
    """Write the annotated video of a finished count, at the source's size and times."""
    camera, model = result.site.cameras[0], result.work.model
    if model is None:
        raise Refusal("an annotated video is wanted, but nothing was counted")
    trails = Trails()
    with _writer(path) as container, Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("drawing", total=result.frames)
        stream: VideoStream | None = None
        for frame, tracks in _frames_with_tracks(result):
            if stream is None:
                stream = _add_stream(container, frame, result)
            image: Image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            trails.add(tracks[1])
            trails.draw(image)
            draw_tracks(image, tracks[1], model.names)
            for line in camera.lines:
                draw_line(image, _line_at(line, result.crossings, tracks[0], (frame.width, frame.height)))
            drawn = av.VideoFrame.from_ndarray(image, format="bgr24")
            drawn.pts, drawn.time_base = _pts_of(frame), TIME_BASE
            container.mux(stream.encode(drawn))
            progress.advance(task)
        if stream is not None:
            container.mux(stream.encode())


def _writer(path: Path) -> OutputContainer:
    try:
        return av.open(str(path), "w")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Refusal(f"the annotated video cannot be written to {path}: {error}", usage=True) from None


def _add_stream(container: OutputContainer, frame: av.VideoFrame, result: CountResult) -> VideoStream:
    encoder = next(name for name in ENCODERS if name in av.codecs_available)
    source = result.work.sources[CAMERA]
    rate = Fraction(source.frames_per_second).limit_denominator(1001)
    stream = container.add_stream(encoder, rate=rate, options=OPTIONS.get(encoder, {}))
    assert isinstance(stream, VideoStream)  # a video encoder was asked for
    stream.width, stream.height = frame.width // 2 * 2, frame.height // 2 * 2
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = TIME_BASE
    return stream


def _pts_of(frame: av.VideoFrame) -> int:
    seconds = frame.pts * frame.time_base if frame.pts is not None and frame.time_base is not None else Fraction(0)
    return round(seconds / TIME_BASE)


def _frames_with_tracks(result: CountResult) -> Iterator[tuple[av.VideoFrame, tuple[int, Tracks]]]:
    """Every counted frame of the video with its index and its recorded tracks."""
    ledger = Ledger(result.work.ledger, result.work.run, read_only=True)
    camera = result.site.cameras[0]
    try:
        with av.open(camera.source) as container:
            frames = enumerate(container.decode(video=0))
            for record in ledger.tracks(CAMERA):
                for index, frame in frames:
                    if index == record.frame:
                        yield frame, (index, TRACKS.decode(record.content))
                        break
    finally:
        ledger.close()


def _line_at(line: LineSettings, crossings: list[CrossingRecord], frame: int, size: tuple[int, int]) -> DrawnLine:
    """The line as it stands at this frame."""
    own = [crossing for crossing in crossings if crossing.line == line.name and crossing.frame <= frame]
    counts = [
        f"{direction} {sum(crossing.direction == direction for crossing in own)}"
        for direction in (line.directions.forward, line.directions.backward)
    ]
    points = tuple((x * size[0], y * size[1]) for x, y in line.polyline)
    return DrawnLine(points, f"{line.name}: {', '.join(counts)}", any(frame - c.frame < FLASH_FRAMES for c in own))
