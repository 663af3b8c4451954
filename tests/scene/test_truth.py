"""The truth of a scene against one found by other means, and how much of everybody can be seen."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.scene.actors import KINDS, VEHICLES, Actor, Kind
from appliance.scene.paint import Painter
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import QUIET_S, QUIET_SIZES, TrueLine, Truth, box_of, find_truth, lines_of, visible_shares
from appliance.scene.view import View
from appliance.scene.world import World

Vector = NDArray[np.float64]  # (2,) x, y; pixels
CAR, TRUCK, BUS, MOTORCYCLE, PERSON = KINDS
RATE = 10
VIEW = View.of(SceneSettings(seed=5))


@pytest.fixture(scope="module", params=[(3, 1.0), (8, 1.5)], ids="seed {0[0]} density {0[1]}".format)
def truth(request: pytest.FixtureRequest) -> Truth:
    seed, density = request.param
    return find_truth(SceneSettings(seed, 320, 180, RATE, seconds=20, density=density))


@pytest.fixture(scope="module")
def frames(truth: Truth) -> list[dict[int, tuple[str, Vector]]]:
    """For every frame of the clip everybody's class and box, by number."""
    return list(watched(truth))


def watched(truth: Truth) -> Iterator[dict[int, tuple[str, Vector]]]:
    view, world = View.of(truth.settings), World(truth.settings)
    for frame in range(truth.first_frame + truth.frames):
        if frame >= truth.first_frame:
            boxes = ((actor, box_of(actor, view)) for actor in world.actors)
            yield {actor.number: (actor.kind.name, box) for actor, box in boxes if box is not None}
        world.step(1 / RATE)


def centre_of(box: Vector) -> Vector:
    return (box[:2] + box[2:]) / 2


def ends_of(line: TrueLine, settings: SceneSettings) -> tuple[Vector, Vector]:
    """Pixels."""
    size = np.array((settings.width, settings.height), np.float64)
    return np.array(line.start) * size, np.array(line.end) * size


def meeting(start: Vector, end: Vector, before: Vector, now: Vector) -> float | None:
    """At which share of the step two pieces of straight lines meet, if they do: where both equations hold."""
    matrix = np.stack((now - before, start - end), axis=1)
    if abs(np.linalg.det(matrix)) < 1e-12:
        return None
    step_share, line_share = np.linalg.solve(matrix, start - before).tolist()
    return float(step_share) if 0 < step_share <= 1 and 0 <= line_share <= 1 else None


def test_every_crossing_is_found_by_other_means_too(truth: Truth, frames: list[dict[int, tuple[str, Vector]]]) -> None:
    expected = []
    for line in truth.lines:
        start, end = ends_of(line, truth.settings)
        to_the_right = np.array((start[1] - end[1], end[0] - start[0]))  # of who looks along the line, in a picture with y down
        for frame, (before, now) in enumerate(zip(frames, frames[1:])):
            for number in before.keys() & now.keys():
                name, was, place = now[number][0], centre_of(before[number][1]), centre_of(now[number][1])
                share = meeting(start, end, was, place) if name in line.classes else None
                if share is not None:
                    direction = "forward" if (place - was) @ to_the_right > 0 else "backward"
                    expected.append((line.name, direction, name, number, frame + share))
    found = [(one.line, one.direction, one.class_name, one.number, one.frame) for one in truth.crossings]
    assert [one[:4] for one in sorted(found)] == [one[:4] for one in sorted(expected)]
    np.testing.assert_allclose([one[4] for one in sorted(found)], [one[4] for one in sorted(expected)], atol=1e-6)
    assert {line for line, *_ in found} == {"road", "crosswalk"}, "a scene without crossings proves nothing"
    assert {direction for _, direction, *_ in found} == {"forward", "backward"}


def test_who_drives_away_goes_backward_and_who_walks_to_the_right_forward() -> None:
    settings = SceneSettings()
    road, crosswalk = lines_of(View.of(settings))
    assert road.start[0] < road.end[0], "forward is downwards, so towards the camera"
    assert crosswalk.start[1] < crosswalk.end[1], "forward is to the left"
    assert (road.classes, crosswalk.classes) == (tuple(kind.name for kind in VEHICLES), ("person",))


def test_a_clip_begins_and_ends_in_a_quiet_moment(truth: Truth, frames: list[dict[int, tuple[str, Vector]]]) -> None:
    assert truth.frames == len(frames) >= truth.settings.frames
    for crossing in truth.crossings:
        assert QUIET_S * RATE < crossing.frame < truth.frames - 1 - QUIET_S * RATE
    for line in truth.lines:
        start, end = ends_of(line, truth.settings)
        along = np.linspace(start, end, 200)
        for frame in (frames[0], frames[-1]):
            for name, box in frame.values():
                if name in line.classes:
                    nearest = np.hypot(*(along - centre_of(box)).T).min()
                    assert nearest > QUIET_SIZES * math.sqrt(np.prod(box[2:] - box[:2]))


