"""The camera against a pinhole made of matrices, and the way back from pixels to the ground."""

from __future__ import annotations

import math

import numpy as np
import pytest

from appliance.scene.ground import horizon_px
from appliance.scene.settings import SceneSettings
from appliance.scene.view import Pixels, Points, View

SEEDS = (0, 1, 5, 77)


def view_of(seed: int, width: int = 320, height: int = 180) -> View:
    return View.of(SceneSettings(seed=seed, width=width, height=height))


def pinhole(view: View, points: Points) -> tuple[Pixels, Points]:
    """Pixels, and the points in the camera's own axes: right, down, ahead."""
    sine, cosine = math.sin(view.pitch), math.cos(view.pitch)
    upside_down = np.diag([1.0, -1.0, 1.0])
    nodding = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])  # down in these axes is +y
    own = (points - [view.aside_m, view.above_m, 0.0]) @ (nodding @ upside_down).T
    focal = np.array([[view.focal_px, 0, view.width / 2], [0, view.focal_px, view.height / 2], [0, 0, 1]])
    image = own @ focal.T
    return image[:, :2] / image[:, 2:], own


@pytest.mark.parametrize("seed", SEEDS)
def test_a_point_is_where_a_pinhole_shows_it(seed: int) -> None:
    view = view_of(seed)
    points = np.random.default_rng(seed).uniform((-15, 0, 4), (15, 8, 200), (500, 3))
    pixels, own = pinhole(view, points)
    np.testing.assert_allclose(view.depth(points), own[:, 2], rtol=1e-12)
    assert own[:, 2].min() > 1
    np.testing.assert_allclose(view.project(points), pixels, rtol=1e-9, atol=1e-9)


def test_right_is_right_up_is_up_and_far_is_up() -> None:
    middle, right, up, far = view_of(5).project(np.array([(0, 0, 30), (1, 0, 30), (0, 1, 30), (0, 0, 31)]))
    assert right[0] > middle[0]
    assert up[1] < middle[1]
    assert far[1] < middle[1]


def test_what_is_behind_the_camera_stays_finite() -> None:
    assert np.isfinite(view_of(5).project(np.array([(1.0, 0.0, -50.0), (0.0, 11.0, 0.0)]))).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scale", [1, 2])
def test_the_ground_under_a_pixel_is_shown_at_that_pixel(seed: int, scale: int) -> None:
    view = view_of(seed)
    x, z = view.ground(scale)
    assert x.shape == z.shape == (180 * scale, 320 * scale)
    seen = z < 400
    points = np.stack((x[seen], np.zeros(int(seen.sum())), z[seen]), axis=1).astype(np.float64)
    rows, columns = np.nonzero(seen)
    wanted = (np.stack((columns, rows), axis=1) + 0.5) / scale
    np.testing.assert_allclose(view.project(points), wanted, atol=2e-3)
    assert (view.depth(points) > 1).all()


@pytest.mark.parametrize("size", [(240, 240), (320, 240), (320, 180), (480, 240)], ids=str)
def test_the_horizon_is_just_inside_the_picture_whatever_its_shape(size: tuple[int, int]) -> None:
    for seed in range(50):
        view = view_of(seed, *size)
        horizon = horizon_px(view)
        assert 0 < horizon < 0.12 * view.height
        _, z = view.ground(1)
        rows = np.arange(view.height) + 0.5
        assert np.isinf(z[rows < horizon]).all()
        assert (np.diff(z[rows > horizon + 0.5, 0]) < 0).all()
