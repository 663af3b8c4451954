"""What the counts page shows is in its address, and nothing in an address can break it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.control.panel.count_view import (
    BUCKETS,
    COMPARED,
    MOST_BARS,
    RANGES,
    ChartKind,
    CountView,
    RangeName,
    Shown,
    field_text,
    groups_of,
    moment_ns,
    period_of,
    query_of,
    sensible,
    view_of,
)
from appliance.errors import Refusal
from appliance.ledger.buckets import bounds_ns
from appliance.ledger.choice import Choice
from tests.ledger.asking import BERLIN, at

NOW_NS = at("2026-11-21 17:45")
NAMES = st.lists(st.text(max_size=12), max_size=3, unique=True).map(tuple)
VIEWS = st.builds(
    CountView,
    range=st.sampled_from(tuple(RANGES)),
    bucket=st.sampled_from((None, *BUCKETS)),
    choice=st.builds(Choice, NAMES, NAMES, NAMES, NAMES),
    compare=st.sampled_from(tuple(COMPARED)),
    chart=st.sampled_from(get_args(ChartKind)),
    shown=st.sampled_from(get_args(Shown)),
)


def query(view: CountView) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in query_of(view):
        found.setdefault(name, []).append(value)
    return found


@given(VIEWS)
def test_the_address_of_a_view_is_that_view(view: CountView) -> None:
    if view.range == "custom":
        view = replace(view, start="2026-11-01T00:00", end="2026-11-02T12:30")
    assert view_of(query(view)) == view


@given(
    st.dictionaries(st.sampled_from(["range", "from", "to", "bucket", "by", "camera", "chart", "show", "x"]), st.lists(st.text()))
)
def test_no_address_can_break_it(words: dict[str, list[str]]) -> None:
    view = view_of(words)
    try:
        period = period_of(view, NOW_NS, BERLIN)
    except Refusal:
        return
    assert period.bucket in period.buckets
    assert len(bounds_ns(period.from_ns, period.to_ns, period.bucket, BERLIN)) <= MOST_BARS + 60


TIMES: tuple[tuple[RangeName, str, str], ...] = (
    ("today", "2026-11-21", "2026-11-22"),
    ("yesterday", "2026-11-20", "2026-11-21"),
    ("7days", "2026-11-15", "2026-11-22"),
    ("30days", "2026-10-23", "2026-11-22"),
    ("year", "2025-12-01", "2026-11-22"),
)


@pytest.mark.parametrize(("name", "first", "last"), TIMES)
def test_times_begin_and_end_at_midnights_of_the_site(name: RangeName, first: str, last: str) -> None:
    period = period_of(CountView(name), NOW_NS, BERLIN)
    assert (period.from_ns, period.to_ns) == (at(first), at(last))


def test_buckets_are_those_that_make_sense() -> None:
    day, year = at("2026-11-21"), at("2025-11-21")
    assert sensible(day, at("2026-11-22")) == ("minute", "quarter", "hour", "day")
    assert sensible(at("2026-11-15"), at("2026-11-22")) == ("quarter", "hour", "day", "week")
    assert sensible(at("2026-10-22"), at("2026-11-21")) == ("hour", "day", "week", "month")
    assert sensible(year, day) == ("day", "week", "month", "year")
    assert sensible(day, day + 10 * NS_PER_S) == ("minute",)
    assert sensible(0, at("2199-01-01")) == ("year",)


def test_a_bucket_that_does_not_fit_gives_way_to_the_usual_one() -> None:
    assert period_of(CountView("30days", bucket="minute"), NOW_NS, BERLIN).bucket == "day"
    assert period_of(CountView("7days", bucket="quarter"), NOW_NS, BERLIN).bucket == "quarter"
    custom = CountView("custom", "2026-11-21T08:00", "2026-11-21T08:30")
    assert period_of(custom, NOW_NS, BERLIN).bucket == "minute"


@pytest.mark.parametrize(("start", "end"), [("", ""), ("2026-11-21T08:00", ""), ("yesterday", "2026-11-21T08:00")])
def test_half_a_time_is_asked_for_the_other_half(start: str, end: str) -> None:
    with pytest.raises(Refusal, match="when the time begins and when it ends"):
        period_of(CountView("custom", start, end), NOW_NS, BERLIN)


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Refusal, match="has to come after the beginning"):
        period_of(CountView("custom", "2026-11-21T08:00", "2026-11-21T07:00"), NOW_NS, BERLIN)


@pytest.mark.parametrize("zone", [BERLIN, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")], ids=str)
def test_a_field_holds_a_time_of_the_site(zone: ZoneInfo) -> None:
    minute_ns = NOW_NS - NOW_NS % NS_PER_MINUTE
    assert moment_ns(field_text(minute_ns, zone), zone) == minute_ns


def test_two_lines_of_one_name_are_two_lines() -> None:
    assert groups_of("line") == ("camera", "line")
