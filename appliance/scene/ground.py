"""What never moves in a scene: the ground with its markings, the sky, houses and trees; painted once."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scene.settings import SceneSettings
from appliance.scene.street import (
    CROSSWALK_M,
    HALF_ROAD_M,
    LANE_M,
    LANES_EACH_WAY,
    SIDEWALK_M,
    STOP_NORTH_M,
    STOP_SOUTH_M,
)
from appliance.scene.view import View

Picture = NDArray[np.uint8]  # (h, w, 3) blue, green, red
Metres = NDArray[np.float32]  # (h, w)
Shares = NDArray[np.float32]  # (h, w) 0..1
Colour = tuple[float, float, float]

# Painted so many times as fine and averaged, so that edges are smooth.
FINENESS = 2
GRASS, ASPHALT, PAVEMENT, KERB, WHITE = (62, 112, 98), (98, 96, 94), (150, 154, 156), (176, 180, 182), (222, 226, 228)
HAZE = (205, 192, 180)
DASH_M, DASH_EVERY_M = 3.0, 7.5
FARTHEST_M = 400.0
# Of noise, pixels.
TILE = 512


def paint_still(view: View, settings: SceneSettings) -> Picture:
    """Everything that stands still, in daylight."""
    dice = settings.random("ground")
    picture = _ground(view, dice)
    _sky(picture, view, dice)
    averaged = cv2.resize(picture, (view.width, view.height), interpolation=cv2.INTER_AREA)
    out: Picture = np.clip(averaged, 0, 255).astype(np.uint8)
    _houses(out, view, dice)
    _trees(out, view, dice)
    return out


def _ground(view: View, dice: np.random.Generator) -> NDArray[np.float32]:
    x, z = view.ground(FINENESS)
    far = ~(z < FARTHEST_M) | (z < 0)
    x, z = np.where(far, 0, x).astype(np.float32), np.where(far, FARTHEST_M, z).astype(np.float32)
    aside = np.abs(x)
    grain = _noise(dice, x, z, 9.0) * np.exp(-z / 60)
    patches = _noise(dice, x, z, 0.35)
    picture = _tinted(GRASS, 1 + 0.16 * patches + 0.16 * grain)
    _lay(picture, _tinted(PAVEMENT, 1 + 0.05 * patches + 0.05 * grain), aside < HALF_ROAD_M + SIDEWALK_M)
    _lay(picture, _tinted(KERB, 1 + 0.03 * grain), aside < HALF_ROAD_M + 0.25)
    tracks = 0.06 * np.cos(2 * np.pi * (aside % LANE_M - LANE_M * 0.22) / (LANE_M * 0.56)) * (aside < HALF_ROAD_M)
    _lay(picture, _tinted(ASPHALT, 1 + 0.07 * patches + 0.09 * grain - tracks), aside < HALF_ROAD_M)
    _lay(picture, _tinted(WHITE, 1 + 0.08 * grain - 0.08 * np.abs(patches)), _markings(x, z))
    haze = np.clip(z / 260, 0, 0.85)[:, :, None].astype(np.float32)
    picture += (np.array(HAZE, np.float32) - picture) * haze
    return picture


def _markings(x: Metres, z: Metres) -> NDArray[np.bool_]:
    aside = np.abs(x)
    clear = (z < CROSSWALK_M[0] - 1.2) | (z > STOP_SOUTH_M)
    dashed = (z % DASH_EVERY_M < DASH_M) & clear
    middle = (np.abs(aside - 0.16) < 0.07) & clear
    between = np.zeros(x.shape, np.bool_)
    for index in range(1, LANES_EACH_WAY):
        between |= np.abs(aside - index * LANE_M) < 0.08
    edge = (np.abs(aside - (HALF_ROAD_M - 0.2)) < 0.07) & clear
    stops = (x > 0.2) & (np.abs(z - STOP_NORTH_M - 0.25) < 0.25) | (x < -0.2) & (np.abs(z - STOP_SOUTH_M + 0.25) < 0.25)
    stripes = (z > CROSSWALK_M[0]) & (z < CROSSWALK_M[1]) & (x % 1.0 < 0.5)
    marked: NDArray[np.bool_] = (aside < HALF_ROAD_M - 0.1) & (middle | (between & dashed) | edge | stops | stripes)
    return marked


def _noise(dice: np.random.Generator, x: Metres, z: Metres, per_metre: float) -> Shares:
    """Smooth noise (h, w), about -1..1, that lies on the ground."""
    rough = dice.normal(0, 1, (TILE, TILE)).astype(np.float32)
    smooth = np.asarray(cv2.GaussianBlur(rough, (0, 0), 1.2, borderType=cv2.BORDER_REFLECT_101), np.float32)
    tile = smooth / (2.5 * smooth.std())
    # So that no pattern runs along the street.
    turned = 0.3
    across = (x * math.cos(turned) + z * math.sin(turned)) * per_metre % TILE
    along = (z * math.cos(turned) - x * math.sin(turned)) * per_metre % TILE
    on_ground = cv2.remap(tile, across.astype(np.float32), along.astype(np.float32), cv2.INTER_LINEAR, None, cv2.BORDER_WRAP)
    return np.asarray(on_ground, np.float32)


def _tinted(colour: Colour, tint: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    return tint.astype(np.float32)[:, :, None] * np.array(colour, np.float32)


def _lay(picture: NDArray[np.float32], over: NDArray[np.float32], where: NDArray[np.bool_]) -> None:
    np.copyto(picture, over, where=where[:, :, None])


def _sky(picture: NDArray[np.float32], view: View, dice: np.random.Generator) -> None:
    """From the top to the horizon; the far end of the ground fades into it."""
    horizon = horizon_px(view) * FINENESS
    rows = max(1, min(round(horizon), len(picture)))
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    top, bottom = np.array((228, 190, 150), np.float32), np.array((222, 212, 202), np.float32)
    picture[:rows] = top + (bottom - top) * share
    across = np.arange(picture.shape[1])
    hills = sum(
        float(dice.uniform(0.2, 0.6)) * np.sin(across / picture.shape[1] * frequency + float(dice.uniform(0, 6)))
        for frequency in (5.0, 11.0, 23.0)
    )
    reach = (0.35 + 0.16 * hills) * rows
    below = np.arange(rows)[:, None] > rows - reach[None, :]
    picture[:rows][below] = (168, 160, 138)


def horizon_px(view: View) -> float:
    """The row where the ground ends."""
    return view.height / 2 - view.focal_px * math.tan(view.pitch)


def _houses(picture: Picture, view: View, dice: np.random.Generator) -> None:
    for side in (-1, 1):
        places = sorted(dice.uniform(34, 170, 9), reverse=True)
        for near in places:
            deep, wide, high = dice.uniform(8, 14), dice.uniform(8, 14), dice.uniform(5, 14)
            left = side * dice.uniform(17, 24)
            _house(picture, view, (left, left + side * wide), (near, near + deep), high, dice)


def _house(
    picture: Picture,
    view: View,
    x: tuple[float, float],
    z: tuple[float, float],
    high: float,
    dice: np.random.Generator,
) -> None:
    """Two walls, the one towards the street and the one towards the camera, and a flat roof."""
    wall = np.array(dice.choice([(170, 190, 205), (185, 185, 180), (130, 150, 185), (200, 205, 210)]), float)
    haze = min(0.8, z[0] / 260)
    walls = (
        ([(x[0], 0, z[1]), (x[0], high, z[1]), (x[0], high, z[0]), (x[0], 0, z[0])], 0.8, z[1] - z[0]),
        ([(x[0], 0, z[0]), (x[0], high, z[0]), (x[1], high, z[0]), (x[1], 0, z[0])], 1.0, abs(x[1] - x[0])),
    )
    roof = [(x[0], high, z[0]), (x[0], high, z[1]), (x[1], high, z[1]), (x[1], high, z[0])]
    _fill(picture, view, roof, _hazy(wall * 0.75, haze))
    for corners, light, length in walls:
        _fill(picture, view, corners, _hazy(wall * light, haze))
        start, _, end, _ = (np.array(corner) for corner in corners)
        for floor in range(int(high // 3)):
            for window in range(int(length // 2.5)):
                share = (window + 0.35) * 2.5 / length
                low = start + (end - start) * [share, 0, share] + [0, 0.9 + 3 * floor, 0]
                step = (end - start) * [1.2 / length, 0, 1.2 / length]
                pane = [low, low + [0, 1.4, 0], low + step + [0, 1.4, 0], low + step]
                _fill(picture, view, [tuple(corner) for corner in pane], _hazy(np.array((95, 85, 75)) * light, haze))


def _trees(picture: Picture, view: View, dice: np.random.Generator) -> None:
    for z in sorted(dice.uniform(26, 150, 26), reverse=True):
        x = float(dice.choice((-1, 1)) * dice.uniform(HALF_ROAD_M + SIDEWALK_M + 1.2, 15))
        haze = min(0.8, z / 260)
        foot, top = view.project(np.array([(x, 0, z), (x, 2.2, z)]))
        width_px = max(1, round(view.focal_px * 0.3 / z))
        cv2.line(picture, _whole(foot), _whole(top), _hazy(np.array((50, 62, 78)), haze), width_px, cv2.LINE_AA)
        green = np.array((52, 100, 70)) * dice.uniform(0.8, 1.15)
        for n in range(9):
            place = np.array([(x + dice.normal(0, 0.9), 3.4 + dice.normal(0, 0.7), z + dice.normal(0, 0.8))])
            radius_px = max(1, round(view.focal_px * dice.uniform(0.7, 1.2) / float(view.depth(place)[0])))
            cv2.circle(
                picture, _whole(view.project(place)[0]), radius_px, _hazy(green * (0.8 + 0.045 * n), haze), -1, cv2.LINE_AA
            )


def _hazy(colour: NDArray[np.float64], haze: float) -> Colour:
    blue, green, red = (float(value) for value in colour + (np.array(HAZE) - colour) * haze)
    return blue, green, red


def _whole(point: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _fill(picture: Picture, view: View, corners: list[tuple[float, float, float]], colour: Colour) -> None:
    pixels = view.project(np.array(corners, np.float64))
    cv2.fillConvexPoly(picture, np.round(pixels * 16).astype(np.int32), colour, cv2.LINE_AA, 4)
