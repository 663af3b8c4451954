"""Our tracker's time for one update, in a process of its own: one core, one thread."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from appliance.bench.program import answer_request
from appliance.boxes import Detections, Floats
from appliance.track.botsort import BotSort, BotSortSettings

FRAME_NS = 1_000_000_000 // 30


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Times by number of objects, of all frames after the first ``warm_up``."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with np.load(request["scenes"]) as scenes:
        return {"times": {objects: times_of(scenes[objects], request["warm_up"]) for objects in scenes.files}}


def times_of(scene: Floats, warm_up: int) -> dict[str, float]:
    """Of one scene (frames, objects, 5): corners and score. Milliseconds, and how many rows the last frame had."""
    tracker, seconds, rows = BotSort(BotSortSettings()), [], 0
    classes = np.zeros(scene.shape[1], np.int64)
    for frame, table in enumerate(scene):
        detections = Detections(table[:, :4].copy(), table[:, 4].copy(), classes)
        began = time.perf_counter()
        tracks = tracker.update(detections, frame * FRAME_NS)
        seconds.append(time.perf_counter() - began)
        rows = len(tracks)
    times_ms = 1e3 * np.array(seconds[warm_up:])
    return {"median_ms": float(np.median(times_ms)), "p95_ms": float(np.percentile(times_ms, 95)), "rows": rows}


if __name__ == "__main__":
    answer_request(measure)
