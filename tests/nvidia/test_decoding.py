"""GStreamer's own elements for NVIDIA, in our pipelines, behind a real camera; only the driver below them is played.

So every element and property is the real one's, sizes and formats are agreed on as they would be, and what they do when the
driver fails is what they really do. What the pictures show is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cameras import Camera, needs_gstreamer
from tests.nvidia.played import mood_of, played_driver
from tests.nvidia.releases import answer_of
from tests.system.videos import numbered, write_video

pytestmark = needs_gstreamer

SIZE = (640, 360)
PLUGIN, ITS_LIBRARY = "gstreamer-1.0/libgstnvcodec.so", "libgstcuda-1.0.so.0"

LOOK = r"""
import dataclasses, json, sys
from appliance.decode.decoders import DecoderFailed, Decoders
from appliance.decode.demand import Demand
from appliance.decode.gstreamer_decoding import has
from appliance.decode.gstreamer_pipelines import DECODERS
from appliance.decode.gstreamer_source import GStreamerSource
from appliance.letterbox import InputRule

url, first, pictures = (json.loads(word) for word in sys.argv[1:])

def modern(way):
    # What is called nvh264dec from GStreamer 1.24 on; before, that one has a parser of the driver's, which is not played.
    name = "nvh264sldec" if has("nvh264sldec") else "nvh264dec"
    return dataclasses.replace(way, element=way.element.replace("nvh264dec", name), launch=way.launch.replace("nvh264dec", name))

here = [[way.element, *way.further] for ways in DECODERS.values() for way in ways if way.is_here(has)]
decoders = Decoders({"H264": tuple(map(modern, DECODERS["H264"][first:]))})
failures, given, source = [], [], None
small, larger = Demand(InputRule(size_px=160), 128), Demand(InputRule(size_px=320), 128)
while source is None:
    try:
        source = GStreamerSource(url, decoders=decoders, demand=small)
    except DecoderFailed as failure:
        failures.append(failure.sentence)
for number in range(pictures):
    picture = source.read()
    if picture is None:
        break
    given.append([picture.width, picture.height, *picture.to_bgr().shape[1::-1]])
    if number == 9:
        source.serve(larger)
told = {"here": here, "failures": failures, "given": given, "decoder": source.info.decoder, "problem": source.problem}
source.close()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the played driver: all functions that the plugin looks for."""
    libraries = next((folder for folder in Path("/usr/lib").glob("*-linux-gnu") if (folder / PLUGIN).exists()), None)
    if libraries is None:
        pytest.skip("GStreamer's plugin for NVIDIA is not here")
    return played_driver(tmp_path_factory.mktemp("driver"), [libraries / PLUGIN, libraries / ITS_LIBRARY])


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    with Camera(write_video(tmp_path_factory.mktemp("clip") / "a.mp4", numbered(50, SIZE))) as camera:
        yield camera


def looked(driver: Path, camera: Camera, mood: str, first: int = 1, pictures: int = 40) -> Any:
    """What comes of it, of the ways from ``first`` on."""
    with pytest.MonkeyPatch.context() as patch:
        mood_of(patch, driver, mood)
        return answer_of(LOOK, camera.url, first, pictures, beside=driver)


@pytest.mark.parametrize("first", [1, 2, 3], ids=["scaled in one step", "in two", "not scaled"])
def test_the_real_elements_agree_on_what_they_are_asked_for(driver: Path, camera: Camera, first: int) -> None:
    told = looked(driver, camera, "", first)
    assert ["nvh264dec", "cudaconvertscale", "cudadownload"] in told["here"]
    assert ["nvh265dec", "cudascale", "cudaconvert", "cudadownload"] in told["here"]
    assert told["failures"] == []
    assert "because the GPU's video engine decodes" in told["decoder"]
    sizes = [[*SIZE, *given] for given in (((160, 90), (320, 180)) if first < 3 else (SIZE, SIZE))]
    assert (told["given"][0], told["given"][-1]) == (sizes[0], sizes[1])
    assert all(given in sizes for given in told["given"])


def test_without_a_session_left_the_cpu_decodes_and_the_reason_is_told(driver: Path, camera: Camera) -> None:
    told = looked(driver, camera, "full")
    assert len(told["failures"]) == 1
    assert re.fullmatch(r"nvh264s?l?dec has failed \(.*\)", told["failures"][0])
    assert told["decoder"].endswith(f": avdec_h264, because {told['failures'][0]}")
    assert told["given"] == [[*SIZE, *SIZE]] * 40


def test_an_engine_that_dies_is_noticed(driver: Path, camera: Camera) -> None:
    told = looked(driver, camera, "lost")
    assert 0 < len(told["given"]) <= 10
    assert re.search(r"/live: nvh264s?l?dec has failed \(.*\)", told["problem"])
