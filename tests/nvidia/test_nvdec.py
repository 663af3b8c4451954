"""The real PyNvVideoCodec, as ``scripts/nvidia`` fetches it, fed by our source with the packets of a real camera; only the driver
below it is played. So its names, its signatures, its memory and its exceptions are the real ones; the pictures are grey.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cameras import Camera, needs_gstreamer
from tests.nvidia.played import ENCODER, mood_of, played_driver
from tests.nvidia.releases import answer_of, folder_of
from tests.system.videos import numbered, write_video

pytestmark = needs_gstreamer

SIZE = (640, 360)
LOOK = r"""
import json, sys
from appliance.config import CameraSettings
from appliance.decode import choice
from appliance.decode.choice import open_source

choice.HARDWARE, sys.modules["gi"] = ("/dev/null",), None
source = open_source(CameraSettings(name="yard", source=json.loads(sys.argv[1])))
given = []
while len(given) < 30 and (picture := source.read()) is not None:
    image = picture.to_bgr()
    given.append([picture.pts_ns, *image.shape[1::-1], int(image.min()), int(image.max())])
print(json.dumps({"given": given, "decoder": source.info.decoder, "problem": source.problem}))
source.close()
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    binaries = list((folder_of("pynvvideocodec-2.2") / "PyNvVideoCodec").glob("*.cpython-*.so"))
    if not any(f"cpython-{sys.version_info.major}{sys.version_info.minor}-" in path.name for path in binaries):
        pytest.skip("PyNvVideoCodec was fetched for another Python")
    return played_driver(tmp_path_factory.mktemp("driver"), binaries, ENCODER)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    with Camera(write_video(tmp_path_factory.mktemp("clip") / "a.mp4", numbered(50, SIZE))) as camera:
        yield camera


def looked(driver: Path, camera: Camera, mood: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        mood_of(patch, driver, mood, SIZE)
        return answer_of(LOOK, camera.url, beside=folder_of("pynvvideocodec-2.2"))


def test_it_takes_packets_and_gives_pictures_with_their_times(driver: Path, camera: Camera) -> None:
    told = looked(driver, camera, "")
    assert told["decoder"].startswith("PyNvVideoCodec 2.2.4, because ")
    assert [given[1:3] for given in told["given"]] == [list(SIZE)] * 30
    assert all(abs(level - 130) <= 2 for given in told["given"] for level in given[3:])
    times_ns = [given[0] for given in told["given"]]
    assert times_ns == sorted(set(times_ns))
    # Each with its own time, not with that of the one before; the first ones may be made up.
    assert {later - earlier for earlier, later in pairwise(times_ns[10:])} == {40_000_000}


def test_without_a_session_left_the_cpu_decodes(driver: Path, camera: Camera) -> None:
    told = looked(driver, camera, "full")
    assert told["decoder"].startswith("PyAV ")
    assert "PyNvVideoCodec has failed (HandleVideoSequence : Error code : 2" in told["decoder"]
    assert len(told["given"]) == 30


def test_an_engine_that_dies_is_noticed(driver: Path, camera: Camera) -> None:
    told = looked(driver, camera, "lost")
    assert len(told["given"]) == 10
    assert "PyNvVideoCodec has failed (HandlePictureDecode : Error code : 999" in told["problem"]
