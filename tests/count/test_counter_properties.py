"""What must hold for every way that an object can go."""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.count.counter import CountedLine, CounterSettings, CounterState, Decision
from appliance.count.line import Line
from appliance.polygon import Point
from tests.count.scenes import (
    ACROSS,
    BAND,
    CORNER,
    DIAGONAL,
    SHORT,
    SIZE,
    SQUARE,
    TRUCK,
    ZIGZAG,
    Scene,
    Seen,
    Way,
    along,
    looks,
    renamed,
    shaken,
    still,
    straight,
    taken_for,
    towing,
    tracks_of,
    walk,
)

REPEATABLE = settings(max_examples=300)
LINES = (ACROSS, SHORT, DIAGONAL, CORNER, ZIGZAG, SQUARE)
HOMES = [(20.0, 980.0), (980.0, 20.0), (980.0, 980.0 - 200.0)]  # outside the dead band of every line

any_line = st.sampled_from(LINES)
spots = st.tuples(st.integers(350, 650), st.integers(350, 650)).map(lambda spot: (spot[0] + 0.25, spot[1] + 0.125))  # on no line
wanderings = st.lists(st.one_of(spots, st.none()), min_size=1, max_size=25)


@st.composite
def journeys(draw: st.DrawFn) -> Way:
    """From outside every dead band, by leaps and with gaps, to outside again; settled at both ends."""
    return [draw(st.sampled_from(HOMES))] * 2 + draw(wanderings) + [draw(st.sampled_from(HOMES))] * 2


@st.composite
def strolls(draw: st.DrawFn) -> Way:
    """In small steps from here to there, sometimes shaking; never exactly on a line, and nothing for a world to round."""
    corners = draw(st.lists(spots, min_size=2, max_size=5))
    way = along(*corners, step=draw(st.sampled_from([3.0, 11.0, 37.0])))
    way = shaken(way, draw(st.sampled_from([0.0, 2.0])), draw(st.integers(0, 99)))
    return moved(way, lambda point: (round(8 * point[0]) / 8 + 1 / 16, round(8 * point[1]) / 8 + 1 / 32))


def moved(way: Way, to: Callable[[Point], Point]) -> Way:
    """The way in another world."""
    return [None if at is None else to(at) for at in way]


def line_moved(counted: CountedLine, to: Callable[[Point], Point]) -> CountedLine:
    """The line in another world."""
    return replace(counted, line=Line(tuple(to(point) for point in counted.line.points)))


def directions(decisions: list[Decision]) -> list[int]:
    """The counted crossings in order."""
    return [one.net for one in decisions if one.counted]


def told(decisions: list[Decision]) -> list[tuple[int, str, float]]:
    """What does not depend on where the world is."""
    return [(one.net, one.reason.value, round(one.frame, 5)) for one in decisions]


@REPEATABLE
@given(st.one_of(journeys(), strolls()), any_line)
def test_a_mirrored_world_swaps_forward_and_backward(way: Way, line: CountedLine) -> None:
    here = Scene(walk(way), (line,)).decisions()
    there = Scene(walk(moved(way, mirrored)), (line_moved(line, mirrored),)).decisions()
    assert told(there) == [(-net, reason, frame) for net, reason, frame in told(here)]


def mirrored(point: Point) -> Point:
    return 1000 - point[0], point[1]


@REPEATABLE
@given(journeys(), any_line)
def test_the_way_back_is_counted_like_the_way_there_in_the_other_direction(way: Way, line: CountedLine) -> None:
    there = Scene(walk(way), (line,)).decisions()
    back = Scene(walk(way[::-1]), (line,)).decisions()
    assert Tally(directions(back)) == Tally(-net for net in directions(there))


@REPEATABLE
@given(journeys(), any_line, st.integers(-3000, 3000), st.integers(-3000, 3000), st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_a_shifted_and_scaled_world_is_counted_alike(way: Way, line: CountedLine, right: int, low: int, scale: float) -> None:
    def to(point: Point) -> Point:
        return (point[0] + right) * scale, (point[1] + low) * scale

    here = Scene(walk(way), (line,)).decisions()
    there = Scene(
        walk(moved(way, to), look=looks(size=(SIZE * scale, SIZE * scale))),
        (line_moved(line, to),),
        CounterSettings(dead_band_px=CounterSettings().dead_band_px * scale),
    ).decisions()
    assert told(there) == told(here)


@REPEATABLE
@given(st.integers(2, 400), st.sampled_from([1.0, 5.0, 25.0, 29.97, 120.0]), st.integers(-200, 200), st.booleans())
def test_a_straight_crossing_is_one_at_any_frame_rate(frames: int, fps: float, aside: int, down: bool) -> None:
    ends = ((500.0, 440.0), (500.0 + aside, 560.0))
    [decision] = Scene(walk(straight(*(ends if down else ends[::-1]), frames)), fps=fps).decisions()
    assert decision.counted
    assert decision.net == (1 if down else -1)
    assert (decision.x, decision.y) == pytest.approx((500 + aside / 2, 500), abs=0.01)
    assert decision.frame == pytest.approx((frames - 1) / 2, abs=0.01)


@st.composite
def jitters(draw: st.DrawFn, spot: Point, most: int = 40) -> Way:
    """Never further from the spot than half the width of the dead band."""
    polar = st.tuples(st.floats(0, 0.999 * BAND), st.floats(0, 2 * math.pi))
    offsets = draw(st.lists(polar, min_size=2, max_size=most))
    return [(spot[0] + radius * math.cos(angle), spot[1] + radius * math.sin(angle)) for radius, angle in offsets]


@st.composite
def spots_near(draw: st.DrawFn, line: Line) -> Point:
    """On a line or near it, often by one of its ends or corners."""
    start, end = draw(st.sampled_from(list(pairwise(line.points))))
    share = draw(st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1)))
    aside = draw(st.tuples(st.floats(-14, 14), st.floats(-14, 14)))
    return start[0] + share * (end[0] - start[0]) + aside[0], start[1] + share * (end[1] - start[1]) + aside[1]


