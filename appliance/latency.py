"""How long things took, as a histogram that can be added up over processes and time."""

from __future__ import annotations

import math

# From one bucket to the next; what is read from the histogram is right within it.
GROWTH = 1.2
SHORTEST_NS = 1_000_000
# The last one holds all above 12 minutes.
BUCKETS = 75

Buckets = tuple[int, ...]
NONE: Buckets = (0,) * BUCKETS


def bucket_of(latency_ns: int) -> int:
    """The bucket, from 0, that a latency belongs to."""
    if latency_ns <= SHORTEST_NS:
        return 0
    return min(BUCKETS - 1, math.ceil(math.log(latency_ns / SHORTEST_NS, GROWTH)))


def added(one: Buckets, other: Buckets) -> Buckets:
    """Both together."""
    return tuple(a + b for a, b in zip(one, other))


def quantile_ns(buckets: Buckets, share: float) -> int:
    """What ``share`` (0..1) of all latencies are not above: the upper edge of their bucket; 0 where there are none."""
    wanted, found = share * sum(buckets), 0
    for number, count in enumerate(buckets):
        found += count
        if found >= wanted and found:
            return round(SHORTEST_NS * GROWTH**number)
    return 0
