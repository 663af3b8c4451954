"""A look through a camera: its first picture, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings
from appliance.decode.choice import live_source, open_source
from appliance.decode.live_source import LiveSource
from appliance.decode.source import Picture
from appliance.errors import Refusal
from appliance.messages.orders import SourceInfo

PATIENCE_S = 25.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What came first."""

    picture: Picture
    info: SourceInfo
    took_s: float
    is_live: bool


@contextmanager
def first_picture(camera: CameraSettings, login: str | None = None) -> Iterator[Seen]:
    """Inside, the camera is connected; raises ``Refusal`` where it shows nothing.

    ``login`` is for one whose password is kept nowhere yet; left out, it is what the settings name.
    """
    began_ns = monotonic_ns()
    # Some cameras, and busy computers, take longer for the first picture than for any other.
    live = live_source(camera.model_copy(update={"stall_s": max(camera.stall_s, PATIENCE_S)}), login)
    if live is not None:
        with closing(live):
            picture, info = _picture_of(live, began_ns)
            yield Seen(picture, info, (monotonic_ns() - began_ns) / NS_PER_S, is_live=True)
        return
    with closing(open_source(camera)) as source:
        first = source.read()
        if first is None:
            raise Refusal(source.problem)
        yield Seen(first, source.info, (monotonic_ns() - began_ns) / NS_PER_S, is_live=False)


def _picture_of(live: LiveSource, began_ns: int) -> tuple[Picture, SourceInfo]:
    while (picture := live.read()) is None or live.info is None:
        if live.condition.state == "down" or monotonic_ns() - began_ns > PATIENCE_S * NS_PER_S:
            raise Refusal(live.condition.reason or "no picture came")
    return picture, live.info
