"""What a decision says: why, where, when, which direction, who and how sure."""

from __future__ import annotations

import pytest

from appliance.count.counter import CountedLine, Reason
from appliance.count.line import Line
from appliance.polygon import Point
from tests.count.scenes import (
    ACROSS,
    BOTTOM,
    CAR,
    CARS_ONLY,
    PERSON,
    SIZE,
    TRUCK,
    Scene,
    Seen,
    Way,
    down,
    looks,
    lost,
    renamed,
    still,
    straight,
    taken_for,
    walk,
)

REASONS = [
    pytest.param(Scene(walk(down())), [Reason.CROSSED], id="seen-well-beyond-the-line"),
    pytest.param(Scene(walk(down(400, 505, 22))), [Reason.CROSSED_AT_END], id="carried-out-of-the-dead-band-by-its-motion"),
    pytest.param(Scene(walk(down(275, 575, 5))), [Reason.CROSSED_AT_END], id="seen-beyond-the-line-just-once"),
    pytest.param(Scene(walk(down(400, 495, 20) + down(496, 503, 60))), [Reason.ENDED_ON_LINE], id="creeps-and-ends-on-the-line"),
    pytest.param(Scene(walk(still((500, 480), 9) + still((500, 530), 1))), [Reason.ENDED_ON_LINE], id="jumps-at-the-very-end"),
    pytest.param(Scene(walk(5 * [(500.0, 496.0), (500.0, 504.0)])), [Reason.ENDED_ON_LINE], id="shakes-on-the-line-to-its-end"),
    pytest.param(
        Scene(walk([(500, 470.5), (500, 483), (500, 501.5)]), fps=1.0), [Reason.ENDED_ON_LINE], id="not-carried-out-soon"
    ),
    pytest.param(Scene(walk(down(), look=Seen(0, 0, 0, tentative=True))), [Reason.UNCONFIRMED], id="never-confirmed"),
    pytest.param(
        Scene(walk(down(480, 501, 60), look=looks(class_id=PERSON)), (CARS_ONLY,)),
        [Reason.ENDED_ON_LINE],
        id="ends-on-the-line-whatever-it-is",
    ),
    pytest.param(
        Scene(walk(down(), look=looks(class_id=PERSON)), (CARS_ONLY,)), [Reason.OTHER_CLASS], id="not-of-the-line-s-classes"
    ),
    pytest.param(Scene(walk(down(400, 480))), [], id="never-near-the-line"),
    pytest.param(Scene(walk(down(400, 520) + down(519, 400))), [Reason.CROSSED, Reason.CROSSED], id="there-and-back"),
]


@pytest.mark.parametrize(("scene", "reasons"), REASONS)
def test_every_meeting_with_a_line_has_its_reason(scene: Scene, reasons: list[Reason]) -> None:
    decisions = scene.decisions()
    assert [one.reason for one in decisions] == reasons
    assert [one.counted for one in decisions] == [reason in (Reason.CROSSED, Reason.CROSSED_AT_END) for reason in reasons]


CONSTANT_VELOCITIES = [
    pytest.param(down(403, 600, 30), (500.0, 500.0), 97 / 197, id="slow"),
    pytest.param(down(330, 770, 5), (500.0, 500.0), 170 / 440, id="a-hundred-and-ten-pixels-per-frame"),
    pytest.param(straight((100, 310), (900, 710), 41), (480.0, 500.0), 190 / 400, id="slanting"),
    pytest.param(down(600, 403, 30), (500.0, 500.0), 100 / 197, id="upwards"),
    pytest.param(lost(down(403, 600, 50), 24, 25), (500.0, 500.0), 97 / 197, id="with-a-gap"),
]


