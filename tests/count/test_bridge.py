"""The bridge over an id switch, gate by gate: a scene just inside, and one just outside.

The first track ends above the line and the second starts below it, so the crossing is counted if the two are joined, and only
then. Ten frames per second.
"""

from __future__ import annotations

import pytest

from appliance.count.bridge import BridgeSettings, find_predecessor
from appliance.count.trajectory import Sighting, Trajectory
from appliance.polygon import Point
from tests.count.scenes import CAR, TRUCK, Scene, Seen, Way, down, looks, still, straight, walk

FPS = 10.0
ABOVE, BELOW = still((500, 490), 10), still((500, 510), 6)
FORWARD = ["forward car"]


def switched(old: Way, gap: int, new: Way, size: tuple[float, float] = (60, 60), class_id: int = CAR) -> Scene:
    """One track, and ``gap`` frames after its last sighting the first of another."""
    return Scene(walk(old) + walk(new, len(old) - 1 + gap, looks(2, class_id, size)), fps=FPS)


def driving(speed: float) -> Way:
    """Down at ``speed`` pixels per second, to just above the line."""
    return straight((500, 490 - 9 * speed / FPS), (500, 490), 10)


JOINED = [
    pytest.param(switched(ABOVE, 1, BELOW), id="in-the-next-frame"),
    pytest.param(switched(ABOVE, 20, BELOW), id="two-seconds-later"),
    pytest.param(switched(ABOVE, 5, still((522, 510), 6)), id="not-quite-half-a-size-away"),
    pytest.param(switched(still((500, 493), 10), 5, still((500, 507), 6), class_id=TRUCK), id="another-class-14-pixels-away"),
    pytest.param(switched(ABOVE, 5, BELOW, size=(95, 60)), id="1.58-times-as-wide"),
    pytest.param(switched(ABOVE, 5, BELOW, size=(60, 38)), id="1.58-times-less-high"),
    pytest.param(switched(driving(300), 10, still((500, 790), 6)), id="exactly-where-its-velocity-leads"),
    pytest.param(
        switched(driving(300), 10, still((500, 490 + 75 - 29), 6)), id="a-quarter-of-the-way-less-not-quite-half-a-size"
    ),
    pytest.param(switched(driving(300), 10, still((500, 490 + 450 + 29), 6)), id="one-and-a-half-ways-and-not-quite-half-a-size"),
    pytest.param(switched(driving(60), 2, straight((500, 526), (500, 600), 6)), id="goes-on-as-before"),
    pytest.param(switched(driving(60), 2, [(500, 526), *still((500, 515), 6)]), id="back-by-what-may-be-jitter"),
    pytest.param(switched(driving(29), 2, [(500, 524), *still((500, 511), 6)]), id="back-where-it-came-slowly"),
]

APART = [
    pytest.param(switched(ABOVE, 21, BELOW), id="more-than-two-seconds-later"),
    pytest.param(switched(ABOVE, 5, still((523, 510), 6)), id="more-than-half-a-size-away"),
    pytest.param(switched(still((500, 492), 10), 5, still((500, 508), 6), class_id=TRUCK), id="another-class-16-pixels-away"),
    pytest.param(switched(ABOVE, 5, BELOW, size=(97, 60)), id="1.62-times-as-wide"),
    pytest.param(switched(ABOVE, 5, BELOW, size=(60, 37)), id="1.62-times-less-high"),
    pytest.param(
        switched(driving(300), 10, still((500, 490 + 75 - 31), 6)), id="a-quarter-of-the-way-less-more-than-half-a-size"
    ),
    pytest.param(switched(driving(300), 10, still((500, 490 + 450 + 31), 6)), id="one-and-a-half-ways-and-more-than-half-a-size"),
    pytest.param(switched(driving(60), 2, [(500, 526), *still((500, 513), 6)]), id="back-by-more-than-jitter"),
    pytest.param(switched(driving(31), 2, [(500, 524), *still((500, 511), 6)]), id="back-where-it-came-faster"),
    pytest.param(switched(ABOVE, 0, BELOW), id="in-the-same-frame"),
    pytest.param(switched(ABOVE, -2, BELOW), id="while-the-first-is-still-seen"),
    pytest.param(switched(still((500, 490), 1), 1, BELOW), id="the-first-was-never-confirmed"),
    pytest.param(switched(ABOVE, 5, still((500, 510), 1)), id="the-second-is-never-confirmed"),
]


