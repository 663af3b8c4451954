"""Decoders that really fail, in real pipelines behind a real camera: the next one takes over, and the reason is told."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.decode import choice
from appliance.decode.choice import open_source
from appliance.decode.decoders import REST_NS, Decoders
from appliance.decode.gstreamer_pipelines import Decoder
from appliance.decode.live_source import LiveSource
from appliance.messages.reports import Condition
from tests.cameras import Camera, needs_gstreamer
from tests.decode.pictures import number_of
from tests.decode.test_live_source import a_picture, camera_at, read_until
from tests.system.videos import Encoding, numbered, write_video

pytestmark = needs_gstreamer

LAST = Decoder("avdec_h264", "avdec_h264 name=decoder max-threads=1 output-corrupt=false ! videoconvert", "", is_hardware=False)
# Each is a decoder that is here, as its elements are, and of no use.
USELESS = {
    "it cannot begin": (
        "identity name=decoder error-after=1 ! avdec_h264 ! videoconvert",
        "Failed after iterations as requested.",
    ),
    "a profile of none of its": (
        "capsfilter name=decoder caps=video/x-h264,profile=constrained-baseline ! avdec_h264 ! videoconvert",
        "it does not take what the camera sends",
    ),
    "it is stuck": (
        "identity name=decoder drop-probability=1 ! avdec_h264 ! videoconvert",
        "it takes pictures, [0-9]+ since the last one, and shows none",
    ),
}
DIES = Decoder("identity", "avdec_h264 ! identity name=decoder error-after=10 ! videoconvert", "it dies after ten pictures")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "a.mp4", numbered(50))


def live(camera: Camera, decoders: Decoders, decoder: str = "gstreamer") -> LiveSource:
    settings = camera_at(camera.url, decoder=decoder)
    return LiveSource(lambda demand: open_source(settings, "", demand, decoders))


def opened(camera: Camera, decoders: Decoders, calls: Path) -> tuple[str, int]:
    """Who shows a picture of a camera that writes down its calls, and how many it took."""
    calls.write_text("")
    source = open_source(camera_at(camera.url), decoders=decoders)
    assert source.read() is not None
    source.close()
    return source.info.decoder.partition(" ")[0], len(calls.read_text().splitlines())


@pytest.mark.parametrize(
    ("case", "transport"),
    [*((case, "tcp") for case in USELESS), *(pytest.param(case, "udp", marks=pytest.mark.long) for case in list(USELESS)[:2])],
)
def test_one_that_does_not_begin_gives_way_before_anybody_is_told_of_a_camera_that_is_down(
    clip: Path, case: str, transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    launch, reason = USELESS[case]
    decoders = Decoders({"H264": (Decoder("identity", launch, ""), LAST)})
    with Camera(clip) as camera, caplog.at_level(logging.WARNING):
        settings = camera_at(camera.url, decoder="gstreamer", transport=transport)
        source = LiveSource(lambda demand: open_source(settings, "", demand, decoders))
        picture = source.read()
        assert picture is not None, source.condition
        assert number_of(picture) >= 0
        assert source.condition == Condition("ok")
        assert source.info is not None
        source.close()
        told = decoders.passed_over()
        assert told.startswith("identity has failed (")
        assert re.search(reason, told)
        assert caplog.messages == [f"{told}, and is passed over for 10 minutes"]


def test_one_that_dies_gets_a_second_chance_then_the_next_one_takes_over_and_later_it_is_tried_again(clip: Path) -> None:
    now_ns, opened = monotonic_ns(), []
    decoders = Decoders({"H264": (DIES, LAST)}, lambda: now_ns)

    def used(source: LiveSource) -> str:
        read_until(source, a_picture)
        assert source.info is not None
        opened.append(source.info.decoder.partition(": ")[2])
        return opened[-1]

    with Camera(clip) as camera:
        source = live(camera, decoders)
        for _ in range(2):
            assert used(source) == "identity, because it dies after ten pictures"
            read_until(source, lambda picture: picture is None)
            assert "identity has failed (Failed after iterations as requested.)" in source.condition.reason
        assert used(source) == "avdec_h264, because identity has failed (Failed after iterations as requested.)"
        for _ in range(25):
            assert source.read() is not None
        assert source.condition == Condition("ok")
        now_ns += REST_NS
        # No connection that works is given up for it.
        assert source.read() is not None
        camera.tell("stall")
        read_until(source, lambda picture: picture is None)
        camera.tell("go")
        assert used(source) == "identity, because it dies after ten pictures"
        source.close()


def test_where_the_appliance_chooses_ffmpeg_takes_over(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launch, _ = USELESS["it cannot begin"]
    table = {"H264": (Decoder("identity", launch, ""), LAST)}
    monkeypatch.setattr(choice, "HARDWARE", ("/dev/null",))
    monkeypatch.setattr(choice, "DECODERS", table)
    decoders = Decoders(table, only_hardware=True)
    with Camera(clip) as camera:
        for _ in range(2):
            source = live(camera, decoders, "auto")
            began_ns = monotonic_ns()
            read_until(source, a_picture)
            assert source.info is not None
            assert source.info.decoder.startswith("PyAV ")
            assert ", because identity has failed (Failed after" in source.info.decoder
            assert monotonic_ns() - began_ns < 40 * NS_PER_S
            source.close()


def test_a_camera_that_sends_what_no_hardware_decodes_is_called_once_until_it_sends_something_else(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hevc = Encoding("libx265", options={"x265-params": "log-level=none:keyint=10:bframes=0"})
    other, calls = write_video(tmp_path / "b.mp4", numbered(50), hevc), tmp_path / "calls"
    table = {"H264": (Decoder("identity", "avdec_h264 ! identity name=decoder ! videoconvert", "it works"), LAST)}
    monkeypatch.setattr(choice, "HARDWARE", ("/dev/null",))
    monkeypatch.setattr(choice, "DECODERS", table)
    decoders = Decoders(table, only_hardware=True)
    with Camera(other, "--calls", str(calls)) as camera:
        assert [opened(camera, decoders, calls) for _ in range(3)] == [("PyAV", 2), ("PyAV", 1), ("PyAV", 1)]
        camera.start_anew(clip)
        assert [opened(camera, decoders, calls) for _ in range(2)] == [("GStreamer", 2), ("GStreamer", 1)]
        camera.start_anew(other)
        assert [opened(camera, decoders, calls) for _ in range(2)] == [("PyAV", 2), ("PyAV", 1)]


def test_without_a_hardware_decoder_where_there_is_hardware_the_reason_is_told(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "HARDWARE", ("/dev/null",))
    chosen = choice.for_rtsp()
    if chosen.decoder == "gstreamer":
        pytest.skip("this machine has a hardware decoder")
    assert chosen.why == "GStreamer has none of nvv4l2decoder, nvh264dec, nvh265dec"
    assert choice.for_cameras() == (f"PyAV on the CPU, because {chosen.why}", False)
    with Camera(clip) as camera:
        source = open_source(camera_at(camera.url))
        assert source.info.decoder.endswith(f", because {chosen.why}")
        source.close()


def test_what_a_camera_would_get_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "HARDWARE", ())
    assert choice.for_cameras() == ("PyAV on the CPU, because nothing of NVIDIA is here", True)
    monkeypatch.setattr(choice, "HARDWARE", ("/dev/null",))
    scaling, whole = (
        Decoder("identity", "", why, caps=caps) for why, caps in (("it scales", "video/x-raw"), ("it does not", ""))
    )
    for h265, said, is_good in (
        ((scaling, LAST), "identity, because it scales; identity, because it scales", True),
        ((whole, LAST), "identity, because it scales; identity, because it does not", False),
        ((LAST,), "identity, because it scales; PyAV on the CPU, because GStreamer has no hardware decoder for H265", False),
    ):
        monkeypatch.setattr(choice, "DECODERS", {"H264": (scaling, LAST), "H265": h265})
        assert choice.for_cameras() == (said, is_good)
