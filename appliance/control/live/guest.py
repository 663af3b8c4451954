"""A picture that somebody sends: looked at before it is unpacked, made small, and shown to the detector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Boxes
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.errors import Refusal
from appliance.ipc.requests import ask
from appliance.messages import GuestPicture
from appliance.topics import GUESTS

PATIENCE_S = 10.0
# Of a large camera. Unpacked, three bytes each; however small a file is, it may claim to hold more.
MOST_PIXELS = 25_000_000
# The network sees no more of it anyway.
LONGEST_PX = 1280
PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
# Those of JPEG's markers that tell the size (SOF), and those that stand alone.
SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
LONELY_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})

# Unpacking takes memory.
_unpacking = BoundedSemaphore(2)


class NoPicture(Refusal):
    """What was sent cannot be shown to anybody."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the detector saw: ``boxes`` (N, 4) in pixels of the picture as it was sent, a class and a confidence for each."""

    width: int
    height: int
    boxes: Boxes
    classes: tuple[str, ...]
    confidences: tuple[float, ...]


def look_at(folder: Path, content: bytes, confidence: float) -> Found:
    """What is on a JPEG or PNG; raises ``NoPicture``, or ``Refusal`` where the detector has no time."""
    with _unpacking:
        pixels, (height, width) = unpacked(content)
    expires_ns = monotonic_ns() + round(PATIENCE_S * NS_PER_S)
    seen = ask(folder, GUESTS, GuestPicture(pixels.shape[0], pixels.shape[1], pixels.tobytes(), expires_ns), PATIENCE_S)
    if seen is None or seen.problem:
        raise Refusal("the detector is wanted, but it has no time for this picture; try again later")
    found = seen.detections
    (sure,) = (found.scores >= confidence).nonzero()
    scale = np.array([width / pixels.shape[1], height / pixels.shape[0]] * 2, np.float32)
    return Found(
        width,
        height,
        found.boxes[sure] * scale,
        tuple(seen.names[number] for number in found.classes[sure].tolist()),
        tuple(found.scores[sure].tolist()),
    )


def unpacked(content: bytes) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """(h, w, 3) RGB, made small, upright; and the size that it has (height, width)."""
    width, height = size_of(content)
    if not 0 < width * height <= MOST_PIXELS:
        raise NoPicture(f"at most {MOST_PIXELS // 1_000_000} million pixels are wanted, found {width} x {height}", usage=True)
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise NoPicture("a whole JPEG or PNG is wanted, found one that cannot be read", usage=True)
    upright: tuple[int, int] = image.shape[:2]
    scale = LONGEST_PX / max(upright)
    if scale < 1:
        size = (max(1, round(upright[1] * scale)), max(1, round(upright[0] * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), upright


def size_of(content: bytes) -> tuple[int, int]:
    """(width, height) that a JPEG or PNG says it has; raises ``NoPicture`` where it is neither."""
    if content.startswith(PNG_START) and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if content.startswith(JPEG_START):
        return _jpeg_size(content)
    raise NoPicture("a JPEG or PNG is wanted, found something else", usage=True)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """ITU-T T.81, B.1.1: segments begin with a marker, most have a length; the frame's header has height and width."""
    place = len(JPEG_START)
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in SIZE_MARKERS:
            height, width = content[place + 5 : place + 7], content[place + 7 : place + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        if marker == 0xFF:
            # Padding.
            place += 1
        elif marker in LONELY_MARKERS:
            place += 2
        else:
            place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    raise NoPicture("a whole JPEG is wanted, found one without a size", usage=True)
