"""Where pictures come from: the protocol of a source."""

from __future__ import annotations

from typing import Protocol

from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import Letterbox
from appliance.messages import SourceInfo


class Picture(Protocol):
    """One decoded frame, still as the decoder has it."""

    width: int
    height: int
    pts_ns: int
    """Media time: 0 at the beginning of the source, then as the source says."""

    def draw(self, network_input: Pixels, place: Letterbox, preview: Pixels) -> None:
        """Scale into the network's input, (H, W, 3) RGB at ``place``, and into the preview, I420 (h * 3 / 2, w)."""


class Source(Protocol):
    """An open video."""

    info: SourceInfo
    damaged: int
    """Stretches that could not be decoded so far."""

    def read(self) -> Picture | None:
        """The next picture, or None at the end; ``problem`` then says whether that was one."""

    def seek(self, pts_ns: int) -> bool:
        """Go back to a picture not later than ``pts_ns``; False where the source cannot, and stands at its beginning instead."""

    def close(self) -> None:
        """Let go of the file or the camera."""

    problem: str


def hidden(address: str) -> str:
    """The address without user and password, for people and logs."""
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://***@{host.rpartition('@')[2]}{slash}{path}" if separator and "@" in host else address
