"""Trailers, gate by gate: a scene just inside, and one just outside.

A car of 60 x 100 pixels drives down over the line; behind it, two pixels away, is something of 60 x 60 pixels that the detector
takes for a truck, without conviction.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.count.counter import CountedLine, CounterSettings, Reason
from appliance.count.line import Line
from appliance.count.towed import TowingSettings
from tests.count.scenes import (
    ACROSS,
    CAR,
    EDGE,
    PERSON,
    SECOND,
    TRUCK,
    Scene,
    Seen,
    Way,
    looks,
    straight,
    towing,
    walk,
)

LEADER = looks(1, CAR, (60.0, 100.0))
TAIL = looks(2, TRUCK, (60.0, 60.0), score=0.3)
BEHIND = 82.0  # from centre to centre, with two pixels between the boxes
ONE, TWO = ["forward car"], ["forward car", "forward truck"]


def convoy(
    step: float = 5.0, behind: float = BEHIND, aside: float = 0.0, leader: Seen = LEADER, tail: Seen = TAIL, last: float = 700.0
) -> Scene:
    """Both from above the line to where the leader is at ``last``, with ``step`` pixels per frame."""
    frames = round((last - 300) / step) + 1
    front = straight((500, 300), (500, last), frames)
    back = straight((500 + aside, 300 - behind), (500 + aside, last - behind), frames)
    return Scene(walk(front, 0, leader) + walk(back, 0, tail), settings=towing())


def born_late(together: int, afterwards: str = "together") -> Scene:
    """The tail is first seen when it is just about to cross, a sighting before it is decided; for so many steps from
    frame to frame it is behind the leader, then goes on like that, is ``lost``, or is ``left`` behind.
    """
    whole = convoy()
    crossed = next(decision.frame for decision in whole.decisions() if decision.track_id == 2)
    born = round(crossed) - 2
    parted = born + together + 1
    seen = [one for one in whole.seen if one.track_id == 1 or one.frame >= born]
    if afterwards == "lost":
        seen = [one for one in seen if one.track_id == 1 or one.frame < parted]
    if afterwards == "left":
        seen = [replace(one, y=one.y - 10) if one.track_id == 2 and one.frame >= parted else one for one in seen]
    return Scene(seen, settings=towing())


def falling_behind(frames: int) -> Scene:
    """For so many of the hundred frames before it has crossed, the tail is ten pixels away."""
    back: Way = [(500.0, 215.0 + 3 * n - (10 if 20 <= n < 20 + frames else 0)) for n in range(140)]
    front: Way = [(500.0, 297.0 + 3 * n) for n in range(140)]
    return Scene(walk(front, 0, LEADER) + walk(back, 0, TAIL), settings=towing())


def passing(overtaker: Seen, overtaken: Seen, by: float) -> Scene:
    """One is in front of the other until shortly before the line, then ``by`` pixels behind it."""
    front: Way = [(500.0, 200.0 + 3 * n) for n in range(160)]
    back: Way = [(520.0, 200.0 + 3 * n + (by if n > 95 else -40)) for n in range(160)]
    return Scene(walk(front, 0, overtaken) + walk(back, 0, overtaker), settings=towing())


TOWED = [
    pytest.param(convoy(), id="a-trailer"),
    pytest.param(convoy(tail=looks(2, TRUCK, score=0.49)), id="taken-for-a-truck-with-little-conviction"),
    pytest.param(convoy(behind=80 + 5.9), id="not-quite-a-tenth-of-its-size-away"),
    pytest.param(convoy(aside=29), id="crosses-not-quite-half-its-size-aside"),
    pytest.param(convoy(step=1.4), id="crosses-1.95-seconds-later"),
    pytest.param(born_late(100), id="first-seen-when-it-crosses"),
    pytest.param(born_late(8, "lost"), id="first-seen-when-it-crosses-and-for-eight-frames-together"),
    pytest.param(born_late(8, "left"), id="eight-frames-together-before-they-part"),
    pytest.param(falling_behind(9), id="apart-for-less-than-a-tenth-of-the-time"),
    pytest.param(convoy(last=590), id="the-footage-ends-before-either-is-well-beyond-the-line"),
    pytest.param(convoy(leader=looks(1, TRUCK, (60.0, 100.0), 0.4)), id="behind-a-lorry-in-doubt"),
]

DRIVING = [
    pytest.param(convoy(tail=looks(2, TRUCK, score=0.51)), TWO, id="clearly-a-truck"),
    pytest.param(convoy(behind=80 + 6.1), TWO, id="more-than-a-tenth-of-its-size-away"),
    pytest.param(convoy(aside=31), TWO, id="crosses-more-than-half-its-size-aside"),
    pytest.param(convoy(step=1.33), TWO, id="crosses-2.05-seconds-later"),
    pytest.param(born_late(7, "lost"), TWO, id="seven-frames-together-and-never-seen-again"),
    pytest.param(born_late(7, "left"), TWO, id="seven-frames-together-before-they-part"),
    pytest.param(falling_behind(13), TWO, id="apart-for-more-than-a-tenth-of-the-time"),
    pytest.param(convoy(tail=looks(2, PERSON, score=0.3)), ["forward car", "forward person"], id="a-person-is-no-trailer"),
    pytest.param(convoy(leader=looks(1, PERSON, (60.0, 100.0))), ["forward person", "forward truck"], id="a-person-tows-nothing"),
    pytest.param(convoy(behind=-BEHIND), TWO, id="in-front-of-the-car"),
    pytest.param(passing(overtaker=LEADER, overtaken=TAIL, by=40), TWO, id="overtaken-just-before-the-line"),
    pytest.param(passing(overtaker=TAIL, overtaken=LEADER, by=5), TWO, id="overtakes-just-before-the-line"),
]


@pytest.mark.parametrize("scene", TOWED)
def test_what_is_towed_is_no_vehicle_of_its_own(scene: Scene) -> None:
    decisions = scene.decisions()
    assert [one.reason for one in decisions if one.track_id == 2] == [Reason.TOWED]
    assert [one.counted for one in decisions if one.track_id == 1] == [True]


@pytest.mark.parametrize(("scene", "truth"), DRIVING)
def test_what_drives_by_itself_is_counted(scene: Scene, truth: list[str]) -> None:
    assert scene.counted() == truth


def test_nothing_is_towed_unless_it_is_asked_for() -> None:
    assert Scene(convoy().seen).counted() == TWO


def test_a_trailer_is_none_on_every_line() -> None:
    scene = Scene(convoy().seen, (ACROSS, SECOND), towing())
    assert scene.counted() == ["forward car", "line 1 forward car"]


def test_a_trailer_that_ends_on_the_line_when_its_car_is_all_but_forgotten_is_still_none() -> None:
    front: Way = [(500.0, 694.0 + 3 * n) for n in range(101)]
    back: Way = [(500.0, 694.0 - BEHIND + 3 * n) for n in range(128)]
    at_the_edge = walk(front, 0, LEADER) + walk(back, 0, TAIL)
    later = Seen(600, 100, 100, track_id=9)
    decisions = Scene([*at_the_edge, later], (EDGE,), towing()).decisions()
    assert [(one.track_id, one.reason) for one in decisions] == [(1, Reason.CROSSED_AT_END), (2, Reason.TOWED)]


def test_a_trailer_stays_one_when_its_car_gets_another_id_behind_the_line() -> None:
    scene = convoy()
    switch = next(round(one.frame) for one in scene.decisions() if one.track_id == 2)
    seen = [replace(one, track_id=11) if one.track_id == 1 and one.frame >= switch else one for one in scene.seen]
    assert Scene(seen, settings=towing()).counted() == ONE


def test_a_trailer_stays_one_when_it_gets_another_id_behind_the_line() -> None:
    scene = convoy()
    switch = next(round(one.frame) for one in scene.decisions() if one.track_id == 2)
    seen = [replace(one, track_id=12) if one.track_id == 2 and one.frame >= switch else one for one in scene.seen]
    assert Scene(seen, settings=towing()).counted() == ONE


def test_who_has_not_crossed_tows_nothing_over_the_line() -> None:
    """Beside the end of a short line in the corner of the picture, at its very beginning."""
    corner = CountedLine(Line(((0.0, 20.0), (45.0, 20.0))))
    leader = walk(straight((70, -60), (70, 100), 33), 0, looks(1))
    tail = walk(straight((20, -70), (20, 90), 33), 0, TAIL)
    assert Scene(leader + tail, (corner,), towing()).counted() == ["forward truck"]


def test_the_gates_are_settings() -> None:
    strict = CounterSettings(towing=TowingSettings(frozenset({CAR, TRUCK}), conviction=0.2))
    assert Scene(convoy().seen, settings=strict).counted() == TWO
