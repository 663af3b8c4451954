"""Where pictures come from: the protocol of a source, and what all sources say alike."""

from __future__ import annotations

import os
from typing import Protocol

from appliance.access.hiding import hidden_in, without_parameters
from appliance.clock import NS_PER_S
from appliance.decode.demand import Demand
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import Letterbox
from appliance.messages.orders import SourceInfo


class NoAnswer(Refusal):
    """There is nobody at a camera's address, as far as one can tell from here."""


class Picture(Protocol):
    """One decoded frame, still as the decoder has it; its size is that of the upright picture."""

    width: int
    height: int
    pts_ns: int
    """Media time: 0 at the beginning of the source, then as the source says, and always later than the one before."""
    sent_ns: int | None
    """Wall clock (UTC) of the capture by the camera's own clock, where it tells."""

    def draw(self, network_input: Pixels, place: Letterbox, preview: Pixels) -> None:
        """Scale into the network's input, (H, W, 3) RGB at ``place``, and into the preview, I420 (h * 3 / 2, w)."""

    def to_bgr(self) -> Pixels:
        """The whole picture as (H, W, 3) BGR, for drawing on."""


class Source(Protocol):
    """An open video."""

    info: SourceInfo
    damaged: int
    """Stretches that could not be decoded so far, or not well."""

    def read(self) -> Picture | None:
        """The next picture, or None at the end; ``problem`` then says whether that was one."""

    def serve(self, demand: Demand) -> None:
        """What pictures are only drawn for from now on, so that a device that scales may give smaller ones: such a picture still
        says the camera's size, but ``to_bgr`` has no more than was given. Until then every picture is whole.
        """

    def seek(self, pts_ns: int) -> bool:
        """Go to a picture not later than ``pts_ns``; False where the source cannot, and stands anywhere."""

    def restart(self) -> None:
        """Go back to the first picture."""

    def close(self) -> None:
        """Let go of the file or the camera."""

    problem: str


def is_webcam(address: str) -> bool:
    """Whether it is the number or the device of a webcam."""
    return address.isdigit() or address.startswith("/dev/video")


def is_file(address: str) -> bool:
    """Whether it is neither a webcam nor something on the network."""
    return "://" not in address and not is_webcam(address) and not is_launch_line(address)


def is_launch_line(address: str) -> bool:
    """Whether it is a pipeline for GStreamer, ``gst:videotestsrc ! …``."""
    return address.startswith("gst:")


def check_file(address: str) -> None:
    """Refuse what is not a file that can be read."""
    if not os.path.exists(address):
        raise Refusal(f"a video file is wanted, but {address} does not exist", usage=True)
    if not os.path.isfile(address):
        raise Refusal(f"a video file is wanted, but {address} is not a file", usage=True)
    if not os.access(address, os.R_OK):
        raise Refusal(f"a video file is wanted, but {address} may not be read", usage=True)
    if os.path.getsize(address) == 0:
        raise Refusal(f"a video file is wanted, but {address} is empty")


def without_frames(address: str) -> str:
    """The sentence for a video that shows nothing."""
    return f"{hidden(address)} must contain at least one frame, found none that can be decoded"


def without_pictures(address: str, silent_s: float) -> str:
    """The sentence for a camera that is there, and shows nothing."""
    return f"{hidden(address)} has sent no picture for {silent_s:.1f} s"


def cut_short(address: str, promised_ns: int, last_ns: int, frame_ns: int) -> str:
    """The sentence for a file that ends long before it said it would; empty where it does not."""
    if promised_ns - (last_ns + frame_ns) <= max(NS_PER_S, 3 * frame_ns):
        return ""
    return (
        f"{address} is cut short: {promised_ns / NS_PER_S:.1f} s of video wanted, "
        f"the last frame found is at {last_ns / NS_PER_S:.1f} s"
    )


def hidden(address: str) -> str:
    """The address without user and password, for people and logs; also where they are part of a path or of parameters."""
    if is_launch_line(address):
        return hidden_in(address)
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}://***@{host.rpartition('@')[2]}{slash}{path}" if separator and "@" in host else address
    return without_parameters(shown) if separator else shown
