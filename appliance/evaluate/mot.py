"""Our tracker on MOT sequences, for ``mot_eval.py appliance.evaluate.mot:tracker`` and the like."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from appliance.boxes import Detections, Floats
from appliance.track.botsort import BotSort, BotSortSettings

# id, x_min, y_min, x_max, y_max; pixels.
Row = tuple[int, float, float, float, float]
Step = Callable[[Floats, int], tuple[list[Row], float]]


def tracker(size: tuple[int, int], frames_per_second: float) -> Step:
    """A tracker with default settings, as a function of a frame's detections and its index.

    It takes (N, 5) float32 rows x_min, y_min, x_max, y_max, score, and returns the rows of the confirmed tracks and the seconds
    that the update took. ``size`` is not needed.
    """
    del size
    botsort = BotSort(BotSortSettings())

    def step(rows: Floats, frame: int) -> tuple[list[Row], float]:
        rows = np.asarray(rows, np.float32)
        detections = Detections(rows[:, :4].copy(), rows[:, 4].copy(), np.zeros(len(rows), np.int64))
        began = time.perf_counter()
        tracks = botsort.update(detections, round(frame / frames_per_second * 1e9))
        seconds = time.perf_counter() - began
        columns = zip(tracks.ids.tolist(), tracks.boxes.tolist(), tracks.confirmed.tolist())
        return [(track_id, *box) for track_id, box, confirmed in columns if confirmed], seconds

    return step
