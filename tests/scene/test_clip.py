"""A scene as a file: decoded by what decodes everything else, whole or not there at all."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from appliance.decode.pyav_source import PyAvSource
from appliance.errors import Refusal
from appliance.scene import clip
from appliance.scene.clip import ENCODERS, frames_of, write_scene
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import Truth
from tests.decode.pictures import read_all

EMPTY = SceneSettings(seed=5, width=320, height=180, seconds=2, density=0.0)
BUSY = SceneSettings(seed=3, width=320, height=180, frames_per_second=10, seconds=3, light="day", rain=False)


def write(video: Path, truth_file: Path | None = None, settings: SceneSettings = EMPTY) -> Truth:
    return write_scene(settings, video, truth_file, lambda done, total: None)


@pytest.mark.parametrize("encoders", [ENCODERS, ("mpeg4",)], ids=["the best that is there", "the last"])
def test_a_clip_decodes_to_what_was_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoders: tuple[str, ...]) -> None:
    monkeypatch.setattr(clip, "ENCODERS", encoders)
    told: list[tuple[int, int]] = []
    truth = write_scene(BUSY, tmp_path / "a.mp4", tmp_path / "a.json", lambda done, total: told.append((done, total)))
    assert told == [(frame + 1, truth.frames) for frame in range(truth.frames)]
    source = PyAvSource(str(tmp_path / "a.mp4"))
    assert (source.info.width, source.info.height, source.info.frames_per_second) == (320, 180, 10.0)
    decoded = list(read_all(source))
    assert (len(decoded), source.problem, source.damaged) == (truth.frames, "", 0)
    for frame, (picture, painted) in enumerate(zip(decoded, frames_of(truth))):
        assert picture.pts_ns == pytest.approx(frame * 1e8, abs=1e3)
        assert np.abs(picture.to_bgr().astype(int) - painted).mean() < 5
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads(json.dumps(truth.as_json("a.mp4")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.mp4"]


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov", ".MP4"])
@pytest.mark.parametrize("rate", [24, 30])
def test_every_container_has_every_frame_at_its_time(tmp_path: Path, ending: str, rate: int) -> None:
    video = tmp_path / f"a{ending}"
    truth = write(video, settings=SceneSettings(seed=5, width=240, height=180, frames_per_second=rate, seconds=2, density=0.0))
    source = PyAvSource(str(video))
    times = [picture.pts_ns for picture in read_all(source)]
    assert truth.frames == 2 * rate
    np.testing.assert_allclose(times, np.arange(truth.frames) * 1e9 / rate, atol=1e6)  # Matroska has milliseconds
    assert source.problem == ""


def test_a_clip_is_h264_where_it_can_be(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4")
    has_h264 = any(name in av.codecs_available for name in ENCODERS[:2])
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264" if has_h264 else "mpeg4", "yuv420p")


@contextmanager
def nothing_changes(folder: Path) -> Iterator[None]:
    """Whatever was in the folder is there afterwards, and nothing else."""
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    yield
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def refused(call: Callable[[], object], sentence: str, usage: bool) -> None:
    """It is refused with one line that has ``sentence`` in it."""
    with pytest.raises(Refusal) as refusal:
        call()
    assert sentence in refusal.value.sentence
    assert "\n" not in refusal.value.sentence
    assert refusal.value.usage == usage


@pytest.mark.parametrize("at_frame", [1, 20, 50])
def test_who_stops_the_painting_leaves_nothing_behind(tmp_path: Path, at_frame: int) -> None:
    (tmp_path / "a.mp4").write_bytes(b"an older clip")

    def stop(done: int, total: int) -> None:
        if done == at_frame:
            raise KeyboardInterrupt

    with nothing_changes(tmp_path), pytest.raises(KeyboardInterrupt):
        write_scene(EMPTY, tmp_path / "a.mp4", tmp_path / "a.json", stop)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov"])
def test_a_disk_that_fills_up_is_one_sentence(tmp_path: Path, ending: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with nothing_changes(tmp_path):
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
        try:
            refused(lambda: write(tmp_path / f"a{ending}", tmp_path / "a.json"), "the clip cannot be written to", usage=False)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Disk(NamedTuple):
    """What is on it."""

    total: int = 10_000_000
    used: int = 9_900_000
    free: int = 100_000


def test_without_room_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk())
    settings = SceneSettings(width=960, height=540, seconds=4, density=0.0)
    with nothing_changes(tmp_path):
        refused(
            lambda: write(tmp_path / "a.mp4", settings=settings), f"may need 3 MB in {tmp_path}, found 0 MB free", usage=False
        )


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with nothing_changes(tmp_path):
        refused(lambda: write(tmp_path / "no" / "a.mp4"), "No such file or directory", usage=True)
        refused(lambda: write(tmp_path / "a.mp4", tmp_path / "no" / "a.json"), "No such file or directory", usage=True)


@pytest.mark.parametrize("name", ["", ".", "..", "/"])
def test_a_folder_is_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with nothing_changes(tmp_path):
        refused(lambda: write(tmp_path / "folder.mp4"), "is a folder", usage=True)
        refused(lambda: write(tmp_path / "a.mp4", Path(name)), "is a folder", usage=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_without_permission_it_is_refused(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    with nothing_changes(tmp_path), nothing_changes(locked):
        refused(lambda: write(locked / "a.mp4"), "cannot: Permission denied", usage=True)
        refused(lambda: write(tmp_path / "a.mp4", locked / "a.json"), "cannot: Permission denied", usage=True)


def test_a_truth_that_cannot_be_written_is_refused_before_anything_is_painted(tmp_path: Path) -> None:
    painted: list[int] = []
    with nothing_changes(tmp_path):
        refused(
            lambda: write_scene(EMPTY, tmp_path / "a.mp4", Path("/proc/truth.json"), lambda done, total: painted.append(done)),
            "/proc/truth.json cannot",
            usage=True,
        )
    assert painted == []
