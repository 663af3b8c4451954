"""Time the BoT-SORT of roboflow's ``trackers``, as it comes but without camera motion."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from stopwatch import Prepare, Table, Update, answer_request
from supervision import Detections
from trackers import BoTSORTTracker


def make() -> tuple[Prepare, Update]:
    """A new tracker."""
    tracker = BoTSORTTracker(enable_cmc=False)

    def prepare(table: Table) -> Any:
        return Detections(xyxy=table[:, :4], confidence=table[:, 4], class_id=np.zeros(len(table), int))

    def update(detections: Any) -> int:
        return len(tracker.update(detections))

    return prepare, update


if __name__ == "__main__":
    cv2.setNumThreads(1)
    answer_request(make, version("trackers"))
