"""What is wrong with a model that has just been put in, by what it does: time and boxes in, a sentence out."""

from __future__ import annotations

import pytest

from appliance.clock import NS_PER_MS, NS_PER_S
from appliance.config import GateSettings
from appliance.detect.probation import LEAST_BOXES, WINDOW_NS, Paces, Probation

USUAL_MS = 20
GATES = GateSettings(slowest=4, agreement=0.5, probation_s=30)


def worked(took_ms: int, pause_ms: int, until_s: float, probation: Probation, now_ns: int = 0) -> int:
    """It answers one picture after the other, with a pause between them; when it has."""
    while now_ns < until_s * NS_PER_S:
        now_ns += took_ms * NS_PER_MS
        probation.paces.add(took_ms * NS_PER_MS, now_ns)
        probation.pictures += 1
        now_ns += pause_ms * NS_PER_MS
    return now_ns


def on_probation() -> Probation:
    return Probation(GATES, USUAL_MS * NS_PER_MS, 0)


def asked_in_turns(probation: Probation, took_ms: int, now_ns: int, before_ms: int = USUAL_MS) -> str:
    """What is wrong with one that seems slow, and takes so long where both are asked in turns."""
    assert probation.seems_slow(now_ns)
    assert probation.fault() == ""
    probation.compare_paces(took_ms * NS_PER_MS, before_ms * NS_PER_MS, now_ns)
    return probation.fault()


@pytest.mark.parametrize("took_ms", [100, 400, 1000], ids=["ten in the window", "seven", "three"])
def test_a_slow_model_is_found_out_however_few_pictures_it_manages(took_ms: int) -> None:
    probation = on_probation()
    now_ns = worked(took_ms, 0, WINDOW_NS / NS_PER_S, probation)
    times = took_ms / USUAL_MS
    sentence = f"it takes {took_ms} ms for a picture, {times:.1f} times as long as the one before it"
    assert asked_in_turns(probation, took_ms, now_ns) == sentence


def test_one_that_becomes_slow_later_is_found_out_soon() -> None:
    probation = on_probation()
    now_ns = worked(USUAL_MS, 20, 20, probation)
    assert not probation.seems_slow(now_ns)
    now_ns = worked(500, 0, 20 + WINDOW_NS / NS_PER_S, probation, now_ns)
    assert "500 ms for a picture, 25.0 times" in asked_in_turns(probation, 500, now_ns)


def test_a_computer_that_gets_busy_is_no_fault_of_the_model() -> None:
    probation = on_probation()
    now_ns = worked(500, 0, 5, probation)
    assert asked_in_turns(probation, 500, now_ns, before_ms=450) == ""
    # It is not asked again at once, but when it goes on.
    assert not probation.seems_slow(now_ns)
    now_ns = worked(500, 0, 5 + 1.1 * WINDOW_NS / NS_PER_S, probation, now_ns)
    assert "25.0 times" in asked_in_turns(probation, 500, now_ns)


@pytest.mark.parametrize(
    ("took_ms", "pause_ms"), [(USUAL_MS, 20), (70, 0), (USUAL_MS, 2000)], ids=["as before", "within the gate", "few pictures"]
)
def test_one_that_takes_what_it_may_is_kept(took_ms: int, pause_ms: int) -> None:
    probation = on_probation()
    now_ns = worked(took_ms, pause_ms, 31, probation)
    assert not probation.seems_slow(now_ns)
    assert probation.is_over(now_ns)


def test_one_picture_that_takes_long_is_chance() -> None:
    probation = on_probation()
    now_ns = worked(2000, 0, 2, probation)
    now_ns = worked(USUAL_MS, 400, 2 + WINDOW_NS / NS_PER_S, probation, now_ns)
    assert not probation.seems_slow(now_ns)


def test_the_pace_of_a_camera_with_few_pictures_is_known_too() -> None:
    paces = Paces()
    for second in range(10):
        paces.add(USUAL_MS * NS_PER_MS, second * NS_PER_S)
    assert paces.median_ns == USUAL_MS * NS_PER_MS


def test_one_that_goes_blind_after_it_has_done_well_is_found_out() -> None:
    probation = on_probation()
    for _ in range(100):
        probation.compare(2, 2)
    assert probation.fault() == ""
    looks = 0
    while not probation.fault():
        probation.compare(0, 2)
        looks += 1
    assert 2 * looks <= LEAST_BOXES
    assert "it sees 8 objects where the one before it sees 20" in probation.fault()


def test_one_frame_however_full_is_chance() -> None:
    probation = on_probation()
    for boxes in (0, 50, 50, 50, 50):
        probation.compare(boxes, 50)
        assert probation.fault() == ""


@pytest.mark.parametrize(("usual_ms", "pause_ms"), [(1, 250), (50, 500), (400, 1000), (None, 1000)])
def test_the_one_before_looks_as_often_as_is_cheap(usual_ms: int | None, pause_ms: int) -> None:
    usual_ns = None if usual_ms is None else usual_ms * NS_PER_MS
    assert Probation(GATES, usual_ns, 0).witness_pause_ns == pause_ms * NS_PER_MS
