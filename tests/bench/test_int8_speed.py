"""``scripts/int8_speed.py`` on small inputs: that it measures both models in turns, never how fast they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY
from tests.system.models import write_detector
from tests.system.videos import traffic, write_video

sys.path.insert(0, str(REPOSITORY / "scripts"))

import int8_speed  # a script, of no package


@pytest.mark.long
def test_two_models_take_turns_and_count_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write_video(tmp_path / "traffic.mp4", traffic(2, (128, 72)))
    models = [str(write_detector(tmp_path / name)) for name in ("original.onnx", "int8.onnx")]
    words = [str(video), *models, "--rounds", "1", "--seconds", "0.1", "--line", "middle=0.5,0,0.5,1", "--to", "29"]
    assert int8_speed.main([*words, "--classes", "car", "--precision", "f32"]) == 0
    said = capsys.readouterr().out
    assert "round 1:" in said
    assert "OpenVINO" in said
    assert said.count("CPU ms per") == 2
    assert "counts: [(1, 0)], INT8 [(1, 0)]" in said or "counts: [(0, 1)], INT8 [(0, 1)]" in said


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    video = write_video(tmp_path / "traffic.mp4", traffic(2, (128, 72)))
    with pytest.raises(SystemExit, match="int8_speed: .*gone.onnx"):
        int8_speed.main([str(video), "gone.onnx", "gone.onnx"])
