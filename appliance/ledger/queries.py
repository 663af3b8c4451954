"""What people ask a ledger: how many in each bucket of time and how much of it was seen, which crossings, how full a zone was.

Where nothing is, a bucket is there all the same: without counts and with coverage nothing went by, without coverage nobody saw.
A crossing is in the bucket of its minute, as in the intervals, so that intervals, minutes and years tell the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path

import msgspec

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.errors import Refusal
from appliance.ledger.buckets import BucketLength, bounds_ns
from appliance.ledger.choice import EVERYTHING, Attribute, Choice, kinds_of, one_moment
from appliance.ledger.occupancy import PRESENT_MINUTES, PRESENT_QUARTERS, Presences, presences, zones_of
from appliance.ledger.pages import Page, page
from appliance.ledger.reader import KeptCrossing, LedgerReader
from appliance.ledger.rollups import QUARTER_NS
from appliance.ledger.seen import MINUTES, QUARTERS, Covered, Life, covered, lives_ns
from appliance.ledger.tallies import Tallies, groups_among, tallies_of_crossings, tallies_of_sums

# In one answer: groups, cameras and zones, in each of its buckets.
MOST_NUMBERS = 500_000
# After the end of a bucket; then its last interval is closed, and nothing can come into it any more.
SETTLED_NS = 10 * NS_PER_S


class Span(msgspec.Struct, frozen=True):
    """A time, wall clock, in buckets that hold all of it: the first and the last may reach further."""

    from_ns: int
    to_ns: int
    length: BucketLength
    zone: tzinfo | None = None
    """None: that of the computer."""


class Bucket(msgspec.Struct, frozen=True):
    """What was counted and seen from one moment to another; wall clock."""

    start_ns: int
    end_ns: int
    counts: dict[tuple[str, ...], int]
    """By the values of what was asked to group by; what is not there is 0."""
    coverage: dict[str, Covered]
    """By camera, of those that had begun and had not ended."""
    is_complete: bool
    """Whether it is over, and can change no more."""
    is_kept: bool = True
    """False for minutes of which the ledger has only the sums any more: then their counts and coverage are too small."""

    @property
    def total(self) -> int:
        """Of all groups."""
        return sum(self.counts.values())

    @property
    def seen(self) -> Covered:
        """Of all cameras together."""
        each = self.coverage.values()
        return Covered(
            sum(one.covered_ns for one in each),
            sum(one.possible_ns for one in each),
            sum(one.frames for one in each),
            sum(one.skipped for one in each),
        )


class Occupancy(msgspec.Struct, frozen=True):
    """Who was in the zones from one moment to another; wall clock."""

    start_ns: int
    end_ns: int
    zones: dict[tuple[str, str], tuple[float | None, int]]
    """By camera and zone: how many on average while it was seen, None where it was not, and the most at once."""
    is_complete: bool


class Queries(LedgerReader):
    """Answers from one ledger while another process writes it."""

    def __init__(self, path: Path, in_force: frozenset[str] | None = None) -> None:
        """``in_force``: the cameras that there are now, all others have ended; None where nobody knows."""
        super().__init__(path)
        self._in_force = in_force

    def counts(
        self, span: Span, choice: Choice = EVERYTHING, group_by: tuple[Attribute, ...] = (), *, now_ns: int
    ) -> list[Bucket]:
        """How many of these there were in every bucket of the time."""
        bounds = bounds_ns(span.from_ns, span.to_ns, span.length, span.zone)
        with one_moment(self._connection):
            lives = lives_ns(self._connection, choice, self._in_force)
            _refuse_too_many(len(groups_among(kinds_of(self._connection, choice), group_by)) + len(lives), bounds)
            if span.length == "minute":
                return self._minutes(bounds, choice, group_by, lives, now_ns)
            tallies = tallies_of_sums(self._connection, bounds, choice, group_by)
            coverage = covered(self._connection, bounds, lives, QUARTERS, now_ns)
        return _buckets(bounds, tallies, coverage, now_ns)

    def occupancy(self, span: Span, choice: Choice = EVERYTHING, *, now_ns: int) -> list[Occupancy]:
        """How many were in each of these zones (``choice.lines``) in every bucket; minutes as far as they are kept."""
        bounds = bounds_ns(span.from_ns, span.to_ns, span.length, span.zone)
        source, cover = (PRESENT_MINUTES, MINUTES) if span.length == "minute" else (PRESENT_QUARTERS, QUARTERS)
        with one_moment(self._connection):
            lives = lives_ns(self._connection, choice, self._in_force)
            zones = zones_of(self._connection, choice)
            _refuse_too_many(len(zones) + len(lives), bounds)
            found = presences(self._connection, bounds, zones, source)
            coverage = covered(self._connection, bounds, lives, cover, now_ns)
        return [
            Occupancy(start_ns, end_ns, _means(zones, seen), end_ns + SETTLED_NS <= now_ns)
            for start_ns, end_ns, zones, seen in zip(bounds, bounds[1:], found, coverage)
        ]

    def page(self, wanted: Page, choice: Choice = EVERYTHING) -> list[KeptCrossing]:
        """Crossings of these, in the order of counting or from the newest back."""
        with one_moment(self._connection):
            return page(self._connection, wanted, choice)

    def _minutes(
        self, bounds: Sequence[int], choice: Choice, group_by: tuple[Attribute, ...], lives: dict[str, Life], now_ns: int
    ) -> list[Bucket]:
        """Looked at in full quarters of an hour, to know whether the sums know more."""
        first_ns, last_ns = bounds[0] - bounds[0] % QUARTER_NS, bounds[-1] + -bounds[-1] % QUARTER_NS
        minutes, quarters = range(first_ns, last_ns + 1, NS_PER_MINUTE), range(first_ns, last_ns + 1, QUARTER_NS)
        fine = _buckets(
            minutes,
            tallies_of_crossings(self._connection, minutes, choice, group_by),
            covered(self._connection, minutes, lives, MINUTES, now_ns),
            now_ns,
        )
        coarse = _buckets(
            quarters,
            tallies_of_sums(self._connection, quarters, choice, ()),
            covered(self._connection, quarters, lives, QUARTERS, now_ns),
            now_ns,
        )
        each = QUARTER_NS // NS_PER_MINUTE
        kept = [_has_all(fine[number * each : (number + 1) * each], quarter) for number, quarter in enumerate(coarse)]
        return [
            bucket if kept[number // each] else msgspec.structs.replace(bucket, is_kept=False)
            for number, bucket in enumerate(fine)
            if bounds[0] <= bucket.start_ns < bounds[-1]
        ]


def _refuse_too_many(each: int, bounds: Sequence[int]) -> None:
    buckets = len(bounds) - 1
    if each * buckets > MOST_NUMBERS:
        raise Refusal(
            f"at most {MOST_NUMBERS} numbers are told at once, found {each} in each of {buckets} buckets;"
            " ask for a shorter time, for longer buckets, or for fewer groups and cameras",
            usage=True,
        )


def _buckets(bounds: Sequence[int], tallies: list[Tallies], coverage: list[dict[str, Covered]], now_ns: int) -> list[Bucket]:
    return [
        Bucket(start_ns, end_ns, counts, seen, end_ns + SETTLED_NS <= now_ns)
        for start_ns, end_ns, counts, seen in zip(bounds, bounds[1:], tallies, coverage)
    ]


def _has_all(minutes: list[Bucket], quarter: Bucket) -> bool:
    """Whether the minutes add up to what their quarter of an hour knows."""
    frames = sum(minute.seen.frames for minute in minutes)
    return sum(minute.total for minute in minutes) >= quarter.total and frames >= quarter.seen.frames


def _means(zones: Presences, seen: dict[str, Covered]) -> dict[tuple[str, str], tuple[float | None, int]]:
    means: dict[tuple[str, str], tuple[float | None, int]] = {}
    for (camera, zone), (time_ns, most) in zones.items():
        covered_ns = seen[camera].covered_ns if camera in seen else 0
        means[camera, zone] = (time_ns / covered_ns if covered_ns else None, most)
    return means
