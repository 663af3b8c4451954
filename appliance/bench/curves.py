"""Figures over time as a picture: one curve above the other, each with a scale of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from appliance.bench.plot import BARS, FAINT, FINE, GRID, WIDTH, Canvas
from appliance.errors import Refusal

# Pixels.
LEFT, RIGHT, HEIGHT, GAP, FOOT = 80, 20, 120, 34, 40
STEPS = 4


@dataclass(frozen=True, slots=True)
class Curve:
    """A name with its unit, and a value for every moment."""

    name: str
    values: Sequence[float]


def draw_curves(path: Path, moments: Sequence[float], curves: Sequence[Curve], unit: str) -> None:
    """Draw them over their moments, in ``unit``, into a PNG file."""
    canvas = Canvas.blank(len(curves) * (HEIGHT + GAP) + FOOT)
    for number, curve in enumerate(curves):
        _draw_curve(canvas, number * (HEIGHT + GAP) + GAP, moments, curve)
    bottom = len(curves) * (HEIGHT + GAP) + 16
    for step in range(STEPS + 1):
        share = step / STEPS
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        canvas.text(f"{moments[0] + share * (moments[-1] - moments[0]):.3g}", x - 8, bottom, colour=FAINT)
    canvas.text(unit, WIDTH - RIGHT - 60, bottom + 18, colour=FAINT)
    if not cv2.imwrite(str(path), canvas.small()):
        raise Refusal(f"the plot cannot be written to {path}")


def _draw_curve(canvas: Canvas, top: int, moments: Sequence[float], curve: Curve) -> None:
    """From zero up, so that what looks flat is."""
    values = np.asarray(curve.values, np.float64)
    highest = max(float(values.max()) * 1.1, 1e-9)
    canvas.text(curve.name, LEFT, top - 8)
    for step in range(STEPS + 1):
        y = top + HEIGHT * (1 - step / STEPS)
        canvas.box(LEFT, y, WIDTH - LEFT - RIGHT, 1, GRID)
        canvas.text(f"{highest * step / STEPS:.3g}", 24, y + 4, 0.4, FAINT)
    at = np.asarray(moments, np.float64)
    x = LEFT + (at - at[0]) / max(at[-1] - at[0], 1e-9) * (WIDTH - LEFT - RIGHT)
    points = np.stack((x, top + HEIGHT * (1 - values / highest)), axis=1) * FINE
    cv2.polylines(canvas.image, [np.round(points).astype(np.int32)], False, BARS["met"], 2 * FINE, cv2.LINE_AA)
