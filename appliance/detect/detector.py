"""What runs a network: the protocol of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from appliance.boxes import Floats
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import InputRule


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """What an engine found in the model file; ``metadata`` is the file's own."""

    rule: InputRule
    metadata: dict[str, str]
    backend: str


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
