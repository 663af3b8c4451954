"""OpenCV on real files: the same frames, times and pictures as PyAV, as far as OpenCV can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.decode.opencv_source import OpenCvSource
from appliance.decode.pyav_source import PyAvSource
from appliance.errors import Refusal
from tests.decode.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    assert_four_colours,
    bright_right_and_below,
    corners,
    draw,
    edges,
    four_colours,
    number_of,
    read_all,
)
from tests.system.videos import FAST_START, LONG_GOP, Encoding, cut, damage, numbered, write_video

MS = 1_000_000  # nanoseconds
FRAMES = 60


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "12:30:00.mp4"])
def test_all_frames_come_in_order_and_on_time(tmp_path: Path, name: str) -> None:
    source = OpenCvSource(str(write_video(tmp_path / name, numbered(FRAMES), LONG_GOP)))
    pictures = list(read_all(source))
    assert [number_of(picture) for picture in pictures] == list(range(FRAMES))
    assert [round(picture.pts_ns / MS) for picture in pictures] == [40 * number for number in range(FRAMES)]
    assert (source.problem, source.damaged) == ("", 0)
    assert (source.info.width, source.info.height, source.info.frames_per_second) == (128, 72, 25)


def test_uneven_times_are_the_files_own_to_a_millisecond(tmp_path: Path) -> None:
    times_ms = [0, 40, 80, 200, 333, 1000, 1500, 4000, 4040]
    source = OpenCvSource(str(write_video(tmp_path / "a.mp4", numbered(9), Encoding(pts=times_ms))))
    np.testing.assert_allclose([picture.pts_ns / MS for picture in read_all(source)], times_ms, atol=1)


def test_it_does_not_seek_but_begins_again(tmp_path: Path) -> None:
    source = OpenCvSource(str(write_video(tmp_path / "a.mp4", numbered(FRAMES))))
    assert [number_of(picture) for picture in read_all(source)] == list(range(FRAMES))
    assert not source.seek(10 * MS)
    source.restart()
    assert [number_of(picture) for picture in read_all(source)] == list(range(FRAMES))


@pytest.mark.parametrize(
    ("size", "encoding"),
    [
        pytest.param((128, 72), Encoding(), id="as most"),
        pytest.param((640, 360), Encoding(), id="larger than all that is drawn"),
        pytest.param((129, 73), Encoding(pixels="yuv444p"), id="odd size"),
        pytest.param((128, 72), Encoding(pixels="yuv420p10le"), id="10 bits"),
    ],
)
def test_pictures_are_drawn_where_they_belong(tmp_path: Path, size: tuple[int, int], encoding: Encoding) -> None:
    source = OpenCvSource(str(write_video(tmp_path / "a.mkv", [four_colours(size)] * 3, encoding)))
    picture = source.read()
    assert picture is not None
    assert (source.info.width, source.info.height) == (picture.width, picture.height) == size
    drawn = draw(picture)
    assert (drawn.grey_around == 114).all()
    assert_four_colours(drawn.inside, [RED, GREEN, BLUE, WHITE])
    assert_four_colours(drawn.preview_rgb, [RED, GREEN, BLUE, WHITE], tolerance=20)


def test_nothing_is_shifted(tmp_path: Path) -> None:
    size = (384, 216)
    source = OpenCvSource(str(write_video(tmp_path / "a.mkv", [bright_right_and_below(size)], Encoding("ffv1", "yuv444p"))))
    picture = source.read()
    assert picture is not None
    grey = draw(picture).inside[:, :, 1]
    off_px = (np.array(edges(grey)) - 2 / 3) * (grey.shape[1], grey.shape[0])
    assert abs(off_px).max() < 0.5  # it takes single pixels where it makes a picture smaller


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_both_decoders_turn_a_picture_the_same_way(tmp_path: Path, rotation: int) -> None:
    video = str(write_video(tmp_path / "a.mp4", [four_colours()] * 3, Encoding(rotation=rotation)))
    ours, theirs = PyAvSource(video), OpenCvSource(video)
    assert (ours.info.width, ours.info.height) == (theirs.info.width, theirs.info.height)
    picture, oracle = ours.read(), theirs.read()
    assert picture is not None
    assert oracle is not None
    np.testing.assert_allclose(corners(draw(picture).inside), corners(draw(oracle).inside), atol=14)


def test_a_file_that_is_cut_short_is_read_to_the_cut(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", numbered(120), FAST_START)
    source = OpenCvSource(str(cut(whole, tmp_path / "cut.mp4", 0.6)))
    assert len(list(read_all(source))) > 20
    assert "cut short: 4.8 s of video wanted" in source.problem


def test_a_damaged_stretch_is_passed_over(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", numbered(400), FAST_START)
    source = OpenCvSource(str(damage(whole, tmp_path / "damaged.mp4", 0.4, 0.45)))
    assert 300 < len(list(read_all(source))) < 400
    assert source.problem == ""
    assert source.damaged == 1


@pytest.mark.parametrize(
    ("address", "says"),
    [
        pytest.param("99", "webcam 99 must be a video, found nothing that OpenCV can open", id="a webcam that is not there"),
        pytest.param("/nowhere.mp4", "video file is wanted, but /nowhere.mp4 does not exist", id="a file that is not there"),
        pytest.param("rtsp://user:secret@127.0.0.1:9/yard", r"^rtsp://\*\*\*@127.0.0.1:9/yard must be", id="a password"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_one_sentence(capfd: pytest.CaptureFixture[str], address: str, says: str) -> None:
    with pytest.raises(Refusal, match=says):
        OpenCvSource(address)
    assert capfd.readouterr() == ("", "")
