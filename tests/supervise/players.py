"""Small processes for the supervisor's tests: each plays one part, and ``settings`` says how."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import msgspec

from appliance.errors import Refusal
from appliance.ipc.channel import wait
from appliance.ipc.command import CommandLink
from appliance.ipc.frame_ring import FrameRing
from appliance.letterbox import InputRule
from appliance.messages.orders import Begin, Checkpoint, ModelInfo, SourceInfo
from appliance.supervise.spec import ProcessSpec

MODEL = ModelInfo(("car",), InputRule(), "paper")
SOURCE = SourceInfo(1280, 720, 25.0, 750, "pencil")


class Part(msgspec.Struct, frozen=True):
    """What a player is handed."""

    words: str = ""
    notes: str = ""
    """A file: what is written there depends on the player."""


NO_PART = Part()


def player(name: str, function: str, *, start_s: float = 20.0, silence_s: float = 20.0, part: Part = NO_PART) -> ProcessSpec:
    """The line of the map for a player; it works for the one camera."""
    settings = msgspec.json.encode(part).decode()
    return ProcessSpec(name, f"{__name__}:{function}", settings, start_s, silence_s)


def _serve(link: CommandLink) -> Begin | None:
    """One step of a main loop: the next order, if there is one."""
    wait((link,), 0.02)
    link.heart.frames += 1
    link.beat()
    order = link.take()
    return order if isinstance(order, Begin) else None


def decode(link: CommandLink, settings: str) -> None:
    """Opens the ring that it is given."""
    del settings
    link.ready()
    while not link.stopping:
        if (order := _serve(link)) is not None:
            FrameRing(order.ring, writable=True)
            link.began(order, source=SOURCE)


def detect(link: CommandLink, settings: str) -> None:
    """Knows the model."""
    del settings
    link.ready(MODEL)
    while not link.stopping:
        if (order := _serve(link)) is not None:
            link.began(order)


def stuck(link: CommandLink, settings: str) -> None:
    """The same; its first life ends with waiting for a device that is gone. Its notes tell of that."""
    part = msgspec.json.decode(settings, type=Part)
    link.ready(MODEL)
    while not link.stopping:
        if (order := _serve(link)) is not None:
            link.began(order)
            if not Path(part.notes).exists():
                Path(part.notes).touch()
                Path(part.words).exists()


def count(link: CommandLink, settings: str) -> None:
    """Its notes are a ledger of one number, the newest frame; at 100 the stream is over."""
    notes = Path(msgspec.json.decode(settings, type=Part).notes)
    link.ready()
    epoch = 0
    while not link.stopping:
        if (order := _serve(link)) is not None:
            epoch = order.epoch
            link.began(order, checkpoint=Checkpoint(_number_in(notes)))
        if epoch and _number_in(notes) >= 100:
            link.finished("yard", epoch, "")
            epoch = 0


def _number_in(notes: Path) -> int:
    return int(notes.read_text()) if notes.exists() else -1


def idle(link: CommandLink, settings: str) -> None:
    """Beats, and does what it is told."""
    del settings
    link.ready()
    while not link.stopping:
        _serve(link)


def never_ready(link: CommandLink, settings: str) -> None:
    """Is caught in its preparations."""
    del link, settings
    signal.pause()


def deaf(link: CommandLink, settings: str) -> None:
    """Does not stop when it is asked to."""
    del settings
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    link.ready()
    while True:
        _serve(link)


def crashing(link: CommandLink, settings: str) -> None:
    """Notes when it was started, and fails."""
    del link
    part = msgspec.json.decode(settings, type=Part)
    with Path(part.notes).open("a") as notes:
        notes.write(f"{time.monotonic()}\n")
    raise RuntimeError(part.words)


def refusing(link: CommandLink, settings: str) -> None:
    """Cannot work, and says why."""
    del link
    raise Refusal(msgspec.json.decode(settings, type=Part).words, usage=True)
