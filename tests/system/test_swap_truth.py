"""Real weights take turns over real footage that was counted by hand: whoever counts, the counts are true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shared_data import shared
from tests.system.swaps import play, torn, write_fixed

pytestmark = pytest.mark.slow
LAST_FRAME = 735
ROAD: dict[str, object] = {"name": "road", "from": [0, 0.7], "to": [1, 0.7], "classes": ["car", "truck", "bus"]}
FEWEST_TURNS = 3
# A horse box on its hook: by eye and for yolov8n in 640 pixels no vehicle of its own, for yolov8s a bus without doubt.
DISPUTED = {("backward", frame) for frame in range(477, 484)}


def larger(folder: Path) -> Path:
    return shared("models", "yolov8s_dynamic.onnx")


def of_another_size(folder: Path) -> Path:
    return write_fixed(shared("models", "yolov8n_dynamic.onnx"), folder / "fixed.onnx", 448, 768)


@pytest.mark.parametrize("other", [larger, pytest.param(of_another_size, marks=pytest.mark.long)])
def test_the_count_is_that_of_the_hand_whoever_counts(tmp_path: Path, other: Callable[[Path], Path]) -> None:
    video, model = shared("videos", "highway_two_way_720p.mp4"), shared("models", "yolov8n_dynamic.onnx")
    seen = play(tmp_path, video, (model, other(tmp_path)), ROAD, LAST_FRAME)
    assert seen.is_whole, seen.turns
    assert len(seen.turns) >= FEWEST_TURNS
    assert torn(seen.tracks) == []
    assert sum(crossing in DISPUTED for crossing in seen.crossings) <= 1
    certain = Counter(direction for direction, frame in seen.crossings if (direction, frame) not in DISPUTED)
    assert certain == {"forward": 35, "backward": 36}
