"""What GStreamer is asked to do: launch lines chosen by the elements that a machine has. Pure; elements are asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.errors import Refusal

# The way in which every pipeline ends: pictures in system memory, the newest ones, as soon as they are there. With B-frames
# several come at once.
TO_SINK = "appsink name=pictures sync=false max-buffers=4 drop={drops} emit-signals=false caps=video/x-raw,format=I420"
# How long rtspsrc puts packets in order before it gives them on.
JITTER_MS = 50

Has = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Decoder:
    """One way to decode a codec: elements from the parser to pictures in system memory."""

    element: str
    launch: str
    why: str


# The best one first. Of a stream that nobody can begin with, libav's elements would show grey.
DECODERS = {
    codec: (
        Decoder("nvv4l2decoder", f"{parser} ! nvv4l2decoder ! nvvidconv ! video/x-raw,format=I420", "Jetson's video engine"),
        Decoder(nvidia, f"{parser} ! {nvidia} ! videoconvert", "the GPU's video engine"),
        Decoder(libav, f"{parser} ! {libav} max-threads=1 output-corrupt=false ! videoconvert", "no hardware decoder is here"),
    )
    for codec, parser, nvidia, libav in (
        ("H264", "h264parse", "nvh264dec", "avdec_h264"),
        ("H265", "h265parse", "nvh265dec", "avdec_h265"),
    )
}
DEPAYLOADERS = {"H264": "rtph264depay", "H265": "rtph265depay"}


def decoder_for(codec: str, has: Has) -> Decoder:
    """The best decoder that is here; raises ``Refusal`` where there is none."""
    known = DECODERS.get(codec, ())
    for decoder in known:
        if has(decoder.element):
            return decoder
    if not known:
        raise Refusal(f"GStreamer is asked for H.264 or H.265, found {codec}")
    wanted = " or ".join(decoder.element for decoder in known)
    raise Refusal(f"GStreamer needs {wanted} for {codec}, found none of them (scripts/install --system)")


def after_rtsp(codec: str, has: Has) -> tuple[str, Decoder]:
    """From RTP packets to pictures, as a launch line without its sink, and what decodes."""
    decoder = decoder_for(codec, has)
    return f"{DEPAYLOADERS[codec]} ! {decoder.launch}", decoder


def of_launch_line(line: str) -> str:
    """A pipeline of somebody's own, made to end in pictures."""
    return f"{line.strip().rstrip('!').strip()} ! videoconvert ! {TO_SINK.format(drops='true')}"


def of_file(place: str) -> str:
    """Any file, every picture of it; whatever decodes it."""
    escaped = place.replace("\\", "\\\\").replace('"', '\\"')
    return f'filesrc location="{escaped}" ! decodebin ! videoconvert ! {TO_SINK.format(drops="false")}'
