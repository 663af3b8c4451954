"""How much of a time was seen, in words: nobody shall take a time that nobody looked at for a quiet one; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from appliance.ledger.seen import Covered

# Less than this is low, and said so.
LOW_SHARE = 0.9
# A minute is in the ledger some seconds after it is over; until then what has just begun cannot have been seen.
SETTLING_NS = 120 * 1_000_000_000
MOST_NAMED = 3

Sight = Literal["seen", "low", "none", "new", "future", "untold"]
"""``none``: not seen; ``new``: has just begun; ``future``: begins later; ``untold``: counted from a source that keeps no time."""


@dataclass(frozen=True, slots=True)
class Seeing:
    """How well somebody looked."""

    sight: Sight
    share: float
    """0 to 1."""
    words: str


def seeing(coverage: Mapping[str, Covered], count: int) -> Seeing:
    """Of some cameras together, in a time in which so many were counted."""
    possible_ns, covered_ns = (
        sum(one.possible_ns for one in coverage.values()),
        sum(one.covered_ns for one in coverage.values()),
    )
    share = covered_ns / possible_ns if possible_ns else 0.0
    if coverage and not possible_ns:
        return Seeing("future", 0.0, "later")
    if not covered_ns and count:
        return Seeing("untold", 0.0, "coverage not known")
    if not covered_ns and coverage and max(one.possible_ns for one in coverage.values()) < SETTLING_NS:
        return Seeing("new", 0.0, "has just begun")
    if not covered_ns:
        return Seeing("none", 0.0, "not seen")
    if share >= LOW_SHARE:
        return Seeing("seen", share, percent(share))
    return Seeing("low", share, f"only {percent(share)} seen{_blind(coverage)}")


def percent(share: float) -> str:
    """Cut off, so that only what is whole is 100 %."""
    return f"{int(share * 100 + 1e-9)} %"


def _blind(coverage: Mapping[str, Covered]) -> str:
    """Which of several cameras it was that saw nothing."""
    if len(coverage) < 2:
        return ""
    names = [name for name, one in sorted(coverage.items()) if not one.covered_ns]
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"; nothing by {', '.join(names[:MOST_NAMED])}{more}"
