"""Videos as material: what is held back is never calibrated with, and frames are drawn as the decoder draws them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.errors import Refusal
from appliance.precision import footage
from appliance.precision.footage import Survey, drawn, survey
from appliance.precision.making import chosen_frames
from tests.system.videos import block_picture, number_in, numbered, write_video


def test_a_survey_goes_through_all_of_it(tmp_path: Path) -> None:
    found = survey(write_video(tmp_path / "a.mp4", numbered(50)))
    assert (found.frames, found.width, found.height) == (50, 128, 72)
    assert found.numbers == tuple(range(50))
    assert found.thumbnails.shape == (50, 18 * 32 * 3)
    assert found.held_back == 30


def test_of_a_long_video_every_so_manieth_frame_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "MOST_THUMBNAILS", 10)
    found = survey(write_video(tmp_path / "a.mp4", numbered(50)))
    assert found.frames == 50
    assert found.numbers == tuple(range(0, 50, 8))


def test_wanted_frames_come_in_order_and_lie_as_a_cameras_do(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", numbered(30))
    frames = list(drawn(video, (96, 128), [20, 3, 20, 7]))
    assert [frame.frame for frame in frames] == [3, 7, 20]
    assert [number_in(frame.grey) for frame in frames] == [3, 7, 20]
    assert frames[0].pixels.shape == (96, 128, 3)
    assert (frames[0].pixels[:12] == 114).all()
    assert number_in(frames[1].pixels[12:84, :, 1]) == 7
    assert frames[1].pts_ns == 7 * 40_000_000
    assert list(drawn(video, (96, 128), [])) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("gone.mp4", "gone.mp4 does not exist", id="not there"),
        pytest.param("text.mp4", "must be a video", id="no video"),
        pytest.param("short.mp4", "a video of at least 10 frames is wanted, found 9 in", id="short"),
    ],
)
def test_what_is_no_footage_is_refused(tmp_path: Path, name: str, says: str) -> None:
    write_video(tmp_path / "short.mp4", numbered(9))
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(Refusal, match=says):
        survey(tmp_path / name)


def test_frames_for_calibration_are_never_those_that_are_held_back(tmp_path: Path) -> None:
    videos = [
        survey(write_video(tmp_path / "block.mp4", (block_picture(number) for number in range(50)))),
        survey(write_video(tmp_path / "numbers.mp4", numbered(20))),
    ]
    chosen = chosen_frames(videos, 16)
    assert sum(len(numbers) for _, numbers in chosen) == 16
    assert all(numbers and max(numbers) < each.held_back for each, numbers in chosen)
    assert chosen == chosen_frames(videos, 16)


def test_of_a_still_picture_one_frame_is_enough(tmp_path: Path) -> None:
    still = survey(write_video(tmp_path / "still.mp4", [block_picture(0)] * 20))
    alike = Survey(still.video, still.width, still.height, still.frames, still.numbers, np.zeros_like(still.thumbnails))
    assert [numbers for _, numbers in chosen_frames([alike], 16)] == [[0]]
