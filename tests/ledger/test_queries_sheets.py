"""CSV for spreadsheets: what they see is what was counted, and no name is a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest

from appliance.clock import NS_PER_MINUTE
from appliance.ledger.ledger import Ledger
from appliance.ledger.pages import Page
from appliance.ledger.queries import Occupancy, Span
from appliance.ledger.rollups import QUARTER_NS
from appliance.ledger.sheets import counts_csv, crossings_csv, iso_time, occupancy_csv
from tests.ledger.asking import BERLIN, KATHMANDU, LATER_NS, UTC, a_crossing, asking, at, begin, keep, see

NOON_NS = at("2026-05-04 12:00")
HOSTILE = (
    '=HYPERLINK("http://127.0.0.1/";"x")',
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1",
    "\r=1",
    'quote " and, comma; and\nline',
    "<b>Tor</b>",
    "Straße 東京 🚚",
    "'",
    "",
)


def table(sheet: Iterable[bytes]) -> list[list[str]]:
    """As a program reads it that goes by the mark."""
    content = b"".join(sheet)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_name_is_a_name(path: Path, name: str) -> None:
    with closing(Ledger(path, "run1")) as ledger, asking(path) as queries:
        keep(ledger, a_crossing(NOON_NS, line=name, direction=name, class_name=name))
        crossings = table(crossings_csv(queries.page(Page()), BERLIN))
        counts = table(
            counts_csv(
                queries.counts(Span(NOON_NS, NOON_NS + 1, "hour", BERLIN), group_by=("line",), now_ns=LATER_NS), ["line"], UTC
            )
        )
    for rows in (crossings, counts):
        assert len(rows) == 2
        assert {len(row) for row in rows} == {len(rows[0])}
        for field in rows[1]:
            assert not field.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert crossings[1][3:6] == [crossings[1][3]] * 3
    assert crossings[1][3].removeprefix("'") == name.removeprefix("'")


def test_counts_line_by_line(path: Path) -> None:
    with closing(Ledger(path, "run1")) as ledger, asking(path) as queries:
        begin(ledger, NOON_NS)
        see(ledger, NOON_NS, 15)
        keep(ledger, *(a_crossing(NOON_NS, direction=way) for way in ("in", "in", "out")))
        span = Span(NOON_NS, NOON_NS + 2 * QUARTER_NS, "quarter", BERLIN)
        buckets = queries.counts(span, group_by=("direction",), now_ns=NOON_NS + 2 * QUARTER_NS)
    assert b"".join(counts_csv(buckets, ("direction",), BERLIN)).decode("utf-8-sig").split("\r\n") == [
        "start,end,direction,number,covered_s,possible_s,frames_seen,frames_skipped,complete,kept",
        "2026-05-04T12:00:00+02:00,2026-05-04T12:15:00+02:00,in,2,900.0,900.0,22485,15,yes,yes",
        "2026-05-04T12:00:00+02:00,2026-05-04T12:15:00+02:00,out,1,900.0,900.0,22485,15,yes,yes",
        "2026-05-04T12:15:00+02:00,2026-05-04T12:30:00+02:00,in,0,0.0,900.0,0,0,no,yes",
        "2026-05-04T12:15:00+02:00,2026-05-04T12:30:00+02:00,out,0,0.0,900.0,0,0,no,yes",
        "",
    ]


def test_each_camera_has_its_own_coverage(path: Path) -> None:
    with closing(Ledger(path, "run1")) as ledger, asking(path) as queries:
        for camera in ("yard", "road"):
            begin(ledger, NOON_NS, camera=camera)
            keep(ledger, a_crossing(NOON_NS, camera))
        see(ledger, NOON_NS, 5, "yard")
        buckets = queries.counts(Span(NOON_NS, NOON_NS + 1, "quarter", UTC), group_by=("camera",), now_ns=LATER_NS)
        assert [row[2:6] for row in table(counts_csv(buckets, ("camera",), UTC))[1:]] == [
            ["road", "1", "0.0", "900.0"],
            ["yard", "1", "300.0", "900.0"],
        ]


def test_where_nothing_was_counted_there_are_rows_all_the_same(path: Path) -> None:
    with closing(Ledger(path, "run1")), asking(path) as queries:
        buckets = queries.counts(Span(NOON_NS, NOON_NS + 2 * QUARTER_NS, "quarter", UTC), group_by=("line",), now_ns=LATER_NS)
        assert [row[2:8] for row in table(counts_csv(buckets, ("line",), UTC))[1:]] == [["", "0", "", "", "", ""]] * 2
        assert len(table(crossings_csv(queries.page(Page()), UTC))) == 1


def test_how_full_a_zone_was() -> None:
    end_ns = NOON_NS + NS_PER_MINUTE
    busy = Occupancy(NOON_NS, end_ns, {("yard", "=island"): (4 / 3, 2), ("yard", "lot"): (None, 0)}, True)
    assert [row[2:] for row in table(occupancy_csv([busy], UTC))] == [
        ["camera", "zone", "mean", "most", "complete"],
        ["yard", "'=island", "1.333", "2", "yes"],
        ["yard", "lot", "", "0", "yes"],
    ]


def test_times_say_how_far_they_are_from_utc() -> None:
    assert iso_time(NOON_NS, BERLIN) == "2026-05-04T12:00:00+02:00"
    assert iso_time(NOON_NS + 1_999_999, KATHMANDU) == "2026-05-04T15:45:00.001+05:45"
    assert iso_time(0, UTC) == "1970-01-01T00:00:00+00:00"
