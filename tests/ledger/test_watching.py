"""What /metrics asks a ledger: totals that never go back, a few of many, and how much was seen lately."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.ledger.ledger import Ledger
from appliance.ledger.watching import Watched, Watching
from tests.ledger.asking import UTC, a_crossing, at, begin, keep, see
from tests.ledger.keeping import EVERYTHING_TOLD, NOTHING, clean_all, limits

NOON = at("2026-06-01T12:00", UTC)


def look(path: Path, now_ns: int = NOON, most: int = 100) -> Watched:
    with closing(Watching(path)) as watching:
        return watching.look(now_ns, most)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite", "run1")


def test_an_empty_ledger_has_nothing(ledger: Ledger) -> None:
    assert look(ledger.path) == Watched((), 0, 0, {})


def test_totals_stay_when_crossings_go(ledger: Ledger) -> None:
    keep(ledger, a_crossing(NOON), a_crossing(NOON + 1), a_crossing(NOON, direction="out", class_name="bus"))
    expected = ((("yard", "gate", "in", "car"), 2), (("yard", "gate", "out", "bus"), 1))
    assert look(ledger.path).totals == expected
    clean_all(ledger, limits(days=-100_000, told=EVERYTHING_TOLD))
    assert (look(ledger.path).totals, look(ledger.path).lost) == (expected, 0)


def test_what_nobody_had_is_lost(ledger: Ledger) -> None:
    keep(ledger, *(a_crossing(NOON + number) for number in range(5)))
    assert look(ledger.path).lost == 0
    lost = clean_all(ledger, limits(most_bytes=0, told=NOTHING))
    assert lost > 0
    assert look(ledger.path).lost == lost


def test_of_very_many_some_are_left_out_and_that_is_told(ledger: Ledger) -> None:
    keep(ledger, *(a_crossing(NOON, line=f"line-{number:03}") for number in range(120)))
    found = look(ledger.path, most=100)
    assert (len(found.totals), found.left_out) == (100, 20)
    assert [kind[1] for kind, _ in found.totals] == [f"line-{number:03}" for number in range(100)]


def test_coverage_is_that_of_the_last_five_full_minutes(ledger: Ledger) -> None:
    begin(ledger, NOON - 60 * NS_PER_MINUTE)
    begin(ledger, NOON - 60 * NS_PER_MINUTE, camera="gone")
    see(ledger, NOON - 3 * NS_PER_MINUTE, 3)
    just_after = NOON + 12 * NS_PER_S
    assert look(ledger.path, just_after).coverage == {"yard": pytest.approx(0.6), "gone": 0.0}
    # The newest minute may not be written down yet.
    see(ledger, NOON, 1)
    assert look(ledger.path, just_after).coverage["yard"] == pytest.approx(0.6)
    assert look(ledger.path, just_after + NS_PER_MINUTE).coverage["yard"] == pytest.approx(0.8)


def test_a_camera_is_judged_from_its_first_moment_on(ledger: Ledger) -> None:
    begin(ledger, NOON - 2 * NS_PER_MINUTE)
    begin(ledger, NOON - NS_PER_S, camera="new")
    begin(ledger, NOON + NS_PER_S, camera="newer")
    see(ledger, NOON - 2 * NS_PER_MINUTE, 2)
    assert look(ledger.path, NOON + 12 * NS_PER_S).coverage == {"yard": 1.0, "new": 0.0}
