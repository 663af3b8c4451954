"""A constant-velocity Kalman filter for many boxes at once.

BoT-SORT (Aharon et al. 2022, section 3.1) filters the eight-vector (cx, cy, w, h, vx, vy, vw, vh) with noise that is diagonal and
scales with the box. Without rotation nothing couples the four axes, so the filter is four independent two-dimensional
ones, and a whole table of tracks is one array:

    filters   (5, N, 4) float64     axis 0: position, velocity, var(position), cov(position, velocity), var(velocity)
                                    axis 2: centre x, centre y, width, height; pixels, and pixels per step

A step is 1/30 s, the rate that BoT-SORT's noise was tuned at. ``steps`` may be any positive number, so dropped frames and
variable rates are exact: k steps at once give the numbers of k single steps.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Filters: TypeAlias = NDArray[np.float64]  # (5, N, 4), see above
Measurements: TypeAlias = NDArray[np.float64]  # (N, 4) centre x, centre y, width, height, px

STEPS_PER_SECOND = 30.0
# Standard deviations as shares of the box's width (x, w) or height (y, h): BoT-SORT, equations 3 to 5.
POSITION_SHARE = 1 / 20
VELOCITY_SHARE = 1 / 160
_SIZE_OF_AXIS = np.array([2, 3, 2, 3])


def start(measured: Measurements) -> Filters:
    """Filters for boxes seen for the first time: standing still, with room for a surprise."""
    filters = np.zeros((5, *measured.shape))
    filters[0] = measured
    size_squared = measured.take(_SIZE_OF_AXIS, axis=1) ** 2
    filters[2] = size_squared * (2 * POSITION_SHARE) ** 2
    filters[4] = size_squared * (10 * VELOCITY_SHARE) ** 2
    return filters


def predict(filters: Filters, steps: float) -> Filters:
    """The filters ``steps`` later."""
    position, velocity, position_var, covariance, velocity_var = filters
    size_squared = position.take(_SIZE_OF_AXIS, axis=1)
    size_squared *= size_squared
    # k single steps put the velocity noise of step i into the position (k - 1 - i) times: sums of integers and of squares.
    carried = max(0.0, steps * (steps - 1) / 2)
    carried_squared = max(0.0, steps * (steps - 1) * (2 * steps - 1) / 6)
    out = np.empty_like(filters)
    np.add(position, velocity * steps, out=out[0])
    out[1] = velocity
    np.add(covariance, velocity_var * steps, out=out[3])
    np.add(position_var, (covariance + out[3]) * steps, out=out[2])
    out[4] = velocity_var
    noise = (
        steps * POSITION_SHARE**2 + carried_squared * VELOCITY_SHARE**2,
        carried * VELOCITY_SHARE**2,
        steps * VELOCITY_SHARE**2,
    )
    out[2:] += size_squared * np.array(noise)[:, None, None]
    # A box seen shrinking must not be predicted inside out.
    sizes = out[0, :, 2:]
    np.maximum(sizes, 1.0, out=sizes)
    return out


def update(filters: Filters, measured: Measurements) -> Filters:
    """The filters after each has seen its own row of ``measured``."""
    surprise = measured - filters[0]
    # Of position and velocity.
    gains = filters[2:4] / (filters[2] + measurement_variance(filters[0]))
    out = np.empty_like(filters)
    np.add(filters[:2], gains * surprise, out=out[:2])
    np.multiply(filters[2:4], 1 - gains[0], out=out[2:4])
    np.subtract(filters[4], gains[1] * filters[3], out=out[4])
    return out


def measurement_variance(position: Measurements) -> NDArray[np.float64]:
    """(N, 4) variances of a detected box of this size, square pixels."""
    deviation: NDArray[np.float64] = position.take(_SIZE_OF_AXIS, axis=1)
    deviation *= POSITION_SHARE
    deviation *= deviation
    return deviation


def from_two(before: Measurements, measured: Measurements, steps: float) -> Filters:
    """Filters for boxes of which nothing but two sightings, ``steps`` apart, is known.

    Two-point initialisation (Bar-Shalom, Li and Kirubarajan, Estimation with Applications to Tracking and Navigation,
    section 5.5.3): the velocity is the way between the two. Sizes are taken to stand still.
    """
    variance = measurement_variance(measured)
    filters = np.empty((5, *measured.shape))
    filters[0] = measured
    filters[1] = (measured - before) / steps
    filters[1, :, 2:] = 0
    filters[2] = variance
    filters[3] = variance / steps
    filters[4] = 2 * variance / steps**2
    return filters


def warp(filters: Filters, affine: NDArray[np.float64]) -> Filters:
    """The filters seen by a camera that has moved: ``affine`` (2, 3) maps the previous frame's pixels to this frame's.

    Centres and velocities turn with the picture, sizes follow its scale. The small covariance between x and y that a rotation
    makes is left out: it is the angle times the difference of the two variances, and a camera turns by a degree or less from
    frame to frame.
    """
    linear, shift = affine[:, :2], affine[:, 2]
    scale = math.sqrt(abs(float(np.linalg.det(linear))))
    out: Filters = filters.copy()
    out[0, :, :2] = filters[0, :, :2] @ linear.T + shift
    out[1, :, :2] = filters[1, :, :2] @ linear.T
    out[:2, :, 2:] *= scale
    out[2:, :, :2] = filters[2:, :, :2] @ (linear**2).T
    out[2:, :, 2:] *= scale**2
    return out