@pytest.mark.parametrize("scene", JOINED)
def test_within_every_gate_the_second_track_goes_on_with_the_first(scene: Scene) -> None:
    assert scene.counted() == FORWARD


@pytest.mark.parametrize("scene", APART)
def test_beyond_any_gate_the_second_track_is_another_object(scene: Scene) -> None:
    assert scene.counted() == []


def test_a_bridge_over_a_bridge_adds_up_the_whole_way() -> None:
    parts = [down(480, 498, 10), down(499, 497, 4), down(498, 502, 4), down(503, 520, 10)]
    seen: list[Seen] = []
    for track_id, part in enumerate(parts, 1):
        seen += walk(part, 12 * track_id, looks(track_id))
    [decision] = Scene(seen).decisions()
    assert (decision.net, decision.track_id, decision.counted) == (1, 4, True)


def test_what_is_seen_again_in_the_same_frame_was_not_lost() -> None:
    """One of two neighbours, just over the line, is missed when the other appears; it comes back later in the table."""
    neighbour = walk(still((515, 490), 20), 22, looks(2))
    crossing = [one for one in walk(down(450, 550)) if one.frame != 22]
    [decision] = Scene(neighbour + crossing).decisions()
    assert (decision.track_id, decision.net, decision.counted) == (1, 1, True)


def trajectory(track_id: int, way: list[Point], start: int, size: float = 60.0) -> Trajectory:
    """A confirmed object, ten sightings per second."""
    sightings = [Sighting(start + n, (start + n) * 100_000_000, x, y, size, size) for n, (x, y) in enumerate(way)]
    made = Trajectory.begin(track_id, sightings[0], 0)
    for sighting in sightings:
        made.see(sighting, CAR, 0.8)
    return made


def test_of_several_the_one_that_predicts_the_place_best_is_continued() -> None:
    ahead = trajectory(1, [(500.0, 200.0 + 30 * n) for n in range(6)], 0)  # would be at 500 by now, and may be anywhere behind it
    behind = trajectory(2, [(500.0, 140.0 + 30 * n) for n in range(8)], 0)  # would be at 440
    newborn = trajectory(3, [(500.0, 442.0), (500.0, 472.0)], 10)
    for lost in ([ahead, behind], [behind, ahead]):
        assert find_predecessor(newborn, lost, BridgeSettings()) is behind


def test_nobody_is_continued_where_nobody_was_lost() -> None:
    assert find_predecessor(trajectory(1, [(5.0, 5.0)], 0), [], BridgeSettings()) is None


def test_a_box_without_a_width_is_no_trouble() -> None:
    flat = trajectory(1, [(500.0, 480.0)] * 2, 0, size=0.0)
    assert find_predecessor(trajectory(2, [(500.0, 480.0)] * 2, 4), [flat], BridgeSettings()) is None
    assert find_predecessor(trajectory(3, [(500.0, 480.0)] * 2, 4, size=0.0), [flat], BridgeSettings()) is flat


def test_the_gates_are_settings() -> None:
    lost, newborn = trajectory(1, [(500.0, 400.0)] * 5, 0), trajectory(2, [(500.0, 440.0)] * 2, 40)
    assert find_predecessor(newborn, [lost], BridgeSettings()) is None
    assert find_predecessor(newborn, [lost], BridgeSettings(longest_s=4.0, farthest_sizes=0.7)) is lost
