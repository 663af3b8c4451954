"""The tracker on real MOT sequences, scored with TrackEval, against what the peers' BoT-SORT reach with their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from trackeval.metrics import HOTA, Identity

from appliance.boxes import Floats, iou_matrix
from appliance.evaluate.mot import tracker
from tests.shared_data import shared

Rows = NDArray[np.float64]  # (K, 6) frame, id, x_min, y_min, x_max, y_max


def read_boxes(path: Path) -> tuple[Rows, Floats]:
    """The rows of a MOT file, and its seventh column."""
    table = np.loadtxt(path, delimiter=",")
    corners = np.concatenate((table[:, 2:4], table[:, 2:4] + table[:, 4:6]), axis=1)
    return np.concatenate((table[:, :2], corners), axis=1), table[:, 6].astype(np.float32)


def tracked(detections: Rows, scores: Floats, frames: int) -> Rows:
    """The rows that our tracker makes of the detections."""
    step = tracker((1920, 1080), 30.0)
    rows: list[tuple[float, ...]] = []
    for frame in range(1, frames + 1):
        here = detections[:, 0] == frame
        found, _ = step(np.c_[detections[here, 2:], scores[here]].astype(np.float32), frame)
        rows += [(frame, *row) for row in found]
    return np.array(rows, np.float64)


def as_trackeval(truth: Rows, result: Rows, frames: int) -> dict[str, Any]:
    """Both sides as TrackEval's metrics take them: ids from 0, and the overlaps of every frame."""
    known = {
        side: {value: place for place, value in enumerate(np.unique(rows[:, 1]))} for side, rows in enumerate((truth, result))
    }
    ids: tuple[list[Any], list[Any]] = ([], [])
    overlaps = []
    for frame in range(1, frames + 1):
        here = [rows[rows[:, 0] == frame] for rows in (truth, result)]
        for side, rows in enumerate(here):
            ids[side].append(np.array([known[side][value] for value in rows[:, 1]], np.int64))
        overlaps.append(iou_matrix(here[0][:, 2:].astype(np.float32), here[1][:, 2:].astype(np.float32)).astype(np.float64))
    return {
        "gt_ids": ids[0],
        "tracker_ids": ids[1],
        "similarity_scores": overlaps,
        "num_gt_ids": len(known[0]),
        "num_tracker_ids": len(known[1]),
        "num_gt_dets": len(truth),
        "num_tracker_dets": len(result),
    }


@pytest.mark.parametrize(
    ("sequence", "best_peer_hota", "best_peer_idf1"),
    [
        pytest.param("Venice-2", 32.6, 40.9, id="Venice-2"),
        pytest.param("TUD-Campus", 53.4, 74.5, id="TUD-Campus"),
        pytest.param("TUD-Stadtmitte", 54.9, 79.6, id="TUD-Stadtmitte"),
    ],
)
def test_tracks_at_least_as_well_as_the_best_peer(sequence: str, best_peer_hota: float, best_peer_idf1: float) -> None:
    truth, counted = read_boxes(shared("mot", sequence, "gt", "gt.txt"))
    detections, scores = read_boxes(shared("mot", sequence, "det", "det.txt"))
    truth = truth[counted > 0]
    frames = int(max(truth[:, 0].max(), detections[:, 0].max()))
    sides = as_trackeval(truth, tracked(detections, scores, frames), frames)

    hota = 100 * float(HOTA().eval_sequence(sides)["HOTA"].mean())
    idf1 = 100 * float(Identity().eval_sequence(sides)["IDF1"])

    assert round(hota, 1) >= best_peer_hota
    assert round(idf1, 1) >= best_peer_idf1
