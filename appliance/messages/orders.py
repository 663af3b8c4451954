"""What the supervisor tells its processes, and in which terms: models, sources, checkpoints; see ``ipc.command``."""

from __future__ import annotations

from appliance.letterbox import InputRule
from appliance.messages.message import Message


class ModelInfo(Message, frozen=True):
    """What the detector loaded, and on what it runs."""

    names: tuple[str, ...]
    rule: InputRule
    backend: str
    is_outdated: bool = False
    """Whether there is an engine of TensorRT's of it that fitted once, and does not any more."""


class SourceInfo(Message, frozen=True):
    """What a decoder opened; ``frames`` is what the container promises, 0 if it does not say."""

    width: int
    height: int
    frames_per_second: float
    frames: int
    decoder: str


class Checkpoint(Message, frozen=True):
    """The state after ``frame``, which no crossing outruns; frame -1 is the beginning."""

    frame: int = -1
    pts_ns: int = 0
    tracker: bytes = b""
    counter: bytes = b""


class Begin(Message, frozen=True):
    """Order: start this camera's ``epoch`` after the checkpoint. ``model`` and ``ring`` are known by the time it is given.

    ``settings`` are the camera's own, JSON, as of now: who gets the order may never have heard of this camera, or of these
    lines. ``shard`` is the track process that its boxes go to.
    """

    camera: str
    epoch: int
    checkpoint: Checkpoint
    model: ModelInfo
    ring: str
    settings: str = ""
    shard: str = ""


class Forget(Message, frozen=True):
    """Order: this camera is no more."""

    camera: str


class Describe(Message, frozen=True):
    """Order: these are the cameras now, their settings as JSON; on every start and whenever they change."""

    cameras: tuple[str, ...]


class Drain(Message, frozen=True):
    """Order: all has been counted; say so when all of it has been sent, too."""


class Rescale(Message, frozen=True):
    """Order to a decoder: from now on write pictures for a network with this rule, into this ring."""

    camera: str
    rule: InputRule
    ring: str


class Learn(Message, frozen=True):
    """Order to the counter, for the swap of that number: these are the classes now; those that were known have kept their
    numbers.
    """

    number: int
    names: tuple[str, ...]


class Switch(Message, frozen=True):
    """Order to the detector: load another network, and say when it is there. ``settings`` are its own with that network, JSON."""

    number: int
    settings: str


class Take(Message, frozen=True):
    """Order to the detector: ask the network that was loaded from now on, and watch how it does.

    ``names`` are the classes of the machine, in whose numbers it answers; ``gates``, JSON, is what it must keep to. One that
    ``is_proved`` already needs no pictures to be kept.
    """

    number: int
    names: tuple[str, ...]
    gates: str
    is_proved: bool = False


class Return(Message, frozen=True):
    """Order to the detector: ask the network again that was asked before."""

    number: int


class LearnAnew(Message, frozen=True):
    """From another program to the machine, and order to the detector: what this camera shows from now on is how it shall be."""

    camera: str
    author: str = ""


# To those who work on frames, and to those who tell others of the site.
Order = Begin | Forget | Rescale | Learn | Switch | Take | Return | LearnAnew


SiteOrder = Describe | Drain
