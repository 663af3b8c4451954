"""Crossings page by page: each of them once, in order, also while others are counted or deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.ledger.choice import Choice
from appliance.ledger.cleaning import Limits
from appliance.ledger.ledger import Ledger
from appliance.ledger.pages import Page
from appliance.ledger.queries import Queries
from appliance.ledger.reader import KeptCrossing
from tests.ledger.asking import a_crossing, asking, at, keep
from tests.ledger.keeping import ROOM, rows

NOON_NS = at("2026-05-04 12:00")
CLASSES = ("car", "car", "car", "truck", "bus")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite", "run1")) as ledger:
        yield ledger


@pytest.fixture
def queries(ledger: Ledger) -> Iterator[Queries]:
    with asking(ledger.path) as queries:
        yield queries


def fill(ledger: Ledger, first: int, number: int) -> None:
    """A crossing every minute, of two cameras in turn; of five, the fourth is a truck and the fifth a bus."""
    keep(
        ledger,
        *(
            a_crossing(NOON_NS + each * NS_PER_MINUTE, ("yard", "road")[each % 2], class_name=CLASSES[each % 5])
            for each in range(first, first + number)
        ),
    )


def sequences(found: list[KeptCrossing]) -> list[int]:
    return [crossing.sequence for crossing in found]


CHOICES: tuple[tuple[Choice, set[int]], ...] = (
    (Choice(), set(range(1, 101))),
    (Choice(("yard",)), set(range(1, 101, 2))),
    (Choice(classes=("truck", "bus")), {number for number in range(1, 101) if number % 5 in (4, 0)}),
    (Choice(("road",), ("gate",), ("in",), ("bus",)), set(range(10, 101, 10))),
    (Choice(directions=("out",)), set()),
    (Choice(classes=("' OR 1 = 1 --",)), set()),
)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("most", [1, 7, 100])
@pytest.mark.parametrize(("choice", "wanted"), CHOICES)
def test_pages_hold_each_crossing_once_while_others_are_counted(
    ledger: Ledger, queries: Queries, newest_first: bool, most: int, choice: Choice, wanted: set[int]
) -> None:
    fill(ledger, 0, 100)
    pages: list[int] = []
    cursor = None
    while found := sequences(queries.page(Page(most, newest_first, cursor), choice)):
        assert len(found) <= most
        pages += found
        cursor = found[-1]
        if cursor <= 100:
            fill(ledger, 100 + 3 * len(pages), 3)
    assert pages == sorted(set(pages), reverse=newest_first), "in order, and none twice"
    known = {sequence for sequence in pages if sequence <= 100}
    assert known == wanted
    if not newest_first and pages:
        [(newest,)] = rows(ledger.path, "SELECT MAX(sequence) FROM crossings")
        assert pages[-1] > newest - 10, "what is counted meanwhile is on the last pages"


def test_a_page_tells_all_of_a_crossing(ledger: Ledger, queries: Queries) -> None:
    record = a_crossing(NOON_NS + 1, class_name="tram")
    keep(ledger, record)
    [found] = queries.page(Page())
    assert found == queries.crossings(0, 1)[0]
    assert (found.event_id, found.class_name, found.capture_ns) == (record.event_id, "tram", NOON_NS + 1)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("choice", [Choice(), Choice(("yard", "road")), Choice(classes=("bus",))])
def test_of_a_time_by_the_clock_of_capture(ledger: Ledger, queries: Queries, newest_first: bool, choice: Choice) -> None:
    fill(ledger, 0, 100)
    # A clock that was set back, and a crossing that another interval has taken.
    keep(ledger, a_crossing(NOON_NS + 20 * NS_PER_MINUTE + NS_PER_S, minute_ns=NOON_NS + 50 * NS_PER_MINUTE, class_name="bus"))
    page = Page(200, newest_first, from_ns=NOON_NS + 10 * NS_PER_MINUTE, to_ns=NOON_NS + 31 * NS_PER_MINUTE)
    found = sequences(queries.page(page, choice))
    every = [*range(11, 32), 101]
    assert found == sorted((each for each in every if not choice.classes or each % 5 == 0 or each == 101), reverse=newest_first)


def test_there_is_nothing_in_a_time_without_crossings(ledger: Ledger, queries: Queries) -> None:
    assert queries.page(Page()) == []
    fill(ledger, 0, 10)
    assert queries.page(Page(from_ns=NOON_NS - 2, to_ns=NOON_NS)) == []
    assert queries.page(Page(from_ns=NOON_NS + 60 * NS_PER_MINUTE)) == []


def test_what_is_deleted_meanwhile_is_left_out(ledger: Ledger, queries: Queries) -> None:
    fill(ledger, 0, 30)
    first = sequences(queries.page(Page(10), Choice(("yard",))))
    later_ns = NOON_NS + 8 * NS_PER_MINUTE
    ledger.clean(Limits(later_ns, later_ns, ROOM), later_ns)
    second = sequences(queries.page(Page(10, cursor=first[-1]), Choice(("yard",))))
    assert first + second == list(range(29, 8, -2))
