"""Pictures that a device scales, with GStreamer's software in its place: the same lines, the same probes, real cameras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from appliance.decode.choice import open_source
from appliance.decode.decoders import Decoders
from appliance.decode.demand import Demand, GivenSizes
from appliance.decode.gstreamer_pipelines import DECODERS, IN_MEMORY, JETSON, SERVER, Decoder
from appliance.decode.source import Picture, Source
from appliance.letterbox import InputRule, Letterbox, preview_shape
from tests.cameras import Camera, needs_gstreamer
from tests.decode.pictures import Drawn, draw, number_of, read_all
from tests.decode.test_live_source import camera_at
from tests.system.videos import Encoding, join, numbered, write_video

if TYPE_CHECKING:
    from appliance.decode.gstreamer_source import GStreamerSource

LARGE, OTHER = (640, 360), (480, 360)
SMALL = Demand(InputRule(size_px=160), 128)
LARGER = Demand(InputRule(size_px=320), 128)
# As a server's line, in whose place it stands: decoder, scaler, size, and what brings it down.
PLAYED = Decoder(
    "avdec_h264",
    "avdec_h264 name=decoder max-threads=1 output-corrupt=false ! videoconvertscale name=scaler"
    f" ! capsfilter name=size caps={IN_MEMORY} ! identity",
    "software plays the device",
    ("videoconvertscale", "identity"),
    IN_MEMORY,
    (*SERVER, *JETSON),
)
TABLE = {"H264": (PLAYED,)}


def test_the_least_size_serves_both_and_is_never_larger_than_the_picture() -> None:
    rules = (
        InputRule(),
        InputRule(size_px=320),
        InputRule(fixed=(640, 640)),
        InputRule(fixed=(96, 416)),
        InputRule(size_px=1280),
    )
    sizes = ((1920, 1080), (1080, 1920), (640, 360), (641, 359), (2592, 1944), (1279, 719), (320, 240), (100, 2000), (34, 34))
    for rule in rules:
        for preview_px in (64, 321, 640, 4096):
            for width, height in sizes:
                given = Demand(rule, preview_px).least_size((width, height))
                place = Letterbox.fit(width, height, *rule.shape_for(width, height))
                preview_height, preview_width = preview_shape(width, height, preview_px)
                if given == (width, height):
                    continue
                assert given[0] % 2 == given[1] % 2 == 0
                assert max(place.width, preview_width) <= given[0] < width
                assert max(place.height, preview_height) <= given[1] < height
    assert Demand(InputRule(), 640).least_size((1920, 1080)) == (640, 360)


def test_no_two_sizes_are_given_alike() -> None:
    sizes, demand = GivenSizes(), Demand(InputRule(), 640)
    trues = [(1920, 1080), (1280, 720), (640, 360), (3840, 2160), (704, 576)]
    given = [sizes.given(true, demand) for true in trues]
    assert given[0] == (640, 360)
    assert [sizes.true(one) for one in given] == trues
    assert [sizes.given(true, demand) for true in trues] == given
    assert sizes.given((704, 576), None) == (704, 576)
    assert sizes.true((10, 10)) == (10, 10)


@contextmanager
def connected(camera: Camera, demand: Demand | None = None) -> Iterator[GStreamerSource]:
    from appliance.decode.gstreamer_source import GStreamerSource

    source = GStreamerSource(camera.url, decoders=Decoders(TABLE), demand=demand)
    yield source
    source.close()


def next_where(source: Source, is_so: Callable[[Picture], bool], most: int = 80) -> Picture:
    for _ in range(most):
        picture = source.read()
        assert picture is not None, source.problem
        if is_so(picture):
            return picture
    raise AssertionError(f"not so in {most} pictures")


def given_size(picture: Picture) -> tuple[int, int]:
    """In which it came."""
    height, width = picture.to_bgr().shape[:2]
    return width, height


def drawn_for(picture: Picture, demand: Demand) -> Drawn:
    return draw(picture, demand.rule.shape_for(picture.width, picture.height), demand.preview_px)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "large.mp4", numbered(50, LARGE))


@pytest.fixture(scope="module")
def on_host(clip: Path) -> dict[int, Drawn]:
    """Every picture of the clip, scaled by FFmpeg."""
    source = open_source(camera_at(str(clip), decoder="pyav"))
    found = {number_of(picture): drawn_for(picture, SMALL) for picture in read_all(source)}
    source.close()
    return found


@needs_gstreamer
def test_small_pictures_are_those_that_the_host_would_have_made(clip: Path, on_host: dict[int, Drawn]) -> None:
    with Camera(clip) as camera, connected(camera, SMALL) as source:
        assert (source.info.width, source.info.height) == LARGE
        assert "avdec_h264, because software plays the device" in source.info.decoder
        for _ in range(12):
            picture = source.read()
            assert picture is not None
            # From the first one on.
            assert given_size(picture) == SMALL.least_size(LARGE) == (160, 90)
            assert (picture.width, picture.height) == LARGE
            drawn, wanted = drawn_for(picture, SMALL), on_host[number_of(picture)]
            assert drawn.place == wanted.place
            assert np.abs(drawn.input.astype(int) - wanted.input).mean() < 1.5
            assert np.abs(drawn.preview.astype(int) - wanted.preview).mean() < 1.5


@needs_gstreamer
def test_a_network_of_another_size_is_followed_and_without_one_pictures_are_whole(clip: Path) -> None:
    with Camera(clip) as camera, connected(camera) as source:
        assert given_size(next_where(source, lambda _: True)) == LARGE
        for demand in (SMALL, LARGER, SMALL):
            source.serve(demand)
            wanted = demand.least_size(LARGE)
            picture = next_where(source, lambda one, wanted=wanted: given_size(one) == wanted)  # type: ignore[misc]
            assert (picture.width, picture.height) == LARGE
            assert number_of(picture) >= 0


@needs_gstreamer
def test_a_camera_that_changes_its_size_is_known_by_every_picture(tmp_path: Path) -> None:
    """Each size has numbers of its own, and so every picture tells what it was, also those under way when it changed."""
    encoding = Encoding(options={"g": "10", "bf": "2"})
    parts = [
        write_video(tmp_path / "a.ts", numbered(20, LARGE), encoding),
        write_video(tmp_path / "b.ts", numbered(20, OTHER, first=100), encoding),
    ]
    sizes: set[tuple[int, int]] = set()
    with Camera(join(parts, tmp_path / "both.ts")) as camera, connected(camera, SMALL) as source:
        for _ in range(70):
            picture = source.read()
            assert picture is not None, source.problem
            size = picture.width, picture.height
            sizes.add(size)
            assert size == (OTHER if number_of(picture) >= 100 else LARGE)
            assert given_size(picture) == SMALL.least_size(size)
    assert sizes == {LARGE, OTHER}


@pytest.mark.parametrize("codec", DECODERS)
def test_every_way_ends_in_pictures_in_memory(codec: str) -> None:
    for decoder in DECODERS[codec]:
        names = decoder.launch.split()
        assert (decoder.element, "name=decoder") == (names[0], names[1])
        assert ("name=size" in names, "name=scaler" in names) == (bool(decoder.caps), bool(decoder.caps))
        assert not decoder.caps or f"caps={decoder.caps}" in names
        assert all(element in names for element in decoder.further)
        assert {name for name, _, _ in decoder.wishes} <= {name.removeprefix("name=") for name in names}
