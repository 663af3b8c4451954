"""A picture that somebody sends: looked at before it is unpacked, made small, and shown to the detector."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
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
from appliance.messages.questions import GuestPicture
from appliance.topics import GUESTS

PATIENCE_S = 10.0
# Of a large camera. Unpacked, three bytes each; however small a file is, it may claim to hold more.
MOST_PIXELS = 25_000_000
# The network sees no more of it anyway.
LONGEST_PX = 1280
# Each is a way through all of the picture, and may have no more than a dozen bytes; ten are usual.
MOST_SCANS = 64
MOST_SEGMENTS = 2000
PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
# Behind the 0xFF of JPEG's markers: not of a byte of the picture's, of padding, and of those that stand alone.
MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
# Those that tell the size (SOF), that begin a scan (SOS), and that end it all (EOI).
SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN_MARKER, END_MARKER = 0xDA, 0xD9

SMALLER = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))

# One at a time: a large one takes 100 MB while it is unpacked, and the cameras' time.
UNPACKING_S = 5.0
_unpacking = BoundedSemaphore(1)


Content = bytes | bytearray


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


def look_at(folder: Path, content: Content, confidence: float) -> Found:
    """What is on a JPEG or PNG; raises ``NoPicture``, or ``Refusal`` where nobody has time for it."""
    with _place():
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


@contextmanager
def _place() -> Iterator[None]:
    """Where pictures are unpacked; raises ``Refusal`` where others take too long."""
    if not _unpacking.acquire(timeout=UNPACKING_S):
        raise Refusal("this picture is to be unpacked, but others take long; try again later")
    try:
        yield
    finally:
        _unpacking.release()


def unpacked(content: Content) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """(h, w, 3) RGB, made small, upright; and the size that it has (height, width)."""
    width, height = size_of(content)
    if not 0 < width * height <= MOST_PIXELS:
        raise NoPicture(f"at most {MOST_PIXELS // 1_000_000} million pixels are wanted, found {width} x {height}", usage=True)
    _refuse_scans(content)
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), _how(content, max(width, height)))
    except cv2.error:
        image = None
    if image is None:
        raise NoPicture("a whole JPEG or PNG is wanted, found one that cannot be read", usage=True)
    # Some cameras write beside the picture that it lies on its side.
    is_turned = (image.shape[0] > image.shape[1]) != (height > width)
    upright = (width, height) if is_turned else (height, width)
    scale = LONGEST_PX / max(upright)
    if scale < 1:
        size = (max(1, round(upright[1] * scale)), max(1, round(upright[0] * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8), upright


def _how(content: Content, longest_px: int) -> int:
    """A large JPEG is made smaller while it is unpacked, which takes a quarter of the memory or less."""
    if not content.startswith(JPEG_START):
        return cv2.IMREAD_COLOR
    return next((flag for times, flag in SMALLER if longest_px >= times * LONGEST_PX), cv2.IMREAD_COLOR)


def size_of(content: Content) -> tuple[int, int]:
    """(width, height) that a JPEG or PNG says it has; raises ``NoPicture`` where it is neither."""
    if content.startswith(PNG_START) and len(content) >= 24:
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if not content.startswith(JPEG_START):
        raise NoPicture("a JPEG or PNG is wanted, found something else", usage=True)
    for marker, place in _segments(content):
        if marker in SIZE_MARKERS and place + 9 <= len(content):
            height, width = content[place + 5 : place + 7], content[place + 7 : place + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
    raise NoPicture("a whole JPEG is wanted, found one without a size", usage=True)


def _refuse_scans(content: Content) -> None:
    """Raise ``NoPicture`` for a file that would have its decoder go through the picture again and again."""
    if not content.startswith(JPEG_START):
        return
    scans = sum(marker == SCAN_MARKER for marker, _ in _segments(content))
    if scans > MOST_SCANS:
        raise NoPicture(f"a JPEG of at most {MOST_SCANS} scans is wanted, found {scans}", usage=True)


def _segments(content: Content) -> Iterator[tuple[int, int]]:
    """ITU-T T.81, B.1.1: segments begin with a marker, most have a length; each with the place of its marker."""
    place = len(JPEG_START)
    for _ in range(MOST_SEGMENTS):
        found = MARKER.search(content, place)
        if found is None:
            return
        place = found.start()
        marker = content[place + 1]
        if marker == END_MARKER:
            return
        yield marker, place
        # What is behind the head of a scan is looked through for the next marker.
        place += 2 + max(2, int.from_bytes(content[place + 2 : place + 4], "big"))
    raise NoPicture(f"a JPEG of at most {MOST_SEGMENTS} segments is wanted, found more", usage=True)
