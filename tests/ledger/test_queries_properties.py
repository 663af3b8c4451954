"""Whatever was counted, and however it is asked for: buckets hold every crossing of their time once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.clock import NS_PER_MINUTE
from appliance.ledger.buckets import SHORTEST_NS, BucketLength
from appliance.ledger.choice import ATTRIBUTES, Attribute, Choice
from appliance.ledger.ledger import Ledger
from appliance.ledger.queries import Span
from appliance.ledger.records import CrossingRecord
from appliance.ledger.rollups import DAY_NS, NUMBER
from tests.ledger.asking import LATER_NS, a_crossing, asking, at, keep
from tests.ledger.keeping import column

START_NS = at("2026-03-01")
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham"]
).map(ZoneInfo)
# Around two changes of clocks, and years apart.
TIMES = st.one_of(
    st.integers(START_NS, START_NS + 60 * DAY_NS),
    st.integers(at("2026-03-28 23:00"), at("2026-03-29 05:00")),
    st.integers(at("2026-04-04 12:00"), at("2026-04-05 12:00")),
    st.integers(START_NS, START_NS + 900 * DAY_NS),
)
NAMES = st.sampled_from(["a", "b"])


@st.composite
def crossings(draw: st.DrawFn) -> CrossingRecord:
    time_ns = draw(TIMES)
    late = draw(st.sampled_from([None, None, 0, time_ns - time_ns % NS_PER_MINUTE + 2 * NS_PER_MINUTE]))
    return a_crossing(time_ns, draw(NAMES), draw(NAMES), draw(NAMES), draw(NAMES), minute_ns=late)


def counted_ns(record: CrossingRecord) -> int:
    return record.minute_ns or record.capture_ns


@settings(max_examples=80)
@given(
    st.lists(crossings(), max_size=40),
    TIMES,
    st.integers(1, 40),
    st.sampled_from(sorted(SHORTEST_NS)),
    ZONES,
    st.lists(NAMES, max_size=1),
    st.lists(st.sampled_from(ATTRIBUTES), unique=True),
)
def test_sums_over_buckets_are_the_crossings_of_their_time(
    records: list[CrossingRecord],
    from_ns: int,
    number: int,
    length: BucketLength,
    zone: ZoneInfo,
    cameras: list[str],
    group_by: list[Attribute],
) -> None:
    choice = Choice(cameras=tuple(cameras))
    with TemporaryDirectory() as folder:
        path = Path(folder, "ledger.sqlite")
        with closing(Ledger(path, "run1")) as ledger:
            keep(ledger, *records)
            span = Span(from_ns, from_ns + number * SHORTEST_NS[length], length, zone)
            with asking(path) as queries:
                buckets = queries.counts(span, choice, tuple(group_by), now_ns=LATER_NS)
            kept = b"".join(bytes(blob) for blob in column(path, "SELECT numbers FROM quarters") if isinstance(blob, bytes))
            total = column(path, "SELECT COALESCE(SUM(total), 0) FROM totals")
    assert [sum(number for (number,) in NUMBER.iter_unpack(kept))] == total == [len(records)]
    assert buckets[0].start_ns <= span.from_ns < buckets[0].end_ns
    assert buckets[-1].start_ns < span.to_ns <= buckets[-1].end_ns
    assert all(one.end_ns == other.start_ns for one, other in zip(buckets, buckets[1:])), "no time is in none or in two"
    for bucket in buckets:
        within = [record for record in records if bucket.start_ns <= counted_ns(record) < bucket.end_ns]
        expected: dict[tuple[str, ...], int] = {}
        for record in within:
            if not cameras or record.camera in cameras:
                kind = dict(zip(ATTRIBUTES, (record.camera, record.line, record.direction, record.class_name)))
                group = tuple(kind[name] for name in group_by)
                expected[group] = expected.get(group, 0) + 1
        assert bucket.counts == expected
        assert bucket.is_kept
