"""Our histograms as Prometheus has them: cumulative, in seconds, with fewer edges."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.latency import GROWTH, SHORTEST_NS, Buckets

# Every third of our edges, so each is 1.7 times the one before, from a millisecond to nearly a minute.
NUMBERS = range(0, 61, 3)
SIZES = (1, 2, 4, 8, 16, 32, 64)
EVERYTHING = "+Inf"

# The upper edge, as it is written, and how many are not above it.
Cumulative = list[tuple[str, float]]


def _edges() -> tuple[tuple[int, str], ...]:
    """How many of our buckets are below each edge, and the edge, seconds."""
    return tuple((number + 1, f"{SHORTEST_NS / 1e9 * GROWTH**number:.6g}") for number in NUMBERS)


EDGES = _edges()


def of_times(buckets: Buckets) -> Cumulative:
    """Of a histogram of times (see ``latency``)."""
    return [*((edge, sum(buckets[:number])) for number, edge in EDGES), (EVERYTHING, sum(buckets))]


def of_sizes(numbers: Mapping[int, int]) -> Cumulative:
    """Of how many there were of each size."""
    edges = [(str(edge), sum(number for size, number in numbers.items() if size <= edge)) for edge in SIZES]
    return [*edges, (EVERYTHING, sum(numbers.values()))]