def test_totals_and_json_agree_with_the_crossings(truth: Truth) -> None:
    told = json.loads(json.dumps(truth.as_json("clip.mp4")))
    assert (told["video"], told["fps"], told["frames"], told["size"]) == ("clip.mp4", 10.0, truth.frames, [320, 180])
    assert told["seed"] == truth.settings.seed
    counted = Counter((one["line"], one["direction"]) for one in told["crossings"])
    totals = {(line, direction): count for line, sides in truth.totals().items() for direction, count in sides.items()}
    assert totals == {place: counted[place] for place in totals}
    assert sum(totals.values()) == len(truth.crossings)
    for one, crossing in zip(told["crossings"], truth.crossings):
        assert one["pts_s"] == pytest.approx(one["frame"] / RATE, abs=0.001)
        assert (one["class"], one["object"]) == (crossing.class_name, crossing.number)
        assert one["class"] in told["lines"][one["line"]]["classes"]


def test_whoever_crosses_can_be_seen_to(truth: Truth) -> None:
    settings = truth.settings
    view, world = View.of(settings), World(settings)
    with_all, without_him = Painter(view, settings), Painter(view, settings)
    crossers = {truth.first_frame + round(one.frame): one.number for one in truth.crossings}
    for frame in range(max(crossers) + 1):
        if frame in crossers:
            others = [actor for actor in world.actors if actor.number != crossers[frame]]
            (crosser,) = (actor for actor in world.actors if actor.number == crossers[frame])
            box = box_of(crosser, view)
            assert box is not None
            left, top, right, bottom = np.round(box).astype(int)
            seen = visible_shares(world.actors, view)[crosser.number]
            pictures = (with_all.paint(world.actors, "red"), without_him.paint(others, "red"))
            differs = (pictures[0] != pictures[1]).any(axis=2)[top:bottom, left:right]
            assert differs.mean() > 0.3 * seen
        world.step(1 / RATE)


@pytest.mark.parametrize("size", [(240, 240), (320, 240), (320, 180), (480, 240)], ids=str)
def test_lines_lie_within_the_frame_whatever_its_shape(size: tuple[int, int]) -> None:
    for seed in range(100):
        for line in lines_of(View.of(SceneSettings(seed, *size))):
            assert all(0 <= share <= 1 for point in (line.start, line.end) for share in point)
            assert math.dist(line.start, line.end) > 0.09


def at(kind: Kind, x: float, z: float, number: int = 1, heading: float = 0.0) -> Actor:
    return Actor(number, kind, x, z, heading, looks=(0.5,) * 8)


@pytest.mark.parametrize(
    ("z", "is_seen"),
    [(-30.0, False), (5.9, False), (14.0, True), (184.9, True), (185.1, False)],
)
def test_who_is_not_drawn_has_no_box(z: float, is_seen: bool) -> None:
    bus = at(BUS, 0.0, z)
    assert (box_of(bus, VIEW) is not None) == is_seen
    assert (bus.number in visible_shares([bus], VIEW)) == is_seen


def test_a_box_ends_at_the_frame() -> None:
    box = box_of(at(BUS, 0.0, 12.0), VIEW)
    assert box is not None
    assert box[3] == VIEW.height
    assert box_of(at(CAR, 40.0, 20.0), VIEW) is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("z", [16.0, 25.0, 120.0])
def test_who_is_alone_is_seen_whole(kind: Kind, z: float) -> None:
    assert visible_shares([at(kind, 1.6, z)], VIEW) == {1: 1.0}


@pytest.mark.parametrize(
    ("hidden", "least", "most"),
    [
        pytest.param(at(PERSON, 1.6, 31.0), 0.0, 0.0, id="right behind"),
        pytest.param(at(CAR, 1.6, 38.0), 0.3, 0.6, id="the roof looks over it"),
        pytest.param(at(CAR, 4.0, 33.0), 0.35, 0.65, id="half beside it"),
        pytest.param(at(CAR, 8.0, 31.0), 1.0, 1.0, id="beside it"),
        pytest.param(at(CAR, 1.6, 60.0), 1.0, 1.0, id="far behind, seen over its roof"),
        pytest.param(at(CAR, 1.6, 14.0), 1.0, 1.0, id="in front of it"),
    ],
)
def test_a_bus_hides_who_is_behind_it(hidden: Actor, least: float, most: float) -> None:
    bus = at(BUS, 1.6, 24.0, number=2)
    for order in ([hidden, bus], [bus, hidden]):
        shares = visible_shares(order, VIEW)
        assert least <= shares[1] <= most
        assert shares[2] == 1.0 or hidden.z < bus.z


def test_shares_are_shares_on_a_crowded_street() -> None:
    world = World(SceneSettings(seed=3, density=3.0))
    found: list[float] = []
    for _ in range(10):
        world.step(1.0)
        found += visible_shares(world.actors, VIEW).values()
    assert min(found) >= 0
    assert max(found) == 1.0
    assert 0.2 < np.mean(np.array(found) < 1.0) < 0.95
