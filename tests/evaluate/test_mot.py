"""The tracker on real MOT sequences, scored with TrackEval, against what the peers' BoT-SORT reach with their defaults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.errors import Refusal
from appliance.evaluate.mot_scores import find_sequences, read_sequence, run_tracker, score
from tests.evaluate.sequences import DETECTIONS, TRUTH, walk, write_sequence
from tests.shared_data import shared


@pytest.mark.parametrize(
    ("name", "best_peer_hota", "best_peer_idf1", "mota"),
    [
        pytest.param("Venice-2", 32.6, 40.9, 18.0, id="Venice-2"),
        pytest.param("TUD-Campus", 53.4, 74.5, 65.2, id="TUD-Campus"),
        pytest.param("TUD-Stadtmitte", 54.9, 79.6, 72.6, id="TUD-Stadtmitte"),
    ],
)
def test_tracks_at_least_as_well_as_the_best_peer(name: str, best_peer_hota: float, best_peer_idf1: float, mota: float) -> None:
    sequence = read_sequence(shared("mot", name, "gt", "gt.txt").parent.parent)
    found = score(sequence, run_tracker(sequence))
    assert round(found.hota, 1) >= best_peer_hota
    assert round(found.idf1, 1) >= best_peer_idf1
    assert round(found.mota, 1) >= mota


def test_the_truth_itself_scores_everything(tmp_path: Path) -> None:
    sequence = read_sequence(write_sequence(tmp_path / "walk", TRUTH, DETECTIONS))
    found = score(sequence, sequence.truth)
    assert (found.hota, found.mota, found.idf1) == pytest.approx((100, 100, 100))
    assert found.identity_switches == 0


def test_half_the_way_under_another_name_is_one_switch_and_half_the_identity(tmp_path: Path) -> None:
    sequence = read_sequence(write_sequence(tmp_path / "walk", TRUTH, DETECTIONS))
    tracks = sequence.truth.copy()
    tracks[5:, 1] = 7
    found = score(sequence, tracks)
    assert (found.mota, found.idf1) == pytest.approx((90, 50))
    assert found.identity_switches == 1


def test_no_tracks_at_all_score_nothing(tmp_path: Path) -> None:
    sequence = read_sequence(write_sequence(tmp_path / "walk", TRUTH, DETECTIONS))
    found = score(sequence, np.empty((0, 6)))
    assert (found.hota, found.mota, found.idf1, found.identity_switches) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "last", "rows"),
    [
        pytest.param("walk", "1,-1,-1", 10, id="flagged"),
        pytest.param("MOT17-02", "1,1,1", 10, id="a pedestrian"),
    ],
)
def test_the_rows_of_the_truth_that_count(tmp_path: Path, name: str, last: str, rows: int) -> None:
    others = walk((2,), "0,1,1") + (walk((3,), "1,7,1") if name.startswith("MOT17") else "")
    sequence = read_sequence(write_sequence(tmp_path / name, walk((1,), last) + others, DETECTIONS))
    assert len(sequence.truth) == rows
    assert set(sequence.truth[:, 1]) == {1}


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        pytest.param("0.9", 0.9, id="a probability"),
        pytest.param("1.5", 1.5, id="not above 1.5"),
        pytest.param("20", 0.8808, id="the logistic of 2"),
        pytest.param("1000000", 1.0, id="very sure"),
    ],
)
def test_scores_above_one_and_a_half_are_no_probabilities(tmp_path: Path, written: str, taken: float) -> None:
    sequence = read_sequence(write_sequence(tmp_path / "walk", TRUTH, walk((-1,), written)))
    assert sequence.scores == pytest.approx(np.full(10, taken), abs=1e-4)


def test_a_sequence_says_its_frames_per_second(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path / "walk", TRUTH, DETECTIONS)
    assert read_sequence(folder).frames_per_second == 30
    (folder / "seqinfo.ini").write_text("[Sequence]\nname=walk\nframeRate=14\n")
    assert read_sequence(folder).frames_per_second == 14


def test_all_sequences_that_have_both_files_are_found(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_sequence(tmp_path / name, TRUTH, DETECTIONS)
    (tmp_path / "no-truth" / "det").mkdir(parents=True)
    (tmp_path / "no-truth" / "det" / "det.txt").write_text(DETECTIONS)
    assert find_sequences(tmp_path) == ["a", "b"]


@pytest.mark.parametrize(
    ("truth", "detections", "sentence"),
    [
        pytest.param("", DETECTIONS, "gt.txt must have rows of at least 7 numbers, found 0", id="empty"),
        pytest.param("hello\n", DETECTIONS, "gt.txt must be a table of numbers", id="no numbers"),
        pytest.param("1,1,1,1\n", DETECTIONS, "at least 7 numbers, found 1 of 4", id="too few columns"),
        pytest.param(walk((1,), "0,1,1"), DETECTIONS, "flagged to count, found none of 10", id="nothing counts"),
        pytest.param(TRUTH, "1,-1,0,0,9,9,nan\n", "det.txt must have finite numbers", id="not finite"),
        pytest.param(TRUTH, "0,-1,0,0,9,9,1\n", "whole frames from 1", id="frame 0"),
        pytest.param(TRUTH, "1e12,-1,0,0,9,9,1\n", "whole frames from 1 to", id="frame without end"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, truth: str, detections: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        read_sequence(write_sequence(tmp_path / "walk", truth, detections))
