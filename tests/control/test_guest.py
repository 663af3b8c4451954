"""Pictures that somebody sends, looked at before they are unpacked."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.control.live import guest
from appliance.control.live.guest import LONGEST_PX, MOST_SCANS, MOST_SEGMENTS, NoPicture, look_at, size_of, unpacked
from appliance.errors import Refusal

SCAN = re.compile(rb"\xff\xda")


def jpeg(*, is_progressive: bool = False) -> bytes:
    """A picture of noise, 64 x 48."""
    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    return cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_PROGRESSIVE, int(is_progressive)])[1].tobytes()


def with_scans(picture: bytes, number: int) -> bytes:
    """The picture with its last scan so many times more."""
    body, end = picture[:-2], picture[-2:]
    last = [found.start() for found in SCAN.finditer(body)][-1]
    return body + body[last:] * number + end


@pytest.mark.parametrize("is_progressive", [False, True])
def test_usual_pictures_are_unpacked(is_progressive: bool) -> None:
    picture = jpeg(is_progressive=is_progressive)
    assert size_of(picture) == (64, 48)
    pixels, size = unpacked(picture)
    assert (pixels.shape, size) == ((48, 64, 3), (48, 64))


# What says that it is to be turned by a quarter: one entry of an IFD, 0x0112, which is 6.
ON_ITS_SIDE = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


@pytest.mark.parametrize("kind", [".jpg", ".png"])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (2600, 1300), (5200, 1000), (10_400, 60)])
def test_large_ones_become_small_and_their_size_is_known(kind: str, width: int, height: int) -> None:
    left, right = np.zeros((height, width // 2, 3), np.uint8), np.full((height, width // 2, 3), 255, np.uint8)
    content = cv2.imencode(kind, np.hstack([left, right]))[1].tobytes()
    scale = min(1.0, LONGEST_PX / width)
    turned = [(content, False)] if kind == ".png" else [(content, False), (content[:2] + ON_ITS_SIDE + content[2:], True)]
    for picture, is_turned in turned:
        pixels, size = unpacked(picture)
        assert size == ((width, height) if is_turned else (height, width))
        assert pixels.shape[:2] == tuple(round(side * scale) for side in size)
        across = pixels.mean(axis=(1, 2) if is_turned else (0, 2))
        assert abs((across < 128).sum() - len(across) / 2) <= 1


def test_a_file_that_has_its_decoder_go_round_and_round_is_refused_before() -> None:
    picture = jpeg(is_progressive=True)
    usual = len(SCAN.findall(picture))
    unpacked(with_scans(picture, MOST_SCANS - usual))
    with pytest.raises(NoPicture, match="at most 64 scans is wanted, found 65"):
        unpacked(with_scans(picture, MOST_SCANS - usual + 1))
    with pytest.raises(NoPicture, match=f"at most {MOST_SEGMENTS} segments"):
        unpacked(picture[:2] + b"\xff\xfe\0\2" * MOST_SEGMENTS + picture[2:])


def test_what_only_looks_like_scans_is_none() -> None:
    # As in the colour profile of one camera, and in the film that others put behind the picture.
    picture = jpeg()
    profile = b"\xff\xe2" + (1002).to_bytes(2, "big") + b"\xff\xda" * 500
    pixels, _ = unpacked(picture[:2] + profile + picture[2:] + b"\xff\xda\0\x0c" * 500)
    assert np.array_equal(pixels, unpacked(picture)[0])


def test_who_waits_for_others_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest, "UNPACKING_S", 0.01)
    with guest._place(), pytest.raises(Refusal, match="others take long") as refused:
        look_at(tmp_path, jpeg(), 0.5)
    assert not refused.value.usage
