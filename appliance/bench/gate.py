"""What a continuous integration may ask of a machine that it shares: ratios, with slack."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.bench.row import Row, number
from appliance.errors import Refusal

# A figure may be so many times worse than its target.
SLACK = 2.0


def refuse_bad(rows: Sequence[Row]) -> None:
    """Fail where something could not be measured, or is far from its target."""
    faults = [fault for row in rows if (fault := fault_of(row))]
    if faults:
        raise Refusal(f"{len(faults)} of {len(rows)} rows fail the gate: {'; '.join(faults)}")


def fault_of(row: Row) -> str:
    """What is wrong with a row; nothing where it is good enough, or has nothing to be judged by."""
    if row.has_failed:
        return f"{row.part}, {row.what}: {row.note}"
    if row.target is None or row.figure is None or not row.is_gated or row.target.is_met(row.figure, SLACK):
        return ""
    against = f" ({row.against})" if row.against else ""
    wanted = f"{row.target.in_words()} {row.unit}, within a factor of {SLACK:g}"
    return f"{row.part}, {row.what}{against}: {wanted}, is wanted, found {number(row.figure)}"