@pytest.mark.parametrize("fps", [1.0, 29.97, 120.0])
@pytest.mark.parametrize(("way", "place", "share"), CONSTANT_VELOCITIES)
def test_place_and_time_of_the_crossing_are_exact_at_constant_velocity(way: Way, place: Point, share: float, fps: float) -> None:
    scene = Scene(walk(way), fps=fps)
    [decision] = scene.decisions()
    assert (decision.x, decision.y) == pytest.approx(place, abs=1e-3)
    assert decision.frame == pytest.approx(share * (len(way) - 1), abs=1e-4)
    assert decision.time_ns == pytest.approx(share * scene.time_ns(len(way) - 1), rel=1e-5)


def test_place_and_time_are_exact_where_the_id_switches_on_the_line() -> None:
    [whole] = Scene(walk(lost(down(), 18, 22))).decisions()
    [bridged] = Scene(renamed(walk(lost(down(), 18, 22)), [20])).decisions()
    assert (bridged.x, bridged.y, bridged.frame, bridged.time_ns) == (whole.x, whole.y, whole.frame, whole.time_ns)
    assert (whole.track_id, bridged.track_id) == (1, 2)


def test_the_place_is_where_the_anchor_meets_the_line() -> None:
    centre, wheels = Scene(walk(down()), (ACROSS, BOTTOM)).decisions()[::-1]
    assert (centre.line, wheels.line) == (0, 1)
    assert (centre.y, wheels.y) == pytest.approx((500, 500))
    assert centre.frame - wheels.frame == pytest.approx(SIZE / 2 / 5)


def test_of_a_crossing_to_and_fro_and_to_within_the_dead_band_the_last_is_told() -> None:
    [decision] = Scene(walk(down(480, 504, 25) + down(503, 496, 8) + down(497, 520, 24))).decisions()
    assert decision.y == pytest.approx(500)
    assert decision.frame == pytest.approx(25 + 8 + 3)


def test_a_variable_frame_rate_places_the_crossing_in_time() -> None:
    [decision] = Scene(walk(down(490, 514, 4)), times_ns=[0, 10, 1_000_000_010, 2_000_000_010]).decisions()
    assert decision.frame == pytest.approx(1.25)
    assert decision.time_ns == pytest.approx(250_000_010)


def test_confidence_is_the_mean_score_up_to_the_decision() -> None:
    [decision] = Scene(taken_for(walk(down()), CAR, range(0, 41, 2), score=0.4)).decisions()
    assert decision.confidence == pytest.approx(0.6, abs=0.01)


def test_class_and_confidence_are_those_of_all_the_ids_it_had() -> None:
    seen = taken_for(renamed(walk(down()), [20]), TRUCK, range(20), score=0.9)
    [decision] = Scene(seen).decisions()
    assert (decision.track_id, decision.class_id) == (2, TRUCK)
    assert decision.confidence == pytest.approx((20 * 0.9 + 4 * 0.8) / 24)


def test_a_crossing_is_told_in_the_second_frame_beyond_the_dead_band() -> None:
    scene = Scene(walk(down()))
    told = []
    counter = scene.counter()
    for tracks, frame, time_ns in scene.frames():
        told += [frame for _ in counter.update(tracks, frame, time_ns)]
    assert told == [23]  # y 510 and 515; at 505 the dead band of 6 pixels still holds


def test_a_crossing_at_the_end_is_told_when_the_memory_is_over() -> None:
    scene = Scene([*walk(down(400, 505, 22)), Seen(200, 100, 100, track_id=9)])
    told = []
    counter = scene.counter()
    for tracks, frame, time_ns in scene.frames():
        told += [frame for _ in counter.update(tracks, frame, time_ns)]
    assert told == [21 + 90 + 1]
    assert counter.finish() == []


def test_a_crossing_is_one_however_often_the_way_winds_around_the_end_of_the_line() -> None:
    to_the_end = CountedLine(Line(((400.0, 500.0), (500.0, 500.0))))
    circle: Way = [(500.0, 497.0), (503.0, 500.5), (500.0, 503.0), (497.0, 500.5)]
    decisions = Scene(walk(down(480, 495, 4) + 3 * circle + down(460, 440, 2)), (to_the_end,)).decisions()
    assert [one.net for one in decisions] == [-1]
