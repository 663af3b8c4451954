"""What the peers' tracker programs share: the request, the clock around every update, the answer."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float32]  # (N, 5): x_min, y_min, x_max, y_max in px, score
Prepare = Callable[[Table], Any]  # the peer's own form of a table, made outside of the clock
Update = Callable[[Any], int]  # one update; how many rows it gave


def answer_request(make: Callable[[], tuple[Prepare, Update]], version: str) -> None:
    """Time a tracker from ``make``, a new one for each scene, and print the answer in JSON."""
    request = json.loads(sys.argv[1])
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with np.load(request["scenes"]) as scenes:
        times = {objects: times_of(scenes[objects], *make(), request["warm_up"]) for objects in scenes.files}
    print(json.dumps({"version": version, "times": times}))  # noqa: T201  # this is the answer


def times_of(scene: NDArray[np.float32], prepare: Prepare, update: Update, warm_up: int) -> dict[str, float]:
    """Of one scene (frames, objects, 5): milliseconds, and how many rows the last frame gave."""
    seconds, rows = [], 0
    for table in scene:
        prepared = prepare(table)
        began = time.perf_counter()
        rows = update(prepared)
        seconds.append(time.perf_counter() - began)
    times_ms = 1e3 * np.array(seconds[warm_up:])
    return {"median_ms": float(np.median(times_ms)), "p95_ms": float(np.percentile(times_ms, 95)), "rows": rows}
