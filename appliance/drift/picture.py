"""What a picture is like, whatever is in it: how bright, how sharp, and where its structure is.

A look takes a fraction of a millisecond: only every few rows are read, but at full width, because a picture that is made small
first is always sharp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Floats, Integers

Grey = NDArray[np.uint8]  # (h, w)

# Cells of the picture, down and across.
GRID = (9, 16)
CELLS = GRID[0] * GRID[1]
ROWS_READ = 90
# Over so many pixels the contrast of a sharp picture is no larger than over one.
FAR_PX = 8
SMALLEST_PX = 32
# Mean square of differences of grey: less is a picture of nothing, of which nobody can tell whether it is sharp.
FLAT = 1.0
# What the noise of a sensor is worth, beside structure.
NOISE = 4.0
THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a camera's picture."""

    brightness: float
    """0..255, of the middle one of all cells when they are put in order: a headlight makes no day."""
    sharpness: float
    """0..1: how much of the contrast between pixels far from each other there is between neighbours, too."""
    view: Integers
    """(CELLS,) thousandths: in which cells there is more structure than in others of their row and column."""
    cells: Floats
    """(CELLS,) brightness of each cell."""
    shape: tuple[int, int] = (0, 0)
    """(height, width) of the picture, without which its sharpness means nothing."""


def look_at(grey: Grey) -> Look | None:
    """Look at a picture (h, w); None where it is too small to say anything."""
    height, width = grey.shape
    if min(height, width) < SMALLEST_PX:
        return None
    step = max(1, height // ROWS_READ)
    rows = grey[::step].astype(np.float32)
    across = rows[:, 1:] - rows[:, :-1]
    across *= across
    cells = _by_cell(rows).ravel()
    return Look(
        brightness=float(np.median(cells)),
        sharpness=_sharpness(grey, rows, across, step),
        view=_view(across),
        cells=cells,
        shape=(height, width),
    )


def _sharpness(grey: Grey, rows: Floats, across: Floats, step: int) -> float:
    """The root of the mean square of differences between neighbours over that between pixels ``FAR_PX`` apart.

    More light, more contrast or a veil of haze change both alike and the quotient not at all; a lens out of focus takes the fine
    differences and leaves the coarse ones. ``across`` (n, w - 1) are the squares of the differences along the rows.
    """
    below = _mean_square(grey[1::step], rows)
    far_below = _mean_square(grey[FAR_PX::step], rows)
    far_across = _mean_square(rows[:, FAR_PX:], rows[:, :-FAR_PX])
    far = far_across + far_below
    return 0.0 if far < FLAT else min(1.0, float(np.sqrt((float(across.mean()) + below) / far)))


def _mean_square(some: NDArray[np.generic], others: Floats) -> float:
    """Of the differences; what one of them has more rows of is left out."""
    number = min(len(some), len(others))
    differences = some[:number].astype(np.float32) - others[:number]
    flat = differences.ravel()
    return float(np.dot(flat, flat)) / flat.size


def _view(squares: Floats) -> Integers:
    """Where the structure of a picture is: the logarithm of each cell's differences, less what its row and column have anyway.

    Edges of houses, kerbs and poles stay where they are when the light changes. That there is sky above and road below is so for
    most cameras, however they are turned, so it is taken out.
    """
    energy = np.log(_by_cell(squares) + NOISE)
    energy -= energy.mean(axis=0)
    energy -= energy.mean(axis=1)[:, None]
    view: Integers = np.rint(energy.ravel() * THOUSAND).astype(np.int64)
    return view


def _by_cell(values: Floats) -> Floats:
    """(9, 16) means of values (h, w); what is left over at the lower and right edge is not looked at."""
    down, across = values.shape[0] // GRID[0], values.shape[1] // GRID[1]
    cells = values[: down * GRID[0], : across * GRID[1]].reshape(GRID[0], down, GRID[1], across)
    means: Floats = cells.mean(axis=(1, 3))
    return means


def agreement(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """How alike two views are, -1..1: their correlation; 1 where neither shows anything."""
    first, second = one.astype(np.float64), other.astype(np.float64)
    lengths = float(np.linalg.norm(first)), float(np.linalg.norm(second))
    if max(lengths) == 0:
        return 1.0
    return 0.0 if min(lengths) == 0 else float(np.dot(first, second)) / (lengths[0] * lengths[1])
