"""The video of a count: what was seen and counted, drawn on every frame.

Made after the count, from the ledger. So it shows what is in the ledger, once each, whatever died during the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.stream import VideoStream
from rich.console import Console
from rich.progress import Progress

from appliance.boxes import Tracks
from appliance.clock import NS_PER_S
from appliance.counted import LineSettings, ZoneSettings
from appliance.counting import CAMERA, CountResult
from appliance.decode.choice import open_source
from appliance.decode.reader import Reader
from appliance.decode.source import Picture
from appliance.errors import Refusal
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord
from appliance.messages.message import Unpacker
from appliance.messages.orders import Checkpoint
from appliance.observe.overlay import DrawnLine, Image, Trails, draw_line, draw_tracks

# The first that FFmpeg has; x264 is GPL.
ENCODERS = ("libopenh264", "libvpx-vp9", "mpeg4")
OPTIONS = {"libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "32", "b": "0"}}
FLASH_FRAMES = 6
TIME_BASE = Fraction(1, 90_000)

TRACKS: Unpacker[Tracks] = Unpacker(Tracks)


def write_annotated(result: CountResult, path: Path, console: Console) -> None:
    """Write the annotated video of a finished count, at the source's size and times."""
    model = result.work.model
    if model is None:
        raise Refusal("an annotated video is wanted, but nothing was counted")
    try:
        with _writer(path) as container, Progress(console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("drawing", total=result.frames)
            _draw_all(result, model.names, container, lambda: progress.advance(task))
    except av.error.FFmpegError as error:
        raise Refusal(f"the annotated video cannot be written to {path}: {error.strerror}") from None


def _draw_all(result: CountResult, names: tuple[str, ...], container: OutputContainer, advance: Callable[[], None]) -> None:
    camera, trails = result.site.cameras[0], Trails()
    stream: VideoStream | None = None
    for frame, tracks in _frames_with_tracks(result):
        if stream is None:
            stream = _add_stream(container, frame, result)
        image: Image = frame.to_bgr()
        trails.add(tracks[1])
        trails.draw(image)
        draw_tracks(image, tracks[1], names)
        for line in camera.counted:
            draw_line(image, _line_at(line, result.crossings, tracks[0], (frame.width, frame.height)))
        drawn = av.VideoFrame.from_ndarray(image, format="bgr24")
        drawn.pts, drawn.time_base = round(Fraction(frame.pts_ns, NS_PER_S) / TIME_BASE), TIME_BASE
        container.mux(stream.encode(drawn))
        advance()
    if stream is not None:
        container.mux(stream.encode())


def _writer(path: Path) -> OutputContainer:
    try:
        return av.open(str(path), "w")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Refusal(f"the annotated video cannot be written to {path}: {error}", usage=True) from None


def _add_stream(container: OutputContainer, frame: Picture, result: CountResult) -> VideoStream:
    encoder = next(name for name in ENCODERS if name in av.codecs_available)
    source = result.work.sources[CAMERA]
    rate = Fraction(source.frames_per_second).limit_denominator(1001)
    stream = container.add_stream(encoder, rate=rate, options=OPTIONS.get(encoder, {}))
    # A video encoder was asked for.
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = frame.width // 2 * 2, frame.height // 2 * 2
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = TIME_BASE
    return stream


def _frames_with_tracks(result: CountResult) -> Iterator[tuple[Picture, tuple[int, Tracks]]]:
    """Every counted frame of the video with its index and its recorded tracks."""
    ledger = Ledger(result.work.ledger, result.work.run, read_only=True)
    camera = result.site.cameras[0]
    source = open_source(camera)
    # Numbers the frames as the count has numbered them.
    reader = Reader(source, camera, Checkpoint())
    try:
        for record in ledger.tracks(CAMERA):
            while not reader.is_over:
                numbered = reader.read()
                if numbered is not None and numbered.frame == record.frame:
                    yield numbered.picture, (record.frame, TRACKS.decode(record.content))
                    break
    finally:
        source.close()
        ledger.close()


def _line_at(line: LineSettings | ZoneSettings, crossings: list[CrossingRecord], frame: int, size: tuple[int, int]) -> DrawnLine:
    """The line as it stands at this frame."""
    own = [crossing for crossing in crossings if crossing.line == line.name and crossing.frame <= frame]
    counts = [
        f"{direction} {sum(crossing.direction == direction for crossing in own)}"
        for direction in (line.directions.forward, line.directions.backward)
    ]
    points = tuple((x * size[0], y * size[1]) for x, y in line.polyline)
    return DrawnLine(points, f"{line.name}: {', '.join(counts)}", any(frame - c.frame < FLASH_FRAMES for c in own))
