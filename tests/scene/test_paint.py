"""What is painted is where its box is, and who is nearer is in front."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.scene.actors import KINDS, Actor, Kind
from appliance.scene.ground import Picture
from appliance.scene.paint import SUN, Painter
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import box_of
from appliance.scene.view import View
from appliance.scene.world import World

CAR, TRUCK, BUS, MOTORCYCLE, PERSON = KINDS
Mask = NDArray[np.bool_]  # (h, w)
SLACK_PX = 2.5  # OpenCV's smooth edges reach over the corners
TIGHT_PX = 3.0
DULL_REACH = 0.05


class Twins:
    """Two painters of one scene: what they paint differs by who is in it, not by noise and rain."""

    def __init__(self, settings: SceneSettings) -> None:
        self.view = View.of(settings)
        self._painters = Painter(self.view, settings), Painter(self.view, settings)

    def paint(self, one: list[Actor], other: list[Actor], signals: str = "green green") -> tuple[Picture, Picture]:
        first, second = signals.split()
        return self._painters[0].paint(one, first), self._painters[1].paint(other, second)

    def difference(self, one: list[Actor], other: list[Actor]) -> Mask:
        first, second = self.paint(one, other)
        differs: Mask = (first != second).any(axis=2)
        return differs


@pytest.fixture(scope="module")
def sunny() -> Twins:
    return Twins(SceneSettings(seed=5, width=640, height=360, light="day", rain=False))


@pytest.fixture(scope="module")
def dull() -> Twins:
    """Without a sun: shadows are small, and under whoever throws them."""
    return Twins(SceneSettings(seed=5, width=640, height=360, light="day", rain=True))


def at(kind: Kind, x: float, z: float, heading: float = 0.0, number: int = 1) -> Actor:
    return Actor(number, kind, x, z, heading, looks=(0.05, 0.1, 0.5, 0.9, 0.3, 0.3, 0.1, 0.1), stride=0.3)


def inside(box: NDArray[np.float64], shape: tuple[int, ...], grown_px: float = SLACK_PX) -> Mask:
    """The pixels within a box that is a little larger."""
    left, top, right, bottom = box + np.array((-1, -1, 1, 1)) * grown_px
    x, y = np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5
    within: Mask = ((top < y) & (y < bottom))[:, None] & ((left < x) & (x < right))[None, :]
    return within


def shadow_box(actor: Actor, view: View, reach: float = 1.0) -> NDArray[np.float64]:
    """The box of the shadow that an actor's surrounding box throws on the ground."""
    points = actor.place(np.array(list(product((-0.5, 0.5), (0.0, 1.0), (-0.5, 0.5)))))
    on_ground = (points - points[:, 1:2] / SUN[1] * SUN * reach) * (1, 0, 1)
    pixels = view.project(on_ground)
    return np.concatenate((pixels.min(axis=0), pixels.max(axis=0)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("heading", [0.0, math.pi, 0.2, math.pi / 2], ids="{:.1f} rad".format)
def test_a_box_holds_all_that_is_painted_of_somebody_and_little_else(dull: Twins, kind: Kind, heading: float) -> None:
    for x, z in ((1.6, 20.0), (-4.8, 26.0), (4.8, 45.0)):
        actor = at(kind, x, z, heading)
        box = box_of(actor, dull.view)
        assert box is not None
        differs = dull.difference([actor], [])
        shadow = inside(shadow_box(actor, dull.view, DULL_REACH), differs.shape)
        assert not (differs & ~shadow & ~inside(box, differs.shape)).any()
        rows, columns = np.nonzero(differs & inside(box, differs.shape))
        painted = np.array((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        np.testing.assert_allclose(painted, box, atol=TIGHT_PX)


def test_a_street_differs_from_an_empty_one_where_boxes_and_shadows_are(sunny: Twins) -> None:
    world = World(SceneSettings(seed=5, density=2.0))
    for _ in range(4):
        world.step(4.0)
        differs = sunny.difference(world.actors, [])
        in_boxes = np.zeros(differs.shape, np.bool_)
        in_shadows = in_boxes.copy()
        for actor in world.actors:
            box = box_of(actor, sunny.view)
            if box is not None:
                in_boxes |= inside(box, differs.shape)
                in_shadows |= inside(shadow_box(actor, sunny.view), differs.shape)
        assert not (differs & ~in_boxes & ~in_shadows).any()
        assert (differs & in_boxes).sum() > 0.6 * differs.sum(), "mostly people and vehicles, not their shadows"
        assert (differs & in_boxes).sum() > 0.5 * in_boxes.sum(), "boxes are of what is there"


def test_an_empty_street_stays_as_it_is(sunny: Twins) -> None:
    first, second = sunny.paint([], [])
    assert first.shape == (360, 640, 3)
    assert (first == second).all()
    third, _ = sunny.paint([], [])
    assert 0 < np.abs(third.astype(int) - first).mean() < 4, "the camera's noise, and nothing else"


@pytest.mark.parametrize("kind", [PERSON, MOTORCYCLE], ids=lambda kind: kind.name)
def test_a_bus_hides_who_is_right_behind_it(dull: Twins, kind: Kind) -> None:
    bus, behind = at(BUS, 1.6, 24.0, number=2), at(kind, 1.6, 31.0)
    for order in ([bus, behind], [behind, bus]):
        assert not dull.difference(order, [bus]).any()


def test_who_is_nearer_is_in_front_of_a_bus(dull: Twins) -> None:
    bus, nearer = at(BUS, 1.6, 30.0, number=2), at(PERSON, 1.6, 22.0)
    box = box_of(nearer, dull.view)
    assert box is not None
    for order in ([bus, nearer], [nearer, bus]):
        differs = dull.difference(order, [bus])
        alone = dull.difference([nearer], [])
        assert differs[inside(box, differs.shape)].sum() > 0.7 * alone.sum()


def test_who_is_out_of_the_picture_leaves_no_trace_in_it(sunny: Twins) -> None:
    away = [at(TRUCK, 1.6, -20.0), at(CAR, -1.6, 189.0, number=2), at(CAR, 60.0, 30.0, number=3)]
    assert [box_of(actor, sunny.view) for actor in away] == [None] * 3
    assert not sunny.difference(away, []).any()


def test_brake_lamps_are_seen(dull: Twins) -> None:
    rolling, braking = at(CAR, 1.6, 18.0), at(CAR, 1.6, 18.0)
    braking.braking = True
    dark, bright = dull.paint([rolling], [braking])
    redder = (bright[:, :, 2].astype(int) - dark[:, :, 2]) > 60
    assert redder.sum() > 4
    assert (dark != bright).any(axis=2).sum() < 300


def test_the_light_shows_its_colour(dull: Twins) -> None:
    red, green = dull.paint([], [], "red green")
    change = red.astype(int) - green
    differs = change.any(axis=2)
    assert 0 < differs.sum() < 300
    above, below = np.nonzero(differs)[0][[0, -1]]
    assert change[above, :, 2].sum() > 0 > change[below, :, 1].sum(), "red is above green"


def test_lamps_light_the_street_at_dusk() -> None:
    dusk = Twins(SceneSettings(seed=5, width=320, height=180, light="dusk", rain=False))
    with_car, without = dusk.paint([at(CAR, -1.6, 40.0, math.pi)], [])
    gain = with_car.astype(int) - without
    assert gain.max() > 100
    assert gain.mean() > 0
