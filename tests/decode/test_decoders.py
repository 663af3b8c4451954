"""Which decoder a camera gets: the best one, the next one where that fails, with the reason, and the best one again later."""

from __future__ import annotations

import pytest

from appliance.decode.decoders import REST_NS, Decoders, NoDecoder
from appliance.decode.gstreamer_pipelines import DECODERS, Decoder

FIRST, SECOND = Decoder("nvfirst", "nvfirst ! scaler", "first"), Decoder("nvfirst", "nvfirst ! convert", "second")
SOFTWARE = Decoder("software", "software", "last", is_hardware=False)
TABLE = {"H264": (FIRST, SECOND, SOFTWARE)}


def everything(element: str) -> bool:
    return element != ""


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.mark.parametrize("codec", DECODERS)
def test_hardware_comes_first(codec: str) -> None:
    elements = list(dict.fromkeys(decoder.element for decoder in DECODERS[codec]))
    helpers = {name for decoder in DECODERS[codec] for name in decoder.further}
    for number, element in enumerate(elements):
        here = {*elements[number:], *helpers}
        assert Decoders().choose(codec, here.__contains__).element == element
        assert Decoders().choose(codec, {element}.__contains__ if number else here.__contains__).element == element
    with pytest.raises(NoDecoder, match=f"GStreamer needs nvv4l2decoder or .* for {codec}, found none of them"):
        Decoders().choose(codec, lambda element: False)
    with pytest.raises(NoDecoder, match="GStreamer needs nvv4l2decoder or nvh26.dec for"):
        Decoders(only_hardware=True).choose(codec, {elements[-1]}.__contains__)


@pytest.mark.parametrize(
    ("here", "scales"),
    [
        ({"nvh264dec", "cudaconvertscale", "cudadownload"}, "cudaconvertscale"),
        ({"nvh264dec", "cudascale", "cudaconvert", "cudadownload"}, "cudascale"),
        ({"nvh264dec", "cudadownload"}, ""),
        ({"nvh264dec", "nvv4l2decoder"}, ""),
    ],
    ids=lambda case: "+".join(sorted(case)) if isinstance(case, set) else "",
)
def test_the_gpu_scales_with_what_it_has(here: set[str], scales: str) -> None:
    chosen = Decoders().choose("H264", here.__contains__)
    assert chosen.element == "nvh264dec"
    assert f"{scales} name=scaler" in chosen.launch or not scales
    assert bool(chosen.caps) is bool(scales)


def test_a_codec_that_nobody_knows_is_named() -> None:
    with pytest.raises(NoDecoder, match="GStreamer is asked for H.264 or H.265, found VP8"):
        Decoders().choose("VP8", everything)


def test_one_that_does_not_begin_is_passed_over_for_a_while_and_then_tried_again() -> None:
    clock = Clock()
    decoders = Decoders(TABLE, clock)
    assert decoders.choose("H264", everything) is FIRST
    sentence = decoders.failed(FIRST, "no sessions left", only_this_way=False, had_shown=False)
    assert sentence == "nvfirst has failed (no sessions left)"
    # All ways of the same element.
    assert decoders.choose("H264", everything) is SOFTWARE
    assert decoders.passed_over() == sentence
    clock.now_ns += REST_NS
    assert decoders.choose("H264", everything) is FIRST
    assert decoders.passed_over() == ""


def test_what_fails_with_one_codec_may_be_good_for_another() -> None:
    decoders = Decoders({"H264": (FIRST, SOFTWARE), "H265": (FIRST, SOFTWARE)}, Clock())
    decoders.choose("H265", everything)
    decoders.failed(FIRST, "10 bits", only_this_way=False, had_shown=False)
    assert decoders.choose("H265", everything) is SOFTWARE
    assert decoders.choose("H264", everything) is FIRST
    assert decoders.choose("H265", everything) is SOFTWARE


def test_hardware_is_asked_for_again_when_the_cpu_has_something_else_to_decode() -> None:
    decoders = Decoders(TABLE, Clock(), only_hardware=True)
    assert not decoders.is_another("mjpeg"), "nobody has been asked"
    with pytest.raises(NoDecoder):
        decoders.choose("JPEG", everything)
    # Whatever it is called there.
    assert not decoders.is_another("mjpeg")
    assert not decoders.is_another("mjpeg")
    assert decoders.is_hopeless(everything)
    assert decoders.is_another("h264")
    assert not decoders.is_hopeless(everything)
    decoders.choose("H264", everything)
    with pytest.raises(NoDecoder):
        decoders.choose("JPEG", everything)
    assert not decoders.is_another("mjpeg"), "it has just been asked for this"


def test_where_only_what_is_behind_it_fails_it_goes_on_without() -> None:
    decoders = Decoders(TABLE, Clock())
    decoders.choose("H264", everything)
    decoders.failed(FIRST, "no compiler", only_this_way=True, had_shown=False)
    assert decoders.choose("H264", everything) is SECOND
    assert decoders.passed_over() == "nvfirst has failed (no compiler)"


def test_one_that_has_shown_pictures_gets_a_second_chance_and_no_third() -> None:
    clock = Clock()
    decoders = Decoders(TABLE, clock)
    decoders.choose("H264", everything)
    for after_ns, expected in ((0, FIRST), (REST_NS + 1, FIRST), (REST_NS, SOFTWARE)):
        clock.now_ns += after_ns
        decoders.failed(FIRST, "lost", only_this_way=False, had_shown=True)
        assert decoders.choose("H264", everything) is expected


def test_where_the_cpu_is_somebody_elses_there_may_be_nobody() -> None:
    decoders = Decoders(TABLE, Clock(), only_hardware=True)
    assert not decoders.is_hopeless(everything)
    decoders.choose("H264", everything)
    assert not decoders.is_hopeless(everything)
    decoders.failed(FIRST, "gone", only_this_way=False, had_shown=False)
    assert decoders.is_hopeless(everything)
    with pytest.raises(NoDecoder, match=r"nvfirst has failed \(gone\)"):
        decoders.choose("H264", everything)
