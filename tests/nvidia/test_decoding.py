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
from tests.system.videos import Encoding, numbered, write_video

pytestmark = needs_gstreamer

SIZE, PICTURES = (640, 360), 40
PLUGIN, ITS_LIBRARY = "gstreamer-1.0/libgstnvcodec.so", "libgstcuda-1.0.so.0"

LOOK = r"""
import dataclasses, json, sys
from appliance.decode.decoders import DecoderFailed, Decoders
from appliance.decode.demand import Demand
from appliance.decode.gstreamer_decoding import has
from appliance.decode.gstreamer_pipelines import DECODERS
from appliance.decode.gstreamer_source import GStreamerSource
from appliance.letterbox import InputRule

url, codec, first, element, pictures = (json.loads(word) for word in sys.argv[1:])

if element and not has(element):
    print("null")
    sys.exit()

def called(way):
    # Only for trying one under another name than that of this release.
    old = "nvh264dec"
    return way if not element else dataclasses.replace(
        way, element=way.element.replace(old, element), launch=way.launch.replace(old, element)
    )

here = [[way.element, *way.further] for ways in DECODERS.values() for way in ways if way.is_here(has)]
decoders = Decoders({codec: tuple(map(called, DECODERS[codec][first:]))})
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
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    hevc = Encoding("libx265", options={"x265-params": "log-level=none:keyint=10:bframes=0"})
    return {
        "H264": write_video(folder / "a.mp4", numbered(50, SIZE)),
        "H265": write_video(folder / "b.mp4", numbered(50, SIZE), hevc),
    }


@pytest.fixture(scope="module")
def camera(clips: dict[str, Path]) -> Iterator[Camera]:
    with Camera(clips["H264"]) as camera:
        yield camera


def looked(driver: Path, camera: Camera, mood: str, first: int = 1, codec: str = "H264", element: str = "") -> Any:
    """What comes of it, of the ways from ``first`` on."""
    with pytest.MonkeyPatch.context() as patch:
        mood_of(patch, driver, mood, SIZE)
        told = answer_of(LOOK, camera.url, codec, first, element, PICTURES, beside=driver)
    if told is None:
        pytest.skip(f"this GStreamer has no {element}")
    return told


def has_followed(told: Any, *, is_scaled: bool) -> bool:
    """Whether pictures were given for the one network, then for the other, and always told the camera's size."""
    sizes = [[*SIZE, *given] for given in (((160, 90), (320, 180)) if is_scaled else (SIZE, SIZE))]
    given = told["given"]
    return (given[0], given[-1]) == (sizes[0], sizes[1]) and all(one in sizes for one in given) and len(given) == PICTURES


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(1, id="scaled in one step"),
        pytest.param(2, id="in two", marks=pytest.mark.long),
        pytest.param(3, id="not scaled", marks=pytest.mark.long),
    ],
)
def test_the_real_elements_agree_on_what_they_are_asked_for(driver: Path, camera: Camera, first: int) -> None:
    told = looked(driver, camera, "", first)
    assert ["nvh264dec", "cudaconvertscale", "cudadownload"] in told["here"]
    assert ["nvh265dec", "cudascale", "cudaconvert", "cudadownload"] in told["here"]
    assert told["failures"] == []
    assert "nvh264dec, because the GPU's video engine decodes" in told["decoder"]
    assert has_followed(told, is_scaled=first < 3)


def test_so_does_that_of_h265(driver: Path, clips: dict[str, Path]) -> None:
    with Camera(clips["H265"]) as camera:
        told = looked(driver, camera, "", codec="H265")
    assert "nvh265dec, because the GPU's video engine decodes, the GPU scales" in told["decoder"]
    assert has_followed(told, is_scaled=True)


# The other one is what is called nvh264dec from GStreamer 1.24 on; it reads the stream itself, and fails in another way.
by_both = pytest.mark.parametrize("element", ["nvh264dec", pytest.param("nvh264sldec", marks=pytest.mark.long)])


@by_both
def test_without_a_session_left_the_cpu_decodes_and_the_reason_is_told(driver: Path, camera: Camera, element: str) -> None:
    told = looked(driver, camera, "full", element=element)
    assert len(told["failures"]) == 1
    assert re.fullmatch(rf"{element} has failed \(.*\)", told["failures"][0])
    assert told["decoder"].endswith(f": avdec_h264, because {told['failures'][0]}")
    assert told["given"] == [[*SIZE, *SIZE]] * PICTURES


@by_both
def test_an_engine_that_dies_is_noticed(driver: Path, camera: Camera, element: str) -> None:
    told = looked(driver, camera, "lost", element=element)
    assert 0 < len(told["given"]) <= 10
    assert re.search(rf"/live: {element} has failed \(.*\)", told["problem"])
