"""Camera motion: is the camera moving, and if so, how did the picture shift since the frame before?

On a fixed camera measuring the motion would be nearly all of the tracker's time, for nothing. So a small picture is compared with
the one before, outside the tracked boxes; only where most of what has contrast has changed is the motion measured: corners
followed by sparse optical flow (Lucas and Kanade 1981, pyramidal, after Bouguet 2001), then a similarity by RANSAC, as BoT-
SORT does (section 3.2).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Boxes

Grey = NDArray[np.uint8]  # (h, w)
Affine = NDArray[np.float64]  # (2, 3), maps the previous frame's pixels to this frame's

CHECK_WIDTH_PX = 160
# Grey levels: above the noise of a night picture.
CHANGED = 12
# Of the background's edges that have changed.
MOVING_SHARE = 0.3
# Grey levels to the neighbour.
EDGE = 24
LEAST_EDGES = 30
MOST_CORNERS = 400
LEAST_CORNERS = 12
# Of the small picture; less is the measurement's own noise.
LEAST_MOTION_PX = 0.3


class CameraMotion:
    """One camera's; feed it every frame's picture in order."""

    def __init__(self) -> None:
        self._before: Grey | None = None
        self._small_before: Grey | None = None

    def measure(self, picture: Grey, boxes: Boxes, source_width: int) -> Affine | None:
        """The motion since the last picture in pixels of the source frame, or None while the camera stands still.

        ``picture`` (h, w) may be a view of shared memory; it is copied. ``boxes`` (N, 4) are what moves by itself, source pixels.
        """
        small = _small(picture)
        before, small_before = self._before, self._small_before
        self._before, self._small_before = picture.copy(), small
        if before is None or small_before is None or before.shape != picture.shape:
            return None
        if not is_moving(small_before, small, boxes * np.float32(small.shape[1] / source_width)):
            return None
        scale = source_width / picture.shape[1]
        motion = measure_motion(before, picture, boxes / np.float32(scale))
        if motion is None:
            return None
        motion[:, 2] *= scale
        return motion


def _small(picture: Grey) -> Grey:
    height = max(1, round(picture.shape[0] * CHECK_WIDTH_PX / picture.shape[1]))
    return np.asarray(cv2.resize(picture, (CHECK_WIDTH_PX, height), interpolation=cv2.INTER_AREA), np.uint8)


def is_moving(before: Grey, now: Grey, boxes: Boxes) -> bool:
    """Whether most edges of the background, outside ``boxes`` (N, 4), are not where they were. Pictures (h, w) of one size."""
    edges = np.zeros(before.shape, np.bool_)
    edges[:, 1:] = cv2.absdiff(before[:, 1:], before[:, :-1]) > EDGE
    edges &= _background(before.shape, boxes)
    count = int(np.count_nonzero(edges))
    if count < LEAST_EDGES:
        return False
    changed = int(np.count_nonzero(cv2.absdiff(before, now)[edges] > CHANGED))
    return changed > MOVING_SHARE * count


def measure_motion(before: Grey, now: Grey, boxes: Boxes) -> Affine | None:
    """The similarity that maps ``before`` to ``now`` (h, w), from what lies outside ``boxes`` (N, 4); None if there is too
    little.
    """
    mask = _background(before.shape, boxes).astype(np.uint8)
    found_corners: Any = cv2.goodFeaturesToTrack(before, MOST_CORNERS, 0.01, 5, mask=mask)
    corners = np.empty((0, 1, 2), np.float32) if found_corners is None else np.asarray(found_corners, np.float32)
    if len(corners) < LEAST_CORNERS:
        return None
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, np.ascontiguousarray(now), corners, np.empty_like(corners))
    good = found.ravel() == 1
    if np.count_nonzero(good) < LEAST_CORNERS:
        return None
    affine, _ = cv2.estimateAffinePartial2D(corners[good], moved[good], method=cv2.RANSAC, ransacReprojThreshold=2.0)
    if affine is None or _shift_px(affine, before.shape) < LEAST_MOTION_PX:
        return None
    return np.asarray(affine, np.float64)


def _shift_px(affine: Affine, shape: tuple[int, ...]) -> float:
    """How far the motion carries the farthest corner of the picture."""
    height, width = shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    return float(np.abs(corners @ affine.T - corners[:, :2]).max())


def _background(shape: tuple[int, ...], boxes: Boxes) -> NDArray[np.bool_]:
    outside = np.ones(shape, np.bool_)
    for left, top, right, bottom in np.clip(boxes, 0, max(shape)).astype(int).tolist():
        outside[top : bottom + 1, left : right + 1] = False
    return outside
