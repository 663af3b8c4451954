"""Draws one frame of a scene: shadows, then everybody from the farthest to the nearest, then light and weather."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.scene.actors import Actor
from appliance.scene.ground import Picture, paint_still
from appliance.scene.palette import colour_of
from appliance.scene.settings import SceneSettings
from appliance.scene.shapes import body_of
from appliance.scene.street import DRAWN_M, HALF_ROAD_M, STOP_SOUTH_M
from appliance.scene.view import Points, View
from appliance.scene.weather import Weather

# Bits of a pixel that corners are placed to.
SUBPIXELS = 4
# Towards it, so what looks at the camera is lit.
SUN = np.array((-0.55, 0.68, -0.48))
AMBIENT, DIRECT = 0.62, 0.48
# What is left of the light.
SHADOW, CONTACT = 0.52, 0.7
LAMP_COLOURS = {"red": (40, 40, 245), "amber": (40, 180, 250), "green": (110, 220, 70)}


class Painter:
    """Draws the frames of one scene."""

    def __init__(self, view: View, settings: SceneSettings) -> None:
        self._view = view
        self._weather = Weather(view, settings)
        self._still = self._weather.darkened(paint_still(view, settings))
        share = CONTACT if self._weather.is_dull else SHADOW
        self._still_shaded = cv2.convertScaleAbs(self._still, alpha=share)
        self._eye = np.array((view.aside_m, view.above_m, 0.0))

    def paint(self, actors: list[Actor], signal: str) -> Picture:
        """A frame (h, w, 3) with these actors; the lights show ``signal``."""
        near_last = sorted((actor for actor in actors if DRAWN_M[0] < actor.z < DRAWN_M[1]), key=lambda actor: -actor.z)
        frame: Picture = self._still.copy()
        cv2.copyTo(self._still_shaded, self._shadows(near_last), frame)
        self._weather.light_pools(frame, near_last)
        mast_drawn = False
        for actor in near_last:
            if actor.z < STOP_SOUTH_M and not mast_drawn:
                self._mast(frame, signal)
                mast_drawn = True
            self._actor(frame, actor)
        if not mast_drawn:
            self._mast(frame, signal)
        self._weather.lamps(frame, near_last)
        self._weather.fall(frame)
        return frame

    def _shadows(self, actors: list[Actor]) -> NDArray[np.uint8]:
        mask = np.zeros(self._still.shape[:2], np.uint8)
        reach = 0.05 if self._weather.is_dull else 1.0
        for actor in actors:
            points = actor.place(_outline(actor))
            points[:, 0] -= points[:, 1] * SUN[0] / SUN[1] * reach
            points[:, 2] -= points[:, 1] * SUN[2] / SUN[1] * reach
            points[:, 1] = 0
            hull = cv2.convexHull(_fixed(self._view.project(points)))
            cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_8, SUBPIXELS)
        return mask

    def _actor(self, frame: Picture, actor: Actor) -> None:
        shape = body_of(actor)
        corners = actor.place(shape.corners)
        pixels, depth = _fixed(self._view.project(corners)), self._view.depth(corners)
        faces, light = self._lit(corners, shape.starts[:-1])
        placed, piece_number = [], 0
        for part in shape.parts:
            end = piece_number + len(part.pieces)
            mean_depth = float(depth[shape.starts[piece_number] : shape.starts[end]].mean())
            placed.append((part.level, -mean_depth, piece_number, part))
            piece_number = end
        for _, _, number, part in sorted(placed, key=lambda item: item[:2]):
            for place, piece in enumerate(part.pieces, number):
                if faces[place]:
                    shine = 1.0 if piece.colour == "tail lamp" and actor.braking else light[place]
                    colour = tuple(shine * value for value in colour_of(piece.colour, actor))
                    outline = pixels[shape.starts[place] : shape.starts[place + 1]]
                    cv2.fillConvexPoly(frame, outline, colour, cv2.LINE_AA, SUBPIXELS)

    def _lit(self, corners: Points, starts: NDArray[np.int64]) -> tuple[list[bool], list[float]]:
        """Of every piece, whether it faces the camera, and how much light falls on it."""
        first = corners[starts]
        (ax, ay, az), (bx, by, bz) = (corners[starts + 1] - first).T, (corners[starts + 2] - first).T
        normals = np.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), axis=1)
        faces = (normals * (self._eye - first)).sum(axis=1) > 0
        lengths = np.maximum(np.sqrt((normals * normals).sum(axis=1)), 1e-9)
        light = (AMBIENT + DIRECT * np.maximum(0.0, normals @ SUN / lengths)) * self._weather.brightness
        return faces.tolist(), light.tolist()

    def _mast(self, frame: Picture, signal: str) -> None:
        """The traffic light, over the far end of the crossing."""
        x, z = HALF_ROAD_M + 0.6, STOP_SOUTH_M - 0.3
        foot, top, tip, lamp = self._view.project(np.array([(x, 0, z), (x, 5.6, z), (2.6, 5.6, z), (3.1, 5.2, z)]))
        grey = tuple(70 * self._weather.brightness for _ in range(3))
        unit_px = self._view.focal_px / float(self._view.depth(np.array([(x, 5.0, z)]))[0])
        for start, end, width in ((foot, top, 0.17), (top, tip, 0.12)):
            corners = _fixed(np.array([start, end]))
            cv2.line(
                frame, corners[0].tolist(), corners[1].tolist(), grey, max(1, round(width * unit_px)), cv2.LINE_AA, SUBPIXELS
            )
        for index, name in enumerate(("red", "amber", "green")):
            # Seen from behind by the camera's side of the road, so drawn as the small repeater that every mast has.
            centre = (round(float(lamp[0])), round(float(lamp[1]) + index * 0.42 * unit_px))
            cv2.circle(frame, centre, max(2, round(0.24 * unit_px)), (30, 30, 30), -1, cv2.LINE_AA)
            colour = LAMP_COLOURS[name] if name == signal else (55, 55, 55)
            cv2.circle(frame, centre, max(1, round(0.16 * unit_px)), colour, -1, cv2.LINE_AA)


def _outline(actor: Actor) -> NDArray[np.float64]:
    """The corners (8, 3) of a box a little smaller than the actor: what throws its shadow."""
    return np.array([(right, up, ahead) for right in (-0.46, 0.46) for up in (0.0, 0.97) for ahead in (-0.47, 0.47)])


def _fixed(pixels: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixels with fractions, as OpenCV takes them; what is far outside is cut off, because its numbers are small."""
    return np.clip(np.round((pixels - 0.5) * (1 << SUBPIXELS)), -(2**24), 2**24).astype(np.int32)
