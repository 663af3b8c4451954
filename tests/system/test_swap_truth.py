"""Models take turns over footage whose crossings are known: whoever counts, the counts are true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY, SHARED_DATA, shared
from tests.system.cli import run_cli
from tests.system.turns import play, torn, write_fixed

pytestmark = pytest.mark.slow
# There and back.
FEWEST_TURNS = 2
OTHER_SIZE = (448, 768)
NO_WEIGHTS = not (SHARED_DATA / "models").exists()

Crossing = tuple[str, str, int]
"""Line, direction, frame."""


@dataclass(frozen=True)
class Footage:
    """A video, two models, and what is true up to a frame."""

    video: Path
    models: tuple[Path, Path]
    lines: list[dict[str, object]]
    last_frame: int
    truth: dict[tuple[str, str], int]
    disputed: frozenset[Crossing] = frozenset()
    """One that some models count, and the eye does not."""


ROAD: dict[str, object] = {"name": "road", "from": [0, 0.7], "to": [1, 0.7], "classes": ["car", "truck", "bus"]}
# A horse box on its hook: for yolov8n in 640 pixels no vehicle of its own, as for the eye; for yolov8s a bus without doubt.
HORSE_BOX = frozenset(("road", "backward", frame) for frame in range(477, 484))


def highway(other: Path) -> Footage:
    models = shared("models", "yolov8n_dynamic.onnx"), other
    truth = {("road", "forward"): 35, ("road", "backward"): 36}
    return Footage(shared("videos", "highway_two_way_720p.mp4"), models, [ROAD], 735, truth, HORSE_BOX)


def with_a_larger_one(folder: Path) -> Footage:
    return highway(shared("models", "yolov8s_dynamic.onnx"))


def with_another_size(folder: Path) -> Footage:
    return highway(write_fixed(shared("models", "yolov8n_dynamic.onnx"), folder / "fixed.onnx", *OTHER_SIZE))


def of_the_demo(folder: Path) -> Footage:
    video, truth_file = folder / "street.mp4", folder / "truth.json"
    painted = run_cli("scene", "--out", str(video), "--truth", str(truth_file), "--seconds", "30", deadline_s=120)
    assert painted.exit_code == 0, painted.stderr
    truth = json.loads(truth_file.read_text())
    lines: list[dict[str, object]] = [
        {"name": name, "from": line["points"][0], "to": line["points"][1], "classes": line["classes"]}
        for name, line in truth["lines"].items()
    ]
    model = REPOSITORY / "engines" / "demo" / "1" / "model.onnx"
    models = model, write_fixed(model, folder / "fixed.onnx", *OTHER_SIZE)
    counts = Counter((crossing["line"], crossing["direction"]) for crossing in truth["crossings"])
    return Footage(video, models, lines, truth["frames"] - 1, dict(counts))


@pytest.mark.parametrize(
    "footage",
    [
        with_a_larger_one,
        pytest.param(with_another_size, marks=pytest.mark.long),
        pytest.param(of_the_demo, marks=() if NO_WEIGHTS else pytest.mark.long),
    ],
)
def test_the_count_is_true_whoever_counts(tmp_path: Path, footage: Callable[[Path], Footage]) -> None:
    known = footage(tmp_path)
    seen = play(tmp_path, known.video, known.models, known.lines, known.last_frame)
    assert seen.is_whole, seen.turns
    assert len(seen.turns) >= FEWEST_TURNS
    assert torn(seen.tracks) == []
    assert sum(crossing in known.disputed for crossing in seen.crossings) <= 1
    certain = [crossing for crossing in seen.crossings if crossing not in known.disputed]
    assert Counter((line, direction) for line, direction, _ in certain) == known.truth
