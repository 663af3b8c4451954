"""What a picture is like: painted ones, of which it is known what was done to them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.drift.picture import Grey, Look, agreement, look_at

SIZE = (360, 640)


def street(seed: int = 1, size: tuple[int, int] = SIZE) -> Grey:
    """Sky, houses with windows, a road with markings, and some texture."""
    random = np.random.default_rng(seed)
    height, width = size
    picture = np.linspace(200, 90, height)[:, None] * np.ones(width)
    for _ in range(40):
        left, top = random.integers(0, width - 40), random.integers(height // 5, height - 30)
        picture[top : top + random.integers(8, 60), left : left + random.integers(8, 80)] = random.integers(30, 220)
    picture += random.normal(0, 2, size)
    return np.clip(picture, 0, 255).astype(np.uint8)


def seen(picture: Grey) -> Look:
    look = look_at(picture)
    assert look is not None
    return look


def blurred(picture: Grey, sigma_px: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_the_more_it_is_out_of_focus_the_less_sharp_it_is(seed: int) -> None:
    picture = street(seed)
    sharpness = [seen(picture).sharpness] + [seen(blurred(picture, sigma)).sharpness for sigma in (1.0, 2.0, 4.0)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[1] < 0.8 * sharpness[0]
    assert sharpness[2] < 0.55 * sharpness[0]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("gain", "offset"), [(0.5, 0), (0.5, 100), (0.8, 20)], ids=["dusk", "haze", "overcast"])
def test_light_and_haze_do_not_make_it_less_sharp(seed: int, gain: float, offset: float) -> None:
    picture = street(seed)
    other = (picture * gain + offset).astype(np.uint8)
    assert seen(other).sharpness == pytest.approx(seen(picture).sharpness, rel=0.05)
    assert agreement(seen(picture).view, seen(other).view) > 0.9


def test_a_headlight_makes_it_no_brighter() -> None:
    dark = np.full(SIZE, 30, np.uint8)
    assert seen(dark).brightness == 30
    dark[100:260, 200:400] = 255
    assert seen(dark).brightness == 30
    assert 90 < seen(street()).brightness < 200


def test_what_drives_through_it_is_still_the_same_view_and_another_street_is_not() -> None:
    picture = street(1)
    with_bus = picture.copy()
    with_bus[200:280, 200:340] = 240
    assert agreement(seen(picture).view, seen(with_bus).view) > 0.55
    assert all(agreement(seen(picture).view, seen(street(seed)).view) < 0.4 for seed in range(2, 12))
    turned = np.roll(picture, 200, axis=1)
    assert agreement(seen(picture).view, seen(turned).view) < 0.4


@pytest.mark.parametrize("size", [(32, 32), (72, 96), (360, 640), (720, 1280), (480, 360)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    look = seen(street(3, (max(72, size[0]), max(96, size[1])))[: size[0], : size[1]])
    assert look.view.shape == look.cells.shape == (144,)
    assert 0 < look.sharpness <= 1


def test_of_what_is_tiny_nothing_is_said_and_nothing_is_not_sharp() -> None:
    assert look_at(np.zeros((16, 24), np.uint8)) is None
    assert seen(np.zeros(SIZE, np.uint8)).sharpness == 0
    assert agreement(np.zeros(144), np.zeros(144)) == 1
    assert agreement(np.zeros(144), seen(street()).view) == 0
