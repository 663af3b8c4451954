"""A frame's index is its place in the file: from the middle, after a seek, with either decoder; every frame shows its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.config import CameraSettings
from appliance.decode.choice import open_source
from appliance.decode.reader import Reader
from appliance.decode.source import Source
from appliance.errors import Refusal
from appliance.messages.orders import Checkpoint
from tests.decode.pictures import number_of
from tests.system.videos import LONG_GOP, PLAIN, Encoding, cut, join, numbered, write_video

FRAMES = 90
UNEVEN = Encoding(pts=[40 * number + 13 * (number % 3) for number in range(FRAMES)], options={"g": "30", "bf": "2"})
OPEN_GOP = Encoding(options={"g": "20", "bf": "3", "x264-params": "open-gop=1:scenecut=0"})
FILES = [
    pytest.param("a.mp4", PLAIN, "pyav", id="no B-frames"),
    pytest.param("a.mp4", LONG_GOP, "pyav", id="one key frame"),
    pytest.param("a.mp4", OPEN_GOP, "pyav", id="groups that lean on each other"),
    pytest.param("a.mp4", UNEVEN, "pyav", id="uneven"),
    pytest.param("a.mkv", LONG_GOP, "pyav", id="Matroska"),
    pytest.param("a.ts", LONG_GOP, "pyav", id="MPEG-TS, read from the beginning"),
    pytest.param("a.avi", PLAIN, "pyav", id="AVI, read from the beginning"),
    pytest.param("a.mp4", LONG_GOP, "opencv", id="OpenCV, read from the beginning"),
]


def camera_of(path: Path, **more: Any) -> CameraSettings:
    return CameraSettings(name="yard", source=str(path), **more)


def after(frame: int, pts_ns: int) -> Checkpoint:
    return Checkpoint(frame=frame, pts_ns=pts_ns)


def read(source: Source, camera: CameraSettings, checkpoint: Checkpoint) -> tuple[list[tuple[int, int, int]], str]:
    """Index, shown number and time of every frame, and the problem at the end."""
    reader, found = Reader(source, camera, checkpoint), []
    while not reader.is_over:
        numbered_picture = reader.read()
        if numbered_picture is not None:
            picture = numbered_picture.picture
            found.append((numbered_picture.frame, number_of(picture), picture.pts_ns))
    return found, reader.problem


@pytest.mark.parametrize(("name", "encoding", "decoder"), FILES)
def test_after_a_checkpoint_it_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, name: str, encoding: Encoding, decoder: str
) -> None:
    camera = camera_of(write_video(tmp_path / name, numbered(FRAMES), encoding), decoder=decoder)
    source = open_source(camera)
    whole, problem = read(source, camera, Checkpoint())
    assert problem == ""
    assert [(frame, number) for frame, number, _ in whole] == [(number, number) for number in range(FRAMES)]
    for frame in (0, 1, 29, 30, 31, 32, 60, FRAMES - 2, FRAMES - 1):
        checkpoint = after(frame, whole[frame][2])
        assert read(source, camera, checkpoint) == (whole[frame + 1 :], "")  # a source that has been used
        assert read(open_source(camera), camera, checkpoint) == (whole[frame + 1 :], "")  # one of a new process


@pytest.mark.parametrize("decoder", ["pyav", "opencv"])
def test_without_a_checkpoint_a_used_source_begins_again(tmp_path: Path, decoder: str) -> None:
    camera = camera_of(write_video(tmp_path / "a.mp4", numbered(FRAMES)), decoder=decoder)
    source = open_source(camera)
    reader = Reader(source, camera, Checkpoint())
    for _ in range(10):
        reader.read()
    found, _ = read(source, camera, Checkpoint())
    assert [(frame, number) for frame, number, _ in found] == [(number, number) for number in range(FRAMES)]


@pytest.mark.parametrize(("first", "last"), [(0, 0), (0, 9), (10, 10), (25, 40), (80, FRAMES - 1), (80, 5000), (80, None)])
def test_only_the_wanted_stretch_is_read(tmp_path: Path, first: int, last: int | None) -> None:
    camera = camera_of(write_video(tmp_path / "a.mp4", numbered(FRAMES), LONG_GOP), first_frame=first, last_frame=last)
    found, problem = read(open_source(camera), camera, Checkpoint())
    end = FRAMES if last is None else min(last + 1, FRAMES)
    assert [(frame, number) for frame, number, _ in found] == [(number, number) for number in range(first, end)]
    assert problem == ""
    again, _ = read(open_source(camera), camera, after(first, found[0][2]))
    assert again == found[1:]


def test_a_stretch_after_the_end_is_a_problem(tmp_path: Path) -> None:
    camera = camera_of(write_video(tmp_path / "a.mp4", numbered(30)), first_frame=30)
    assert read(open_source(camera), camera, Checkpoint()) == (
        [],
        f"{tmp_path / 'a.mp4'} ends before frame 30: it has 30 frames",
    )


def test_an_end_that_is_not_wanted_is_no_problem(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a.ts", numbered(FRAMES))
    camera = camera_of(cut(whole, tmp_path / "cut.ts", 0.9), last_frame=20)
    found, problem = read(open_source(camera), camera, Checkpoint())
    assert len(found) == 21
    assert problem == ""


def test_a_time_that_no_frame_has_is_looked_for_in_vain_and_the_index_still_right(tmp_path: Path) -> None:
    camera = camera_of(write_video(tmp_path / "a.mp4", numbered(FRAMES)))
    for pts_ns in (40_000_000 * 30 + 7, 10**12):
        found, _ = read(open_source(camera), camera, after(30, pts_ns))
        assert [(frame, number) for frame, number, _ in found] == [(number, number) for number in range(31, FRAMES)]


def test_what_is_left_out_comes_one_at_a_time(tmp_path: Path) -> None:
    """So that a process that has far to go gives signs of life on its way."""
    camera = camera_of(write_video(tmp_path / "a.mp4", numbered(50)), first_frame=40)
    reader = Reader(open_source(camera), camera, Checkpoint())
    assert [reader.read() for _ in range(40)] == [None] * 40
    assert not reader.is_over
    assert reader.read() is not None


def test_another_size_ends_the_stream(tmp_path: Path) -> None:
    parts = [write_video(tmp_path / f"{size[0]}.ts", numbered(20, size)) for size in ((128, 72), (160, 96))]
    camera = camera_of(join(parts, tmp_path / "a.ts"))
    found, problem = read(open_source(camera), camera, Checkpoint())
    assert [number for _, number, _ in found] == list(range(20))
    assert "must keep its size, because lines are drawn on it: 128x72 wanted, 160x96 found at frame 20" in problem


def test_a_live_camera_goes_on_from_now(tmp_path: Path) -> None:
    camera = camera_of(write_video(tmp_path / "a.mp4", numbered(20)), pace="live")
    source = open_source(camera)
    reader = Reader(source, camera, Checkpoint())
    first = [reader.read() for _ in range(5)]
    assert [numbered and numbered.frame for numbered in first] == [0, 1, 2, 3, 4]
    found, _ = read(source, camera, after(2, 80_000_000))
    assert [(frame, number) for frame, number, _ in found] == [(frame, frame + 2) for frame in range(3, 18)]


def test_a_webcam_is_no_work_for_pyav() -> None:
    with pytest.raises(Refusal, match="camera 'yard': a webcam needs the decoder opencv, found pyav"):
        open_source(CameraSettings(name="yard", source="0", decoder="pyav"))
