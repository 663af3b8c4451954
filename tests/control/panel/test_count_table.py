"""The table of counts: nothing that was not seen is told as 0, and every column adds up."""

from __future__ import annotations

import pytest

from appliance.clock import NS_PER_MINUTE
from appliance.control.panel.count_content import counts_chart, counts_table
from appliance.control.panel.count_table import MOST_COLUMNS, CountTable, cameras_of, labels_of, table_of, without_gone
from appliance.control.panel.count_view import Compared
from appliance.control.panel.coverage_words import Sight, seeing
from appliance.control.panel.zone_table import zone_table_of
from appliance.ledger.queries import Bucket, Occupancy
from appliance.ledger.seen import Covered
from tests.ledger.asking import BERLIN, LATER_NS, at

HOUR_NS = 60 * NS_PER_MINUTE
NOON_NS = at("2026-05-04 12:00")
SEEN, BLIND = Covered(HOUR_NS, HOUR_NS, 9, 0), Covered(0, HOUR_NS, 0, 0)
NO_COUNTS: dict[tuple[str, ...], int] = {}


def hour(number: int, counts: dict[tuple[str, ...], int], coverage: dict[str, Covered]) -> Bucket:
    start_ns = NOON_NS + number * HOUR_NS
    return Bucket(start_ns, start_ns + HOUR_NS, counts, coverage, is_complete=True)


def table(*buckets: Bucket, compare: Compared = "direction", now_ns: int = LATER_NS) -> CountTable:
    return table_of(buckets, compare, "hour", now_ns, BERLIN)


def cells(found: CountTable) -> list[list[int | str]]:
    return [[cell.words if cell.number is None else cell.number for cell in (*row.cells, row.total)] for row in found.rows]


def test_a_quiet_hour_is_0_and_one_that_nobody_saw_is_not_seen() -> None:
    found = table(hour(0, {("in",): 2}, {"yard": SEEN}), hour(1, NO_COUNTS, {"yard": SEEN}), hour(2, NO_COUNTS, {"yard": BLIND}))
    assert cells(found) == [[2, 2], [0, 0], ["not seen", "not seen"]]
    assert [row.seeing.words for row in found.rows] == ["100 %", "100 %", "not seen"]
    shown = counts_table(found)
    assert [cell.words or cell.text for cell in shown.rows[2].cells] == ["not seen", "not seen"]
    assert counts_chart(found, "bars", "hour").series[0].values == (2, 0, None)


def test_before_anything_was_counted_at_nobody_looked() -> None:
    assert cells(table(hour(0, NO_COUNTS, {}))) == [["not seen"]]


def test_of_several_cameras_the_one_that_saw_nothing_is_named() -> None:
    both = {"gate": BLIND, "yard": SEEN}
    bucket = hour(0, {("yard",): 3}, both)
    totals = [("yard", "ramp", "in", "car", 3), ("gate", "bridge", "north", "car", 5)]
    found = table_of([bucket], "camera", "hour", LATER_NS, BERLIN, cameras_of(totals, "camera"))
    assert found.rows[0].seeing.words == "only 50 % seen; nothing by gate"
    directions = [hour(0, {("in",): 3, ("north",): 0}, both)]
    found = table_of(directions, "direction", "hour", LATER_NS, BERLIN, cameras_of(totals, "direction"))
    assert (found.names, cells(found)) == (("in", "north"), [[3, "not seen", 3]])


def test_columns_add_up_and_too_many_are_one() -> None:
    counts: dict[tuple[str, ...], int] = {(f"class{number:02d}",): number for number in range(1, 31)}
    found = table(hour(0, counts, {"yard": SEEN}), hour(1, counts, {"yard": SEEN}), compare="class")
    assert (len(found.names), found.names[0], found.names[-1]) == (MOST_COLUMNS, "class30", "21 others")
    assert found.hidden == 21
    assert sum(found.totals) == found.total == 2 * sum(counts.values())
    for row in found.rows:
        assert sum(cell.number or 0 for cell in row.cells) == row.total.number


def test_lines_of_several_cameras_have_their_cameras_name() -> None:
    found = table(hour(0, {("gate", "a"): 1, ("yard", "a"): 2}, {"yard": SEEN}), compare="line")
    assert found.names == ("yard / a", "gate / a")
    assert table(hour(0, {("yard", "a"): 2}, {"yard": SEEN}), compare="line").names == ("a",)


