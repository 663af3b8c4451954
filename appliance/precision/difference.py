"""Which pictures of many differ most: those that a network is calibrated with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Thumbnails = NDArray[np.uint8]  # (N, D): pictures of a few pixels, in a row


def most_different(thumbnails: Thumbnails, wanted: int) -> list[int]:
    """The rows of at most ``wanted`` pictures, in order, that are far from one another.

    Gonzalez' greedy choice (1985): begin with the one that is most like the mean, then always take the one that is farthest from
    all that are taken. No other choice is more than twice as good, and the same pictures always give the same one. Of pictures
    that are the same, pixel by pixel, one is taken.
    """
    if not len(thumbnails) or wanted < 1:
        return []
    points = thumbnails.astype(np.float32)
    taken = [int(_squares(points, points.mean(axis=0)).argmin())]
    nearest = _squares(points, points[taken[0]])
    while len(taken) < wanted and nearest.max() > 0:
        taken.append(int(nearest.argmax()))
        np.minimum(nearest, _squares(points, points[taken[-1]]), out=nearest)
    return sorted(taken)


def _squares(points: NDArray[np.float32], point: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) squared distances."""
    away = points - point
    out: NDArray[np.float32] = np.einsum("nd,nd->n", away, away)
    return out