new_ids = st.sets(st.integers(1, 40))


@REPEATABLE
@given(st.data(), any_line, new_ids)
def test_jitter_within_the_dead_band_never_counts(data: st.DataObject, line: CountedLine, switches: set[int]) -> None:
    way = data.draw(jitters(data.draw(spots_near(line.line))))
    assert Scene(renamed(walk(way), switches), (line,)).counted() == []


@REPEATABLE
@given(jitters((500.0, 500.0)), st.sets(st.integers(11, 20).map(lambda half: 2 * half)), st.booleans())
def test_what_jitters_on_the_line_under_many_ids_has_crossed_when_it_goes_on_and_not_when_it_goes_back(
    jitter: Way, switches: set[int], goes_on: bool
) -> None:
    way = along((500, 400), (500, 500)) + jitter + along((500, 500), (500, 600) if goes_on else (500, 400))
    assert directions(Scene(renamed(walk(way), switches)).decisions()) == ([1] if goes_on else [])


@REPEATABLE
@given(st.lists(st.integers(-60, 60), min_size=2, max_size=60), st.sampled_from([ACROSS, DIAGONAL, ZIGZAG, SQUARE]))
def test_a_loop_crosses_as_often_to_and_fro(steps: list[int], line: CountedLine) -> None:
    home = (980.0, 780.0)
    corners = [(500.0 + 3 * one, 500.0 + 3 * other) for one, other in zip(steps, steps[1:])]
    loop = [home, home, *corners, home, home]
    assert sum(directions(Scene(walk(loop), (line,)).decisions())) == 0


def busy_scene() -> Scene:
    """Crossings, a jitter on the line, id switches, another class, a gap, a trailer, an end on the line."""
    car, trailer = looks(20, size=(60, 100)), looks(21, TRUCK, score=0.3)
    seen = [
        *renamed(walk(shaken(straight((300, 400), (300, 600), 60), 3)), [27, 33]),
        *walk(straight((350, 600), (350, 400), 50), 5, looks(10)),
        *renamed(walk(shaken(still((700, 500), 90), 4), 0, looks(30)), range(4, 90, 7)),
        *walk(straight((500, 300), (500, 700), 81), 0, car),
        *walk(straight((500, 218), (500, 618), 81), 0, trailer),
        *taken_for(
            walk([*straight((800, 400), (800, 480), 9), *[None] * 12, *straight((800, 520), (800, 505), 9)], 3, looks(50)), 7, [5]
        ),
        Seen(220, 100, 100, track_id=60),
    ]
    return Scene(seen, (ACROSS, SHORT, CORNER), towing())


@pytest.mark.parametrize("cut", range(222))
def test_a_counter_goes_on_from_its_state_as_if_nothing_had_been(cut: int) -> None:
    scene = busy_scene()
    frames = scene.frames()
    first = scene.counter()
    before = [one for frame in frames[:cut] for one in first.update(*frame)]
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=CounterState)
    second = scene.counter(state)
    after = [one for frame in frames[cut:] for one in second.update(*frame)] + second.finish()
    assert before + after == scene.decisions()


def test_the_state_stays_small_however_many_ids_there_were() -> None:
    passing = [seen for n in range(50) for seen in walk([(20.0 * n, 480.0)], 0, looks(n + 1))]
    parked = looks(1_000_000, TRUCK, score=0.3)  # in doubt, so it remembers who is close ahead
    counter = Scene([], settings=towing()).counter()
    sizes = []
    for frame in range(2000):
        seen = [replace(one, track_id=one.track_id + 50 * frame) for one in passing]
        tracks = tracks_of([*seen, replace(parked, x=500.0 + frame % 3, y=480.0)], known={parked.track_id})
        counter.update(tracks, frame, frame * 200_000_000)
        if frame % 200 == 199:
            sizes.append(len(msgspec.msgpack.encode(counter.state)))
    assert seen[-1].track_id == 100_000
    assert max(sizes) < 1.1 * sizes[0]
