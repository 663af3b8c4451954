"""What runs a network: the protocol of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from appliance.boxes import Floats
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import USUAL_INPUT_PX, InputRule

# Characters.
MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """What an engine found in the model file; ``metadata`` is the file's own."""

    rule: InputRule
    metadata: dict[str, str]
    backend: str
    passed_over: tuple[str, ...] = ()
    """Why it is not another backend that comes first; sentences."""
    is_outdated: bool = False
    """Whether one of those had an engine that fitted once,"""
    is_missed: bool = False
    """or had one built here at all: whoever built it wants it used."""


def input_rule(shape: Sequence[int | None], size_px: int | None) -> InputRule:
    """What a network takes whose input has this shape, None for what is open; raises ``Refusal`` where no picture would fit."""
    if len(shape) == 4:
        batch, channels, height, width = shape
        if batch in (1, None) and channels in (3, None) and (height is None) == (width is None):
            return InputRule(
                size_px=size_px or USUAL_INPUT_PX, fixed=None if height is None or width is None else (height, width)
            )
    found = ", ".join("?" if side is None else str(side) for side in shape)
    raise Refusal(
        "the model's input must be (N, 3, H, W), with N open or 1, and H and W both open or both given, "
        f"found ({found}), with ? for what is open"
    )


def last_words(error: Exception) -> str:
    """The end of what a library says, on one line; its beginning is mostly about the library."""
    text = " ".join(str(error).split())
    return text if len(text) <= MOST_WORDS else "… " + text[-MOST_WORDS:].partition(" ")[2]


class Engine(Protocol):
    """A loaded network. Batches are answered in the order in which they were submitted.

    ``capacity`` batches may be under way at once, each of at most ``max_batch`` pictures of one size.
    """

    info: NetworkInfo
    capacity: int
    max_batch: int

    def submit(self, pictures: Sequence[Pixels]) -> None:
        """Start on a batch of (H, W, 3) RGB pictures, which must stay untouched until it is collected."""

    def collect(self) -> Floats:
        """The output (N, …) of the oldest batch, valid until the next ``submit``; waits for it."""

    def close(self) -> None:
        """Let go of the model."""
