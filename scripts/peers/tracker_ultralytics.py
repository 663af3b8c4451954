"""Time ultralytics' BoT-SORT, with the thresholds that it ships and without camera motion."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import torch
import ultralytics
from stopwatch import Prepare, Table, Update, answer_request
from ultralytics.engine.results import Boxes
from ultralytics.trackers.bot_sort import BOTSORT

SIZE = (1080, 1920)
SETTINGS = {  # botsort.yaml of ultralytics
    "tracker_type": "botsort",
    "track_high_thresh": 0.25,
    "track_low_thresh": 0.1,
    "new_track_thresh": 0.25,
    "track_buffer": 30,
    "match_thresh": 0.8,
    "fuse_score": True,
    "gmc_method": "none",
    "proximity_thresh": 0.5,
    "appearance_thresh": 0.8,
    "with_reid": False,
    "model": "auto",
}


def make() -> tuple[Prepare, Update]:
    """A new tracker."""
    tracker = BOTSORT(SimpleNamespace(**SETTINGS))
    picture = np.zeros((*SIZE, 3), np.uint8)

    def prepare(table: Table) -> Any:
        return Boxes(np.column_stack([table, np.zeros(len(table), np.float32)]), SIZE)

    def update(boxes: Any) -> int:
        return len(tracker.update(boxes, picture))

    return prepare, update


if __name__ == "__main__":
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    answer_request(make, ultralytics.__version__)
