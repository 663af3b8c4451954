"""GStreamer: the same pictures as FFmpeg's, from files, cameras and launch lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.config import CameraSettings
from appliance.decode.choice import open_source
from appliance.decode.source import Source
from appliance.errors import Refusal
from tests.cameras import needs_gstreamer
from tests.decode.pictures import draw, number_of
from tests.system.videos import Encoding, numbered, write_video


def source_of(address: str, decoder: str = "gstreamer") -> Source:
    return open_source(CameraSettings(name="yard", source=address, decoder=decoder))


@needs_gstreamer
@pytest.mark.parametrize("size", [(128, 72), (322, 182), (130, 98), (160, 90)])
def test_a_files_pictures_are_those_of_ffmpeg_to_the_pixel(tmp_path: Path, size: tuple[int, int]) -> None:
    """Also where rows have padding at their ends."""
    video = str(write_video(tmp_path / "a.mp4", numbered(30, size), Encoding(options={"g": "10", "bf": "2"})))
    ours, theirs = source_of(video), source_of(video, "pyav")
    for number in range(30):
        one, other = ours.read(), theirs.read()
        assert one is not None
        assert other is not None
        assert number_of(one) == number
        assert (one.width, one.height, one.pts_ns) == (other.width, other.height, other.pts_ns)
        # Each is drawn while it is mapped.
        assert np.array_equal(draw(one).input, draw(other).input)
    assert ours.read() is None
    assert ours.problem == ""
    ours.restart()
    first = ours.read()
    assert first is not None
    assert number_of(first) == 0
    ours.close()
    theirs.close()


@needs_gstreamer
def test_black_and_white_are_those_of_a_camera_that_uses_all_levels(tmp_path: Path) -> None:
    all_levels = Encoding(pixels="yuvj420p", options={"g": "10", "bf": "0", "x264-params": "fullrange=on"})
    video = str(write_video(tmp_path / "a.mp4", numbered(3), all_levels))
    ours, theirs = source_of(video), source_of(video, "pyav")
    one, other = ours.read(), theirs.read()
    assert one is not None
    assert other is not None
    inside = draw(one).inside
    np.testing.assert_allclose(inside, draw(other).inside, atol=2)
    np.testing.assert_allclose((int(inside.min()), int(inside.max())), (40, 220), atol=3)
    ours.close()
    theirs.close()


@needs_gstreamer
def test_any_launch_line_is_a_source() -> None:
    source = source_of("gst:videotestsrc is-live=true num-buffers=100 ! video/x-raw,width=320,height=240,framerate=50/1", "auto")
    assert (source.info.width, source.info.height, source.info.frames_per_second) == (320, 240, 50.0)
    times_ns = []
    while (picture := source.read()) is not None:
        times_ns.append(picture.pts_ns)
    assert len(times_ns) > 10
    assert times_ns == sorted(set(times_ns))
    assert "has ended the connection" in source.problem
    source.close()


WRONG = {
    "gst:nosuchelement ! videoconvert": "a pipeline is wanted that GStreamer understands, found 'nosuchelement",
    "gst:videotestsrc num-buffers=0": "must be a video, found none that GStreamer can show",
    "/nowhere.mp4": "a video file is wanted, but /nowhere.mp4 does not exist",
    "http://127.0.0.1:9/": "the connection is refused|GStreamer takes rtsp:// here",
}


@needs_gstreamer
@pytest.mark.parametrize("address", WRONG)
def test_what_is_no_video_is_refused(address: str) -> None:
    with pytest.raises(Refusal, match=WRONG[address]):
        source_of(address)


def test_a_launch_line_wants_gstreamer() -> None:
    with pytest.raises(Refusal, match="a launch line needs the decoder gstreamer, found pyav"):
        source_of("gst:videotestsrc", "pyav")
