"""Camera motion: nothing is measured on a fixed camera, and a shift, a turn and a zoom are found among moving things."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.boxes import Boxes
from appliance.track.camera_motion import Affine, CameraMotion, Grey

WIDTH, HEIGHT = 640, 360
NOTHING = np.empty((0, 4), np.float32)


def street(seed: int = 1) -> Grey:
    """A picture with texture, larger than the camera sees."""
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT // 8 + 30, WIDTH // 8 + 30), np.uint8)
    return np.asarray(cv2.resize(noise, (WIDTH + 240, HEIGHT + 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def seen(world: Grey, affine: NDArray[np.float64]) -> Grey:
    """What the camera sees after the picture has moved by ``affine`` (2, 3)."""
    centred = affine.copy()
    centred[:, 2] -= affine[:, :2] @ [120.0, 120.0]
    return np.asarray(cv2.warpAffine(world, centred, (WIDTH, HEIGHT)), np.uint8)


def moved(degrees: float = 0, scale: float = 1, x: float = 0, y: float = 0) -> NDArray[np.float64]:
    affine = np.asarray(cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, scale), np.float64)
    affine[:, 2] += x, y
    return affine


def with_box(picture: Grey, box: tuple[int, int, int, int], level: int) -> Grey:
    out: Grey = picture.copy()
    left, top, right, bottom = box
    out[top:bottom, left:right] = level
    return out


def measured(first: Grey, second: Grey, boxes: Boxes = NOTHING, source_width: int = WIDTH) -> Affine | None:
    motion = CameraMotion()
    assert motion.measure(first, boxes, source_width) is None, "one picture shows no motion"
    return motion.measure(second, boxes, source_width)


def test_a_fixed_camera_with_noise_and_traffic_has_no_motion() -> None:
    world = seen(street(), moved())
    noise = np.random.default_rng(2).normal(0, 2, world.shape)
    noisy = np.clip(world + noise, 0, 255).astype(np.uint8)
    boxes = np.array([[100, 100, 220, 200]], np.float32)
    assert measured(with_box(world, (100, 100, 220, 200), 10), with_box(noisy, (110, 100, 230, 200), 10), boxes) is None


def test_a_picture_without_texture_has_no_motion() -> None:
    assert measured(np.full((HEIGHT, WIDTH), 90, np.uint8), np.full((HEIGHT, WIDTH), 130, np.uint8)) is None


def test_a_change_of_size_begins_anew() -> None:
    assert measured(seen(street(), moved()), street()[:180, :320]) is None


@pytest.mark.parametrize(
    "motion",
    [
        pytest.param(moved(x=7.5, y=-4), id="pan"),
        pytest.param(moved(degrees=1.5), id="roll"),
        pytest.param(moved(scale=1.03), id="zoom"),
        pytest.param(moved(degrees=-0.7, scale=0.99, x=-12, y=5), id="all"),
    ],
)
def test_motion_is_found_to_half_a_pixel_beside_a_large_moving_object(motion: Affine) -> None:
    world = street()
    first = with_box(seen(world, moved()), (200, 120, 420, 260), 200)
    second = with_box(seen(world, motion), (240, 120, 460, 260), 200)
    found = measured(first, second, np.array([[200, 120, 460, 260]], np.float32))
    assert found is not None
    corners = np.array([[0, 0, 1], [WIDTH, 0, 1], [0, HEIGHT, 1], [WIDTH, HEIGHT, 1]], np.float64)
    np.testing.assert_allclose(corners @ found.T, corners @ motion.T, atol=0.5)


def test_motion_is_in_pixels_of_the_source() -> None:
    world = street()
    found = measured(seen(world, moved()), seen(world, moved(x=6)), source_width=2 * WIDTH)
    assert found is not None
    np.testing.assert_allclose(found[:, 2], [12, 0], atol=0.7)
