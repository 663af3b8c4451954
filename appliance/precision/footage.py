"""Videos as material: what to calibrate with, and what to judge by, which are never the same.

The first part of every video is for calibration, the rest is held back:

    |<---------- calibration: frames that differ ---------->|<------ held back: every frame ------>|
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance.config import CameraSettings
from appliance.decode.choice import open_source
from appliance.decode.reader import Numbered, Reader
from appliance.decode.source import check_file
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import Letterbox, preview_shape
from appliance.messages.orders import Checkpoint
from appliance.precision.difference import Thumbnails

# (height, width), whatever the shape of the video: only alike pictures have to be alike in it.
THUMBNAIL = (18, 32)
# Of one video; of a longer one every second, every fourth, and so on.
MOST_THUMBNAILS = 4096
CALIBRATION_SHARE = 0.6
LEAST_FRAMES = 10


@dataclass(frozen=True, slots=True)
class Survey:
    """A video that has been gone through once."""

    video: Path
    width: int
    height: int
    frames: int
    numbers: tuple[int, ...]
    """Of the frames that there are thumbnails of."""
    thumbnails: Thumbnails

    @property
    def held_back(self) -> int:
        """The first frame that is not for calibration."""
        return int(self.frames * CALIBRATION_SHARE)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A frame as the network sees it, and as camera motion is measured in."""

    frame: int
    pts_ns: int
    width: int
    height: int
    """Of the source."""
    place: Letterbox
    pixels: Pixels
    """(H, W, 3) RGB, the network's input."""
    grey: Pixels
    """(h, w), small."""


def survey(video: Path) -> Survey:
    """Go through it once. Raises ``Refusal`` where it is no video, or has too few frames to hold some back."""
    check_file(str(video))
    height, width = THUMBNAIL
    place = Letterbox(1.0, 0, 0, width, height)
    preview = np.empty((height * 3 // 2, width), np.uint8)
    kept: list[tuple[int, Pixels]] = []
    step, frames, size = 1, 0, (0, 0)
    for numbered in read(_camera(video)):
        frames = numbered.frame + 1
        if numbered.frame % step:
            continue
        size = (numbered.picture.width, numbered.picture.height)
        kept.append((numbered.frame, np.empty((height, width, 3), np.uint8)))
        numbered.picture.draw(kept[-1][1], place, preview)
        if len(kept) >= MOST_THUMBNAILS:
            step *= 2
            kept = [each for each in kept if each[0] % step == 0]
    if frames < LEAST_FRAMES:
        raise Refusal(f"a video of at least {LEAST_FRAMES} frames is wanted, found {frames} in {video}", usage=True)
    thumbnails = np.stack([pixels.reshape(-1) for _, pixels in kept])
    return Survey(video, *size, frames, tuple(number for number, _ in kept), thumbnails)


def drawn(video: Path, shape: tuple[int, int], wanted: Iterable[int]) -> Iterator[Drawn]:
    """The wanted frames, in order, each lying in an input of ``shape`` (height, width) as a camera's does."""
    numbers = sorted(set(wanted))
    if not numbers:
        return
    camera = _camera(video, first_frame=numbers[0], last_frame=numbers[-1])
    left = set(numbers)
    for numbered in read(camera):
        if numbered.frame in left:
            yield draw(numbered, shape, camera.preview_px)


def draw(numbered: Numbered, shape: tuple[int, int], preview_px: int) -> Drawn:
    """One frame, as the decoder draws it."""
    picture = numbered.picture
    place = Letterbox.fit(picture.width, picture.height, *shape)
    small_height, small_width = preview_shape(picture.width, picture.height, preview_px)
    preview = np.empty((small_height * 3 // 2, small_width), np.uint8)
    pixels = np.empty((*shape, 3), np.uint8)
    picture.draw(pixels, place, preview)
    return Drawn(numbered.frame, picture.pts_ns, picture.width, picture.height, place, pixels, preview[:small_height])


def read(camera: CameraSettings) -> Iterator[Numbered]:
    """The frames of a file, numbered as a count numbers them. Raises ``Refusal`` where it ends before it should."""
    with closing(open_source(camera)) as source:
        reader = Reader(source, camera, Checkpoint())
        while not reader.is_over:
            numbered = reader.read()
            if numbered is not None:
                yield numbered
        if reader.problem:
            raise Refusal(reader.problem)


def _camera(video: Path, **more: int) -> CameraSettings:
    return CameraSettings.model_validate({"name": "video", "source": str(video), "pace": "file", **more})
