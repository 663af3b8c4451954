"""The ratios as a picture of horizontal bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.bench.report import Report
from appliance.bench.row import FASTER, Row, number
from appliance.errors import Refusal

Image = NDArray[np.uint8]  # (H, W, 3) BGR
# Blue, green, red.
Colour = tuple[int, int, int]

# Drawn so many times as large and then scaled down, which smooths letters and edges.
FINE = 4
# Pixels, before that; so are all lengths below.
WIDTH, MARGIN, LABELS, VALUES = 1000, 24, 470, 90
ROW, BAR, HEAD, TITLE, FOOT = 26, 14, 34, 44, 40
BACKGROUND: Colour = (252, 252, 252)
INK: Colour = (48, 44, 40)
FAINT: Colour = (140, 134, 128)
GRID: Colour = (228, 226, 224)
BARS: dict[str, Colour] = {"met": (140, 150, 46), "": (176, 150, 110), "missed": (70, 100, 216)}
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture that is drawn on in pixels of its final size."""

    image: Image

    @classmethod
    def blank(cls, height: int) -> Canvas:
        """A new one."""
        return cls(np.full((height * FINE, WIDTH * FINE, 3), BACKGROUND, np.uint8))

    def text(self, words: str, x: float, y: float, size: float = 0.46, colour: Colour = INK) -> None:
        """Words that begin at x and stand on y; letters beyond ASCII are not in every OpenCV's fonts."""
        plain = words.replace("µ", "u").encode("ascii", "replace").decode()
        place = (round(x * FINE), round(y * FINE))
        cv2.putText(self.image, plain, place, FONT, size * FINE, colour, FINE + 1, cv2.LINE_AA)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled rectangle."""
        low, high = (round(x * FINE), round(y * FINE)), (round((x + width) * FINE) - 1, round((y + height) * FINE) - 1)
        cv2.rectangle(self.image, low, high, colour, cv2.FILLED)

    def small(self) -> Image:
        """The picture at its final size."""
        out = cv2.resize(self.image, None, fx=1 / FINE, fy=1 / FINE, interpolation=cv2.INTER_AREA)
        return np.asarray(out, np.uint8)


def draw(report: Report) -> bytes:
    """A PNG of every row that says how many times as fast we are."""
    parts: dict[str, list[Row]] = {}
    for row in report.rows:
        if row.figure is not None and row.unit == FASTER:
            parts.setdefault(row.part, []).append(row)
    bars = sum(map(len, parts.values()))
    canvas = Canvas.blank(TITLE + len(parts) * HEAD + bars * ROW + FOOT)
    canvas.text("How many times as fast" if bars else "Nothing was compared", MARGIN, TITLE - 16, 0.66)
    longest = max((row.figure or 0.0 for rows in parts.values() for row in rows), default=1.0)
    top = TITLE
    for part, rows in parts.items():
        canvas.text(part, MARGIN, top + HEAD - 12, 0.5, FAINT)
        draw_bars(canvas, rows, top + HEAD, longest)
        top += HEAD + len(rows) * ROW
    names = ("CPU", "cores", "date", "appliance")
    foot = ", ".join(f"{name} {report.header[name]}" for name in names if name in report.header)
    canvas.text(f"{foot}; the mark is the target, the grey line is equal", MARGIN, top + FOOT - 16, 0.36, FAINT)
    is_done, content = cv2.imencode(".png", canvas.small())
    if not is_done:
        raise Refusal("the plot cannot be encoded as PNG")
    return content.tobytes()


def draw_bars(canvas: Canvas, rows: Sequence[Row], top: float, longest: float) -> None:
    """A part's bars, from ``top`` down; ``longest`` is the ratio that fills the width."""
    left = MARGIN + LABELS
    # Pixels for a ratio of one.
    one = (WIDTH - MARGIN - left - VALUES) / max(longest, 1.0)
    canvas.box(left + one, top, 1, len(rows) * ROW, GRID)
    for place, row in enumerate(rows):
        figure, middle = row.figure or 0.0, top + (place + 0.5) * ROW
        canvas.text(f"{row.what} against {row.against}", MARGIN, middle + 5, 0.4)
        canvas.box(left, middle - BAR / 2, max(1.0, figure * one), BAR, BARS[row.verdict])
        if row.target is not None and row.target.least is not None:
            canvas.box(left + row.target.least * one - 1, middle - BAR / 2 - 3, 2, BAR + 6, INK)
        canvas.text(f"{number(figure)}x", left + figure * one + 10, middle + 5, 0.44)
