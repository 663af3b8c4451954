"""A scene as a file: real H.264, to be decoded like any other video, with its truth beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from appliance.errors import Refusal
from appliance.results import replaced
from appliance.scene.ground import Picture
from appliance.scene.paint import Painter
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import Truth, find_truth
from appliance.scene.view import View
from appliance.scene.world import World

# The first that works: x264 is GPL, and no part of our container images.
ENCODERS = ("libopenh264", "libx264", "mpeg4")
OPTIONS = {"libx264": {"preset": "veryfast", "crf": "21"}, "mpeg4": {"qmin": "2", "qmax": "4", "b": "20000000"}}
# Of a noisy night; what a clip needs at most.
MOST_BITS_PER_PIXEL = 0.4


def write_scene(settings: SceneSettings, video: Path, truth_file: Path | None, advance: Callable[[int, int], None]) -> Truth:
    """Make a scene's clip, and its truth if it is wanted; ``advance`` hears how many frames of how many are written.

    Raises ``Refusal`` where there is no room or no permission. Nothing half-written stays.
    """
    truth = find_truth(settings)
    _refuse_without_room(settings, truth.frames, video)
    with ExitStack() as parts:
        part = parts.enter_context(replaced(video))
        if truth_file is not None:
            text = json.dumps(truth.as_json(video.name), indent=1) + "\n"
            parts.enter_context(replaced(truth_file)).write_text(text, encoding="utf-8")
        try:
            _encode(truth, part, video.suffix, advance)
        except av.error.FFmpegError as error:
            raise Refusal(f"the clip cannot be written to {video}: {error.strerror}") from None
    return truth


def frames_of(truth: Truth) -> Iterator[Picture]:
    """The pictures of a scene, one after the other."""
    settings = truth.settings
    view, world = View.of(settings), World(settings)
    painter = Painter(view, settings)
    for frame in range(truth.first_frame + truth.frames):
        if frame >= truth.first_frame:
            yield painter.paint(world.actors, world.signals.colour(world.time_s))
        world.step(1 / settings.frames_per_second)


def _encode(truth: Truth, path: Path, suffix: str, advance: Callable[[int, int], None]) -> None:
    encoder = next(name for name in ENCODERS if works(name))
    container_format = {".mkv": "matroska", ".mov": "mov"}.get(suffix.lower(), "mp4")
    rate = Fraction(truth.settings.frames_per_second)
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(encoder, rate=rate, options=OPTIONS.get(encoder, {}))
        # A video encoder was asked for.
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = truth.settings.width, truth.settings.height, "yuv420p"
        for frame, picture in enumerate(frames_of(truth)):
            drawn = av.VideoFrame.from_ndarray(picture, format="bgr24")
            drawn.pts, drawn.time_base = frame, 1 / rate
            container.mux(stream.encode(drawn))
            advance(frame + 1, truth.frames)
        container.mux(stream.encode())


def works(encoder: str) -> bool:
    """Whether FFmpeg has it, and it begins."""
    if encoder not in av.codecs_available:
        return False
    trial = av.CodecContext.create(encoder, "w")
    # A video encoder was asked for.
    assert isinstance(trial, VideoCodecContext)
    trial.width, trial.height, trial.pix_fmt, trial.time_base = 64, 64, "yuv420p", Fraction(1, 25)
    try:
        trial.open()
    except av.error.FFmpegError:
        return False
    return True


def _refuse_without_room(settings: SceneSettings, frames: int, video: Path) -> None:
    wanted = int(frames * settings.width * settings.height * MOST_BITS_PER_PIXEL / 8)
    try:
        free = shutil.disk_usage(video.absolute().parent).free
    except OSError as error:
        raise Refusal(f"the clip cannot be written to {video}: {error.strerror}", usage=True) from None
    if free < wanted:
        raise Refusal(f"the clip may need {wanted / 1e6:.0f} MB in {video.absolute().parent}, found {free / 1e6:.0f} MB free")