def test_what_begins_later_is_in_the_chart_alone() -> None:
    found = table(hour(0, NO_COUNTS, {"yard": SEEN}), hour(1, NO_COUNTS, {"yard": SEEN}), now_ns=NOON_NS + 1)
    assert (len(found.rows), [short for _, short in found.later]) == (1, ["13:00"])
    assert counts_chart(found, "bars", "hour").sights == ("seen", "future")


def test_a_camera_that_is_gone_is_missed_as_long_as_it_was_there() -> None:
    buckets = [hour(0, NO_COUNTS, {"old": BLIND}), hour(1, NO_COUNTS, {"old": SEEN}), hour(2, NO_COUNTS, {"old": BLIND})]
    assert [set(bucket.coverage) for bucket in without_gone(buckets, ())] == [{"old"}, {"old"}, set()]
    assert without_gone(buckets, ("old",)) == buckets


SIGHTS: tuple[tuple[dict[str, Covered], int, Sight, str], ...] = (
    ({"a": SEEN}, 0, "seen", "100 %"),
    ({"a": Covered(999, 1000, 1, 0)}, 0, "seen", "99 %"),
    ({"a": Covered(HOUR_NS // 2, HOUR_NS, 1, 0)}, 4, "low", "only 50 % seen"),
    ({"a": BLIND}, 0, "none", "not seen"),
    ({"a": BLIND}, 7, "untold", "coverage not known"),
    ({}, 0, "none", "not seen"),
    ({"a": Covered(0, 0, 0, 0)}, 0, "future", "later"),
    ({"a": Covered(0, NS_PER_MINUTE, 0, 0)}, 0, "new", "has just begun"),
    (dict.fromkeys("abcde", BLIND) | {"z": SEEN}, 0, "low", "only 16 % seen; nothing by a, b, c and 2 more"),
)


@pytest.mark.parametrize(("coverage", "count", "sight", "said"), SIGHTS)
def test_coverage_in_words(coverage: dict[str, Covered], count: int, sight: Sight, said: str) -> None:
    found = seeing(coverage, count)
    assert (found.sight, found.words) == (sight, said)


def test_the_hour_that_is_there_twice_in_autumn_has_two_names() -> None:
    first, second = at("2026-10-25T02:00+02:00"), at("2026-10-25T02:00+01:00")
    names = [labels_of(start_ns, start_ns + HOUR_NS, "hour", BERLIN, is_one_day=False)[0] for start_ns in (first, second)]
    assert len(set(names)) == 2
    assert all(name.startswith("Sun 25 Oct, 02:00–") for name in names)


def test_buckets_are_called_as_people_call_them() -> None:
    monday = at("2026-05-04")
    assert labels_of(NOON_NS, NOON_NS + HOUR_NS, "hour", BERLIN) == ("12:00–13:00", "12:00")
    assert labels_of(NOON_NS, NOON_NS + HOUR_NS, "hour", BERLIN, is_one_day=False) == ("Mon 4 May, 12:00–13:00", "4 May\n12:00")
    assert labels_of(monday, at("2026-05-05"), "day", BERLIN)[0] == "Mon 4 May 2026"
    assert labels_of(monday, at("2026-05-11"), "week", BERLIN)[0] == "Mon 4 May – Sun 10 May 2026"
    assert labels_of(at("2026-05-01"), at("2026-06-01"), "month", BERLIN)[0] == "May 2026"
    assert labels_of(at("2026-01-01"), at("2027-01-01"), "year", BERLIN)[0] == "2026"


def test_a_zone_that_nobody_looked_at_was_not_empty() -> None:
    rooms = [
        Occupancy(NOON_NS, NOON_NS + HOUR_NS, {("yard", "island"): (1.25, 3)}, is_complete=True),
        Occupancy(NOON_NS + HOUR_NS, NOON_NS + 2 * HOUR_NS, {("yard", "island"): (None, 0)}, is_complete=True),
    ]
    found = zone_table_of(rooms, [("yard", "island")], "hour", LATER_NS, BERLIN)
    assert [row.fillings[0].words for row in found.rows] == ["1.2", "not seen"]
    assert (found.names, found.most(0)) == (("island",), 3)
