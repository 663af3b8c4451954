"""How long networks take, asked in turns, so that whatever else goes on in the computer hinders all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.detect.network import Network
from appliance.ipc.frame_ring import Pixels


@dataclass(frozen=True, slots=True)
class Rounds:
    """How many there are, besides the first: at least, at most, and where that is enough, no more after so long."""

    least: int = 5
    most: int = 30
    longest_ns: int = 8 * NS_PER_S


def in_turns(networks: Sequence[Network], batches: Sequence[Sequence[Pixels]], rounds: Rounds) -> list[float]:
    """The median time that each network, which must have nothing under way, takes for a picture of its batch, nanoseconds."""
    times_ns: list[list[float]] = [[] for _ in networks]
    until_ns = monotonic_ns() + rounds.longest_ns
    for number in range(rounds.most + 1):
        for network, batch, times in zip(networks, batches, times_ns):
            began_ns = monotonic_ns()
            network.submit(batch)
            network.collect()
            times.append((monotonic_ns() - began_ns) / len(batch))
        if number >= rounds.least and monotonic_ns() > until_ns:
            break
    # The first time is another one: something is made ready then.
    return [float(np.median(times[1:])) for times in times_ns]
