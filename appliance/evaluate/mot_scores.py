"""How well our tracker follows objects on MOT sequences, with TrackEval's scores."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.boxes import iou_matrix
from appliance.errors import Refusal
from appliance.evaluate.mot import tracker

Rows = NDArray[np.float64]  # (N, 6) frame, id, x_min, y_min, x_max, y_max; frames from 1, pixels

# Their truth has a class in column 8, of which 1 is the pedestrian.
ONE_CLASS = ("MOT16", "MOT17", "MOT20")
USUAL_FRAMES_PER_SECOND = 30.0
MOST_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class MotSequence:
    """One sequence."""

    name: str
    truth: Rows
    detections: Rows
    scores: NDArray[np.float64]
    """(N,) of the detections, in 0..1."""
    frames: int
    frames_per_second: float


@dataclass(frozen=True, slots=True)
class MotScore:
    """HOTA (Luiten et al., IJCV 2021), MOTA (Bernardin and Stiefelhagen 2008) and IDF1 (Ristani et al., ECCVW 2016), per cent."""

    hota: float
    mota: float
    idf1: float
    identity_switches: int


def find_sequences(folder: Path) -> list[str]:
    """The names of the sequences in a folder that have both detections and truth."""
    if not folder.is_dir():
        raise Refusal(f"a folder with MOT sequences is wanted, but {folder} is none", usage=True)
    names = sorted(truth.parent.parent.name for truth in folder.glob("*/gt/gt.txt"))
    names = [name for name in names if any((folder / name / "det").glob("*.txt"))]
    if not names:
        raise Refusal(f"MOT sequences with gt/gt.txt and det/*.txt are wanted, but {folder} has none", usage=True)
    return names


def read_sequence(folder: Path) -> MotSequence:
    """The sequence in a folder: truth from ``gt/gt.txt``, detections from ``det/*.txt``, both in the format of MOTChallenge.

    Of the truth the rows count that are flagged (column 7), and in MOT16, MOT17 and MOT20 are pedestrians (column 8 is 1). The
    benchmark's own evaluation also takes away what was tracked on distractors; that is not done, so figures of these three are
    lower than on its board. Where detections have scores above 1.5 they are not probabilities; the logistic of a tenth of them
    is taken. Frames per second are those of ``seqinfo.ini``, or 30.
    """
    files = sorted((folder / "det").glob("*.txt"))
    if len(files) != 1:
        raise Refusal(f"one file of detections is wanted in {folder / 'det'}, found {len(files)}", usage=True)
    truth, detections = _read_truth(folder), _read_table(files[0], 7)
    scores = detections[:, 6]
    if scores.max() > 1.5:
        # The logistic of a tenth, without overflow.
        scores = (1 + np.tanh(scores / 20)) / 2
    frames = int(max(truth[:, 0].max(), detections[:, 0].max()))
    rate = _frames_per_second(folder / "seqinfo.ini")
    return MotSequence(folder.name, _with_corners(truth), _with_corners(detections), scores, frames, rate)


def _read_truth(folder: Path) -> NDArray[np.float64]:
    """The rows that count."""
    path, is_one_class = folder / "gt" / "gt.txt", folder.name.startswith(ONE_CLASS)
    table = _read_table(path, 8 if is_one_class else 7)
    counts = (table[:, 6] == 1) & (table[:, 7] == 1) if is_one_class else table[:, 6] > 0
    if not counts.any():
        raise Refusal(f"{path} must have rows that are flagged to count, found none of {len(table)}", usage=True)
    return table[counts]


def _read_table(path: Path, columns: int) -> NDArray[np.float64]:
    """(N, >= ``columns``) frame, id, left, top, width, height, flag or score, and what else there is; N > 0."""
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
        table = np.loadtxt(text.splitlines(), delimiter=",", ndmin=2) if text else np.empty((0, columns))
    except OSError as error:
        raise Refusal(f"{path} cannot be read: {error.strerror}", usage=True) from None
    except ValueError as error:
        raise Refusal(f"{path} must be a table of numbers in the MOT format, found a fault: {error}", usage=True) from None
    if not len(table) or table.shape[1] < columns:
        raise Refusal(f"{path} must have rows of at least {columns} numbers, found {len(table)} of {table.shape[1]}", usage=True)
    frames = table[:, 0]
    if not np.isfinite(table[:, :columns]).all() or frames.min() < 1 or frames.max() > MOST_FRAMES or (frames % 1).any():
        raise Refusal(f"{path} must have finite numbers, and whole frames from 1 to {MOST_FRAMES}; found others", usage=True)
    return table


def _with_corners(table: NDArray[np.float64]) -> Rows:
    return np.concatenate((table[:, :4], table[:, 2:4] + table[:, 4:6]), axis=1)


def _frames_per_second(path: Path) -> float:
    ini = configparser.ConfigParser(interpolation=None)
    try:
        ini.read(path, encoding="utf-8-sig")
        rate = ini.getfloat("Sequence", "frameRate", fallback=USUAL_FRAMES_PER_SECOND)
    except (configparser.Error, ValueError):
        rate = 0.0
    if not 0 < rate <= 10_000:
        raise Refusal(f"{path} must say a frameRate above 0 in its section Sequence", usage=True)
    return rate


def run_tracker(sequence: MotSequence) -> Rows:
    """The confirmed tracks of our tracker with default settings, frame by frame."""
    step = tracker((0, 0), sequence.frames_per_second)
    table = np.c_[sequence.detections[:, 2:], sequence.scores].astype(np.float32)
    places = by_frame(sequence.detections, sequence.frames)
    rows = [(frame, *row) for frame, place in enumerate(places, 1) for row in step(table[place], frame)[0]]
    return np.array(rows, np.float64).reshape(-1, 6)


def by_frame(rows: Rows, frames: int) -> list[NDArray[np.int64]]:
    """For each frame from 1 on the numbers of its rows, in their order."""
    order = rows[:, 0].argsort(kind="stable")
    return np.split(order, np.searchsorted(rows[order, 0], np.arange(2, frames + 1)))


def score(sequence: MotSequence, tracks: Rows) -> MotScore:
    """The scores of tracks, by TrackEval with its usual thresholds."""
    try:
        from trackeval.metrics import CLEAR, HOTA, Identity
    except ImportError:
        raise Refusal("scoring tracks needs TrackEval, which comes with the extra: pip install 'appliance[evaluate]'") from None
    sides = _as_trackeval(sequence.truth, tracks, sequence.frames)
    clear = CLEAR({"PRINT_CONFIG": False}).eval_sequence(sides)
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(sides)
    hota = HOTA().eval_sequence(sides)["HOTA"].mean()
    return MotScore(100 * float(hota), 100 * float(clear["MOTA"]), 100 * float(identity["IDF1"]), int(clear["IDSW"]))


def _as_trackeval(truth: Rows, tracks: Rows, frames: int) -> dict[str, Any]:
    """Both sides as TrackEval's metrics take them: ids from 0, and the overlaps of every frame."""
    (true_names, true_ids), (names, ids) = (np.unique(rows[:, 1], return_inverse=True) for rows in (truth, tracks))
    true_places, places = by_frame(truth, frames), by_frame(tracks, frames)
    true_boxes, boxes = truth[:, 2:].astype(np.float32), tracks[:, 2:].astype(np.float32)
    overlaps = [iou_matrix(true_boxes[true_place], boxes[place]) for true_place, place in zip(true_places, places)]
    return {
        "gt_ids": [true_ids[place] for place in true_places],
        "tracker_ids": [ids[place] for place in places],
        "similarity_scores": [overlap.astype(np.float64) for overlap in overlaps],
        "num_gt_ids": len(true_names),
        "num_tracker_ids": len(names),
        "num_gt_dets": len(truth),
        "num_tracker_dets": len(tracks),
        "num_timesteps": frames,
    }
