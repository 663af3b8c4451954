"""How full the zones were, as rows of a table: mean and most of each zone in each bucket; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from appliance.control.panel.count_table import is_one_day, labels_of
from appliance.ledger.buckets import BucketLength
from appliance.ledger.queries import Occupancy

Zone = tuple[str, str]
"""Camera and zone."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Of one zone in one bucket; ``mean`` is None where it was not seen."""

    mean: float | None
    most: int

    @property
    def words(self) -> str:
        """For a cell."""
        return "not seen" if self.mean is None else f"{self.mean:.1f}"


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """One bucket."""

    start_ns: int
    label: str
    short: str
    fillings: tuple[Filling, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """The whole of it, without what begins later than now."""

    names: tuple[str, ...]
    rows: tuple[ZoneRow, ...]

    def most(self, number: int) -> int:
        """The most at once in one of the zones."""
        return max((row.fillings[number].most for row in self.rows), default=0)


def zone_table_of(
    found: Sequence[Occupancy], zones: Sequence[Zone], length: BucketLength, now_ns: int, zone: tzinfo | None
) -> ZoneTable:
    """What the ledger has answered for these zones, as people read it."""
    several = len({camera for camera, _ in zones}) > 1
    one_day = is_one_day(found, zone)
    rows = []
    for bucket in found:
        if bucket.start_ns >= now_ns:
            continue
        fillings = tuple(Filling(*bucket.zones.get(place, (None, 0))) for place in zones)
        label, short = labels_of(bucket.start_ns, bucket.end_ns, length, zone, is_one_day=one_day)
        rows.append(ZoneRow(bucket.start_ns, label, short, fillings, bucket.is_complete))
    return ZoneTable(tuple(f"{camera} / {name}" if several else name for camera, name in zones), tuple(rows))
