"""PyAV on real files: exact times, exact seeking, damage, and pictures of every kind drawn where they belong."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from appliance.decode.pyav_source import PyAvSource
from appliance.errors import Refusal
from tests.decode.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    assert_four_colours,
    bright_right_and_below,
    draw,
    edges,
    four_colours,
    number_of,
    read_all,
)
from tests.system.videos import FAST_START, LONG_GOP, PLAIN, Encoding, cut, damage, numbered, write_video

FRAMES = 120
MS = 1_000_000  # nanoseconds
UNEVEN_MS = [0, 40, 80, 81, 200, 333, 1000, 1001, 1500, 4000, 4040]


@pytest.mark.parametrize("name", ["uneven.mp4", "uneven.mkv"])
def test_times_are_the_files_own(tmp_path: Path, name: str) -> None:
    encoding = Encoding(pts=UNEVEN_MS, options={"bf": "2", "g": "5"})
    source = PyAvSource(str(write_video(tmp_path / name, numbered(len(UNEVEN_MS)), encoding)))
    pictures = list(read_all(source))
    assert [picture.pts_ns for picture in pictures] == [time * MS for time in UNEVEN_MS]
    assert [number_of(picture) for picture in pictures] == list(range(len(UNEVEN_MS)))
    assert source.problem == ""


def test_thirds_of_a_second_do_not_drift(tmp_path: Path) -> None:
    source = PyAvSource(str(write_video(tmp_path / "a.mp4", numbered(90), Encoding(rate=30))))
    assert [picture.pts_ns for picture in read_all(source)] == [number * 1_000_000_000 // 30 for number in range(90)]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        pytest.param("a.mp4", PLAIN, id="no B-frames"),
        pytest.param("a.mp4", LONG_GOP, id="B-frames, one key frame"),
        pytest.param("a.mkv", LONG_GOP, id="Matroska"),
        pytest.param("a.ts", LONG_GOP, id="MPEG-TS"),
        pytest.param("a.avi", Encoding("mpeg4", options={"g": "12"}), id="AVI"),
        pytest.param("a.h264", LONG_GOP, id="no container, so no times"),
        pytest.param("a.mp4", Encoding("mpeg4", options={"bf": "2"}), id="MPEG-4 with B-frames"),
        pytest.param("a.webm", Encoding("libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}), id="VP9"),
    ],
)
def test_all_frames_come_in_order_and_on_time(tmp_path: Path, name: str, encoding: Encoding) -> None:
    source = PyAvSource(str(write_video(tmp_path / name, numbered(FRAMES), encoding)))
    pictures = list(read_all(source))
    assert [number_of(picture) for picture in pictures] == list(range(FRAMES))
    assert [round(picture.pts_ns / MS) for picture in pictures] == [40 * number for number in range(FRAMES)]
    assert (source.problem, source.damaged) == ("", 0)


OPEN_GOP = Encoding(options={"g": "20", "bf": "3", "x264-params": "open-gop=1:scenecut=0"})


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        pytest.param("a.mp4", PLAIN, id="no B-frames"),
        pytest.param("a.mp4", LONG_GOP, id="one key frame"),
        pytest.param("a.mp4", OPEN_GOP, id="groups that lean on each other"),
        pytest.param("a.mp4", Encoding(pts=[n * 40 + n % 3 * 7 for n in range(FRAMES)], options={"g": "9"}), id="uneven"),
        pytest.param("a.mkv", OPEN_GOP, id="Matroska"),
    ],
)
def test_after_a_seek_every_frame_has_its_old_time(tmp_path: Path, name: str, encoding: Encoding) -> None:
    source = PyAvSource(str(write_video(tmp_path / name, numbered(FRAMES), encoding)))
    times = {number_of(picture): picture.pts_ns for picture in read_all(source)}
    for target in (0, 1, 19, 20, 21, 22, 59, 60, FRAMES - 1):
        assert source.seek(times[target])
        pictures = list(read_all(source))
        assert pictures[0].pts_ns <= times[target]
        found = {number_of(picture): picture.pts_ns for picture in pictures if picture.pts_ns >= times[target]}
        assert found == {number: time for number, time in times.items() if number >= target}
    assert source.damaged == 0


@pytest.mark.parametrize("name", ["a.ts", "a.avi", "a.h264"])
def test_where_times_are_uncertain_it_begins_again(tmp_path: Path, name: str) -> None:
    source = PyAvSource(str(write_video(tmp_path / name, numbered(30))))
    first = [picture.pts_ns for picture in read_all(source)]
    assert not source.seek(first[10])
    source.restart()
    assert [picture.pts_ns for picture in read_all(source)] == first


def test_a_file_whose_beginning_is_hidden_is_not_cut_short(tmp_path: Path) -> None:
    """An edit list, as trimming without encoding leaves it: the first frames are there to decode the others, not to be seen."""
    whole, trimmed = write_video(tmp_path / "whole.mp4", numbered(FRAMES), LONG_GOP), tmp_path / "trimmed.mp4"
    with av.open(str(whole)) as old, av.open(str(trimmed), "w") as new:
        old_stream = old.streams.video[0]
        new_stream = new.add_stream_from_template(old_stream)
        assert old_stream.time_base is not None
        hidden = int(2 / old_stream.time_base)
        for packet in old.demux(old_stream):
            if packet.dts is not None and packet.pts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - hidden, packet.dts - hidden, new_stream
                new.mux(packet)
    source = PyAvSource(str(trimmed))
    pictures = list(read_all(source))
    assert [number_of(picture) for picture in pictures] == list(range(50, FRAMES))
    assert [round(picture.pts_ns / MS) for picture in pictures] == [40 * number for number in range(FRAMES - 50)]
    assert source.problem == ""


@pytest.mark.parametrize(("name", "encoding"), [("a.mp4", FAST_START), ("a.mkv", PLAIN), ("a.avi", PLAIN)])
def test_a_file_that_is_cut_short_is_read_to_the_cut(tmp_path: Path, name: str, encoding: Encoding) -> None:
    whole = write_video(tmp_path / name, numbered(FRAMES), encoding)
    source = PyAvSource(str(cut(whole, tmp_path / f"cut_{name}", 0.6)))
    numbers = [number_of(picture) for picture in read_all(source)]
    assert numbers[:20] == list(range(20))
    assert "cut short: 4.8 s of video wanted, the last frame found is at" in source.problem


def test_damage_is_counted_by_stretch_and_once(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.mp4", numbered(400), FAST_START)
    once = damage(whole, tmp_path / "once.mp4", 0.4, 0.42)
    source = PyAvSource(str(damage(once, tmp_path / "twice.mp4", 0.8, 0.82)))
    pictures = list(read_all(source))
    assert source.damaged == 2
    assert source.problem == ""
    assert 300 < len(pictures) < 400
    times = [picture.pts_ns for picture in pictures]
    assert times == sorted(set(times))
    assert all(number_of(picture) == picture.pts_ns // (40 * MS) for picture in [*pictures[:60], *pictures[-20:]])
    source.restart()
    assert len(list(read_all(source))) == len(pictures)
    assert source.damaged == 2


@pytest.mark.parametrize(
    ("size", "encoding"),
    [
        pytest.param((128, 72), Encoding(), id="as most"),
        pytest.param((72, 128), Encoding(), id="upright"),
        pytest.param((96, 54), Encoding(), id="the preview's own size"),
        pytest.param((640, 360), Encoding(), id="larger than all that is drawn"),
        pytest.param((128, 72), Encoding(pixels="yuv444p"), id="colour in full"),
        pytest.param((128, 72), Encoding(pixels="yuv422p"), id="colour in half"),
        pytest.param((128, 72), Encoding(pixels="yuv420p10le"), id="10 bits"),
        pytest.param((129, 73), Encoding(pixels="yuv444p"), id="odd size"),
        pytest.param((131, 71), Encoding("ffv1", "yuv420p"), id="odd size, colour in quarters"),
        pytest.param((128, 72), Encoding("mjpeg", "yuvj420p"), id="full range"),
        pytest.param((128, 72), Encoding("ffv1", "bgr0"), id="no YUV"),
        pytest.param((33, 200), Encoding(pixels="yuv444p"), id="thin"),
    ],
)
def test_pictures_are_drawn_where_they_belong(tmp_path: Path, size: tuple[int, int], encoding: Encoding) -> None:
    source = PyAvSource(str(write_video(tmp_path / "a.mkv", [four_colours(size)] * 3, encoding)))
    picture = source.read()
    assert picture is not None
    assert (source.info.width, source.info.height) == (picture.width, picture.height) == size
    drawn = draw(picture)
    assert (drawn.grey_around == 114).all()
    assert_four_colours(drawn.inside, [RED, GREEN, BLUE, WHITE])
    assert_four_colours(drawn.preview_rgb, [RED, GREEN, BLUE, WHITE], tolerance=20)


@pytest.mark.parametrize("size", [(96, 54), (160, 90), (129, 75), (384, 216), (960, 540)])
def test_nothing_is_shifted(tmp_path: Path, size: tuple[int, int]) -> None:
    """To a quarter of a pixel of what is drawn; swscale's fastest way is off by a whole one."""
    lossless = Encoding("ffv1", "yuv444p")
    source = PyAvSource(str(write_video(tmp_path / "a.mkv", [bright_right_and_below(size)], lossless)))
    picture = source.read()
    assert picture is not None
    drawn = draw(picture)
    wanted = (size[0] * 2 // 3 / size[0], size[1] * 2 // 3 / size[1])
    for grey in (drawn.inside[:, :, 1], drawn.preview[: drawn.preview.shape[0] * 2 // 3]):
        off_px = (np.array(edges(grey)) - wanted) * (grey.shape[1], grey.shape[0])
        assert abs(off_px).max() < 0.25


@pytest.mark.parametrize("encoding", [Encoding("ffv1", "gray"), Encoding("ffv1", "gray16le")], ids=["8 bits", "16 bits"])
def test_pictures_without_colour_are_drawn_too(tmp_path: Path, encoding: Encoding) -> None:
    source = PyAvSource(str(write_video(tmp_path / "a.mkv", numbered(5), encoding)))
    assert [number_of(picture) for picture in read_all(source)] == list(range(5))


@pytest.mark.parametrize(
    ("rotation", "wanted"),
    [
        pytest.param(0, [RED, GREEN, BLUE, WHITE], id="not"),
        pytest.param(90, [GREEN, WHITE, RED, BLUE], id="a quarter to the left"),
        pytest.param(180, [WHITE, BLUE, GREEN, RED], id="on its head"),
        pytest.param(-90, [BLUE, RED, WHITE, GREEN], id="a quarter to the right"),
    ],
)
def test_pictures_of_a_turned_camera_are_upright(tmp_path: Path, rotation: int, wanted: list[tuple[int, int, int]]) -> None:
    source = PyAvSource(str(write_video(tmp_path / "a.mp4", [four_colours()] * 3, Encoding(rotation=rotation))))
    picture = source.read()
    assert picture is not None
    size = (72, 128) if rotation in (90, -90) else (128, 72)
    assert (source.info.width, source.info.height) == (picture.width, picture.height) == size
    drawn = draw(picture)
    assert (drawn.grey_around == 114).all()
    assert_four_colours(drawn.inside, wanted)
    assert_four_colours(drawn.preview_rgb, wanted, tolerance=20)


def test_nobody_learns_a_password_from_a_refusal() -> None:
    with pytest.raises(Refusal, match=r"^rtsp://\*\*\*@127\.0\.0\.1:9/yard: the connection is refused") as refusal:
        PyAvSource("rtsp://user:secret@127.0.0.1:9/yard")
    assert "secret" not in refusal.value.sentence
