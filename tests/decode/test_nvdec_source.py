"""Cameras whose packets PyNvVideoCodec decodes, with FFmpeg in its engine's place: the pictures, their times, and what fails."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.decode import choice, nvdec_source
from appliance.decode.choice import open_source
from appliance.decode.decoders import Decoders
from appliance.decode.live_source import LiveSource
from appliance.messages.reports import Condition
from tests.cameras import Camera, needs_gstreamer
from tests.decode.pictures import draw, number_of, read_all
from tests.decode.test_falling_back import opened
from tests.decode.test_live_source import a_picture, camera_at, read_until
from tests.nvidia.computer import STAND_INS
from tests.system.videos import Encoding, numbered, write_video

pytestmark = needs_gstreamer

CLIPS = {
    "all levels": Encoding(pixels="yuvj420p", options={"g": "10", "bf": "0", "x264-params": "fullrange=on"}),
    "h264": Encoding(options={"g": "10", "bf": "0"}),
    "hevc": Encoding("libx265", options={"x265-params": "log-level=none:keyint=10:bframes=0"}),
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {name: write_video(folder / f"{name}.mp4", numbered(50, (160, 90)), how) for name, how in CLIPS.items()}


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One with a GPU and PyNvVideoCodec, and without GStreamer."""
    monkeypatch.syspath_prepend(str(STAND_INS))
    monkeypatch.setattr(choice, "HARDWARE", ("/dev/null",))
    monkeypatch.setitem(sys.modules, "gi", None)
    yield
    sys.modules.pop("PyNvVideoCodec", None)


@pytest.mark.parametrize("codec", CLIPS)
def test_pictures_are_those_of_ffmpeg_soon_whole_and_in_order(clips: dict[str, Path], codec: str) -> None:
    on_cpu = open_source(camera_at(str(clips[codec])))
    wanted = {number_of(picture): draw(picture).input for picture in read_all(on_cpu)}
    assert choice.for_rtsp().decoder == "nvdec"
    assert choice.for_cameras()[0].startswith("PyNvVideoCodec, whose pictures are scaled on the CPU, because GStreamer is wanted")
    with Camera(clips[codec]) as camera:
        source = open_source(camera_at(camera.url))
        assert source.info.decoder.startswith("PyNvVideoCodec 2.2.4, because GStreamer is wanted, whose hardware decoders scale")
        assert (source.info.width, source.info.height) == (160, 90)
        numbers, times_ns = [], []
        for _ in range(30):
            picture = source.read()
            assert picture is not None, source.problem
            numbers.append(number_of(picture))
            times_ns.append(picture.pts_ns)
            assert np.abs(draw(picture).input.astype(int) - wanted[numbers[-1]]).max() <= 3
        assert numbers == [(numbers[0] + number) % 50 for number in range(30)]
        assert times_ns == sorted(set(times_ns))
        source.close()


FAILURES = {
    "full": r"PyNvVideoCodec has failed \(HandleVideoSequence : Error code : 2\)",
    "stuck": r"PyNvVideoCodec has failed \(it takes pictures and shows none\)",
}


@pytest.mark.parametrize("mood", FAILURES)
def test_where_it_does_not_begin_the_cpu_decodes_and_the_reason_is_told(
    clips: dict[str, Path], mood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYED_NVDEC", mood)
    decoders = Decoders(only_hardware=True)
    with Camera(clips["h264"]) as camera:
        for _ in range(2):
            source = open_source(camera_at(camera.url), decoders=decoders)
            assert source.info.decoder.startswith("PyAV ")
            assert re.search(FAILURES[mood], source.info.decoder)
            assert source.read() is not None
            source.close()


def test_a_camera_that_sends_what_it_cannot_decode_is_called_once_until_it_sends_something_else(
    clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(nvdec_source.CODECS, "hevc")
    decoders, calls = Decoders(only_hardware=True), tmp_path / "calls"
    with Camera(clips["hevc"], "--calls", str(calls)) as camera:
        assert [opened(camera, decoders, calls) for _ in range(3)] == [("PyAV", 2), ("PyAV", 1), ("PyAV", 1)]
        camera.start_anew(clips["h264"])
        assert [opened(camera, decoders, calls) for _ in range(2)] == [("PyNvVideoCodec", 2), ("PyNvVideoCodec", 1)]
        camera.start_anew(clips["hevc"])
        assert [opened(camera, decoders, calls) for _ in range(2)] == [("PyAV", 2), ("PyAV", 1)]


def test_one_that_dies_gets_a_second_chance(clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYED_NVDEC", "lost")
    decoders = Decoders(only_hardware=True)
    with Camera(clips["h264"]) as camera:
        settings = camera_at(camera.url)
        source = LiveSource(lambda demand: open_source(settings, "", demand, decoders))
        for expected in ("PyNvVideoCodec", "PyNvVideoCodec", "PyAV"):
            read_until(source, a_picture)
            assert source.info is not None
            assert source.info.decoder.startswith(expected)
            if expected != "PyAV":
                read_until(source, lambda picture: picture is None)
                assert "PyNvVideoCodec has failed (HandleVideoSequence" in source.condition.reason
        assert source.condition == Condition("ok")
        source.close()
