"""Bars and lists of the camera's page as HTML: numbers, what was not seen, and names that are never markup."""

from __future__ import annotations

from datetime import timezone
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from appliance.clock import NS_PER_S
from appliance.control.panel.charts import Bar, axis_top, bar_chart
from appliance.control.panel.coverage_words import Seeing
from appliance.control.panel.crossing_list import clock_text, crossing_list
from appliance.control.panel.hours import bar_of
from appliance.ledger.queries import Bucket
from appliance.ledger.reader import KeptCrossing
from appliance.ledger.rollups import HOUR_NS
from appliance.ledger.seen import Covered

SEEN, UNSEEN, LATER = Seeing("seen", 1.0, "100 %"), Seeing("none", 0.0, "not seen"), Seeing("future", 0.0, "later")
EVIL = "<img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """All elements, with their classes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def a_crossing(**values: object) -> KeptCrossing:
    usual = {"sequence": 7, "event_id": "e", "run": "r", "camera": "gate", "line": "middle", "direction": "in"}
    rest = {"class_name": "car", "capture_ns": 0, "clock": "camera", "track_id": 1, "confidence": 0.5, "x": 0.0, "y": 0.0}
    return KeptCrossing(**{**usual, **rest, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 4), (1, 4), (4, 4), (5, 10), (10, 10), (11, 20), (39, 40), (41, 50), (51, 100), (999, 1000), (1001, 2000)],
)
def test_the_axis_ends_at_a_round_number(most: int, top: int) -> None:
    assert axis_top(most) == top


def test_what_nobody_has_seen_is_hatched_and_not_zero() -> None:
    bars = [Bar("0", "0 to 1", (0, 0), UNSEEN), Bar("1", "1 to 2", (0, 0), UNSEEN), Bar("2", "2 to 3", (3, 0), SEEN)]
    found = Elements(bar_chart("Today", ("in", "out"), [*bars, Bar("3", "3 to 4", (0, 0), LATER)]))
    [field] = found.of("s")
    assert field["style"] == "left:0.000%;width:50.000%"
    titles = [one["title"] for one in found.of("div") if one.get("class") == "column"]
    assert titles == ["0 to 1: not seen", "1 to 2: not seen", "2 to 3: in 3, out 0 (100 %)", "3 to 4: in 0, out 0 (later)"]
    assert [one["style"] for one in found.of("div") if one.get("class") == "series-0" and "style" in one] == [
        "height:max(2px,75.00%)"
    ]


def test_it_is_a_table_for_who_does_not_see_it() -> None:
    found = Elements(
        bar_chart("Today at middle", ("in", "out"), [Bar("2", "2 to 3", (3, 1), SEEN), Bar("3", "3 to 4", (0, 0), LATER)])
    )
    assert "Today at middle" in found.text
    assert len(found.of("tr")) == 2, "what is not yet is not told"
    assert found.text[found.text.index("2 to 3") :] == ["2 to 3", "3", "1", "100 %"]


def test_names_are_text() -> None:
    chart = Elements(bar_chart(EVIL, (EVIL, "out"), [Bar(EVIL, EVIL, (3, 0), Seeing("low", 0.5, EVIL))]))
    listed = Elements(
        crossing_list([a_crossing(line=EVIL, direction=EVIL, class_name=EVIL)], {(EVIL, EVIL): (0, "→")}, None, 0, 0)
    )
    assert (chart.of("img"), listed.of("img")) == ([], [])
    assert "".join(listed.text).count(EVIL) == 3


def test_crossings_are_told_by_their_time_and_the_new_ones_are_marked() -> None:
    day_ns = 20_000 * 24 * HOUR_NS
    crossings = [
        a_crossing(sequence=9, capture_ns=day_ns),
        a_crossing(sequence=8, capture_ns=day_ns - NS_PER_S, direction="away"),
    ]
    found = Elements(crossing_list(crossings, {("middle", "in"): (1, "↓")}, timezone.utc, day_ns, known=8))
    assert [row.get("class") for row in found.of("tr")] == [None, "fresh", None]
    assert [one["class"] for one in found.of("i")] == ["series-1"]
    assert "00:00:00" in found.text
    assert any(text.endswith("23:59:59") and len(text) == 19 for text in found.text)
    assert "Nothing has crossed" in crossing_list([], {}, None, 0, 0)


def test_times_are_of_the_site() -> None:
    summer_ns = 1_750_000_000 * NS_PER_S
    assert clock_text(summer_ns, ZoneInfo("Asia/Tokyo"), summer_ns) == "00:06:40"
    assert clock_text(summer_ns, ZoneInfo("Europe/Berlin"), summer_ns) == "17:06:40"


BUCKETS: dict[str, tuple[dict[str, Covered], dict[tuple[str, ...], int], int, str]] = {
    "seen": ({"gate": Covered(HOUR_NS, HOUR_NS, 9, 0)}, {("in",): 2}, HOUR_NS, "seen"),
    "quiet": ({"gate": Covered(HOUR_NS, HOUR_NS, 9, 0)}, {}, HOUR_NS, "seen"),
    "blind": ({"gate": Covered(0, HOUR_NS, 0, 0)}, {}, HOUR_NS, "none"),
    "before the line was there": ({}, {}, HOUR_NS, "none"),
    "half": ({"gate": Covered(HOUR_NS // 2, HOUR_NS, 9, 0)}, {}, HOUR_NS, "low"),
    "not yet, at a line that was never counted at": ({}, {}, 0, "future"),
    "of a file": ({}, {("in",): 2}, HOUR_NS, "untold"),
}


@pytest.mark.parametrize(("coverage", "counts", "now_ns", "sight"), BUCKETS.values(), ids=BUCKETS.keys())
def test_hours(coverage: dict[str, Covered], counts: dict[tuple[str, ...], int], now_ns: int, sight: str) -> None:
    bucket = Bucket(0, HOUR_NS, counts, coverage, is_complete=True)
    bar = bar_of(bucket, ("in", "out"), timezone.utc, now_ns)
    assert (bar.label, bar.title, bar.seeing.sight) == ("00", "00:00 to 01:00", sight)
    assert bar.numbers == (counts.get(("in",), 0), 0)
