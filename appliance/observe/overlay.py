"""What is drawn on a picture: boxes with their tracks, trails, lines and counts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.boxes import Tracks

Image = NDArray[np.uint8]  # (h, w, 3) BGR
Colour = tuple[int, int, int]

TRAIL_FRAMES = 40
LINE_COLOUR: Colour = (0, 200, 255)
FLASH_COLOUR: Colour = (80, 255, 80)
TEXT_COLOUR: Colour = (255, 255, 255)
SHADE_COLOUR: Colour = (20, 20, 20)
PALETTE: tuple[Colour, ...] = (
    (86, 180, 233)[::-1],
    (230, 159, 0)[::-1],
    (0, 158, 115)[::-1],
    (240, 228, 66)[::-1],
    (213, 94, 0)[::-1],
    (204, 121, 167)[::-1],
    (120, 144, 255)[::-1],
)  # Okabe and Ito's, which colour-blind people tell apart, the dark blue made lighter


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line in pixels, what stands beside it, and whether something has just crossed it."""

    points: tuple[tuple[float, float], ...]
    text: str
    flashes: bool


@dataclass(slots=True)
class Trails:
    """The last places of every track."""

    _places: dict[int, deque[tuple[int, int]]] = field(default_factory=dict)

    def add(self, tracks: Tracks) -> None:
        """One more frame; who is not seen in it loses the oldest place, until none is left."""
        seen = set()
        for track_id, (left, top, right, bottom) in zip(tracks.ids.tolist(), tracks.boxes.tolist()):
            seen.add(track_id)
            places = self._places.setdefault(track_id, deque(maxlen=TRAIL_FRAMES))
            places.append((round((left + right) / 2), round((top + bottom) / 2)))
        for track_id in [known for known in self._places if known not in seen]:
            self._places[track_id].popleft()
            if not self._places[track_id]:
                del self._places[track_id]

    def draw(self, image: Image) -> None:
        """Onto the image, in place."""
        for track_id, places in self._places.items():
            way = np.array(places, np.int32).reshape(-1, 1, 2)
            cv2.polylines(image, [way], False, colour_of(track_id), thickness_for(image), cv2.LINE_AA)


def colour_of(track_id: int) -> Colour:
    """Always the same for one track."""
    return PALETTE[track_id % len(PALETTE)]


def thickness_for(image: Image) -> int:
    """Of strokes, so that they look alike on a small and on a large picture."""
    return max(1, round(int(image.shape[0]) / 480))


def draw_tracks(
    image: Image, tracks: Tracks, names: tuple[str, ...], *, with_boxes: bool = True, with_labels: bool = True
) -> None:
    """Boxes and labels of the confirmed tracks, in place."""
    columns = zip(tracks.ids.tolist(), tracks.boxes.tolist(), tracks.classes.tolist(), tracks.confirmed.tolist())
    for track_id, (left, top, right, bottom), class_id, confirmed in columns:
        if confirmed:
            corner, colour = (round(left), round(top)), colour_of(track_id)
            if with_boxes:
                cv2.rectangle(image, corner, (round(right), round(bottom)), colour, thickness_for(image), cv2.LINE_AA)
            if with_labels:
                write_label(image, f"{names[class_id]} {track_id}", corner, colour)


def draw_line(image: Image, line: DrawnLine) -> None:
    """A counting line and its counts, in place."""
    colour = FLASH_COLOUR if line.flashes else LINE_COLOUR
    points = np.array(line.points, np.float64).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(image, [points], False, colour, 2 * thickness_for(image), cv2.LINE_AA)
    x, y = line.points[0]
    height, width = image.shape[:2]
    write_label(image, line.text, (min(round(x) + 8, width // 2), max(24, min(round(y) - 8, height - 8))), colour)


def write_label(image: Image, text: str, corner: tuple[int, int], colour: Colour) -> None:
    """A label whose lower left corner is above ``corner``."""
    scale = image.shape[0] / 1440
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness_for(image))
    x, y = corner[0], max(height + base, corner[1])
    cv2.rectangle(image, (x, y - height - base), (x + width + 4, y), SHADE_COLOUR, cv2.FILLED)
    cv2.rectangle(image, (x, y - height - base), (x + 2, y), colour, cv2.FILLED)
    cv2.putText(image, text, (x + 4, y - base // 2), cv2.FONT_HERSHEY_SIMPLEX, scale, TEXT_COLOUR, 1, cv2.LINE_AA)
