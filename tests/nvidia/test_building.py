"""An engine from a model to a detector that uses it, on a computer whose GPU is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.building.request import Calculates, Doing
from appliance.catalogue.building import BuildWish, build_engine
from appliance.catalogue.importing import Wish, import_model
from appliance.clock import wall_ns
from appliance.detect import throwaway
from appliance.detect.acceptance import GATES, Verdict
from appliance.detect.tensorrt_engine import DOOR, MOST_TRIES
from appliance.errors import Refusal
from appliance.models.store import stores_of
from appliance.models.strikes import MOST_STRIKES, Strikes
from appliance.site_file import parse_site
from tests.nvidia.computer import HAS_GPU, IS_BLIND, VERSION, have_gpu
from tests.system.cli import run_cli
from tests.system.models import write_detector

LOOK = r"""
import json, sys
from pathlib import Path
import numpy as np
from appliance.config import DetectorSettings
from appliance.detect.network import Network
from appliance.models.built import built_folder
from appliance.models.store import stores_of
from appliance.models.strikes import MOST_STRIKES, Strikes
from appliance.process_settings import DetectProcess

data_dir, backend = Path(sys.argv[1]), sys.argv[2]
network = Network(DetectProcess(
    detector=DetectorSettings(model="tiny", backend=backend), low_score=0.1, classes=(), named=(), stores=stores_of(data_dir),
    is_live=True, takes_guests=False, burst=1, built=built_folder(data_dir),
))
pictures = []
for left in (32, 96):
    picture = np.full((384, 640, 3), 20, np.uint8)
    picture[64:112, left:left + 64] = 250
    pictures.append(picture)
network.submit(pictures)
boxes = [network.read(output, (384, 640)).boxes.round().tolist() for output in network.collect().copy()]
# A camera that stands upright.
network.submit([np.ascontiguousarray(pictures[0].transpose(1, 0, 2))])
boxes.append(network.read(network.collect()[0], (640, 384)).boxes.round().tolist())
print(json.dumps({"backend": network.info.backend, "passed_over": network.passed_over, "boxes": boxes,
                  "is_outdated": network.info.is_outdated}))
"""
SEEN = [[[32, 64, 96, 112]], [[96, 64, 160, 112]], [[64, 32, 112, 96]]]


def looked(data_dir: Path, backend: str = "auto") -> dict[str, Any]:
    """What a detector says that is opened in a process of its own."""
    outcome = subprocess.run(
        [sys.executable, "-c", LOOK, str(data_dir), backend], capture_output=True, text=True, timeout=60, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    answer: dict[str, Any] = json.loads(outcome.stdout)
    return answer


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a kept model."""
    data_dir = tmp_path_factory.mktemp("site")
    model = write_detector(data_dir / "tiny.onnx")
    import_model(Wish(model, "tiny", "a test"), stores_of(data_dir))
    return data_dir


def wish(data_dir: Path, **changes: Any) -> BuildWish:
    site = parse_site({"cameras": [], "detector": {"model": "tiny"}, "data_dir": str(data_dir)}, (), "a test")
    return BuildWish("tiny", Calculates.FP16, site, **{"max_batch": 2, **changes})


def test_an_engine_is_built_proved_and_used_until_something_changes(
    brought: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    have_gpu(monkeypatch)
    before = looked(brought)
    assert before["backend"].startswith("OpenVINO")
    assert "no engine of this model was built here ('appliance models build'" in before["passed_over"][0]

    doings, verdicts = list[Doing](), list[Verdict]()
    made = build_engine(wish(brought, tell=doings.append, judged=verdicts.append), stores_of(brought))
    assert made.backend == "TensorRT 10.3.0"
    assert made.gpu.startswith("Fake GPU, compute capability 8.7")
    assert [verdict.gate for verdict in verdicts] == list(GATES)
    assert all(verdict.is_good for verdict in verdicts)
    assert doings
    built = brought / "built"
    assert [path.name for path in built.glob("*.engine")] == [made.file]
    assert not list(built.glob(".*"))
    assert [path.read_bytes() for path in (built / "timings").iterdir()] == [b"+1"]

    after = looked(brought)
    assert after == {"backend": "TensorRT 10.3.0 f16", "passed_over": [], "boxes": SEEN, "is_outdated": False}
    assert not list(built.glob("*.strike-*"))

    # JetPack has been upgraded.
    monkeypatch.setenv(VERSION, "10.7.0")
    upgraded = looked(brought)
    assert upgraded["backend"].startswith("OpenVINO")
    assert upgraded["boxes"] == SEEN
    assert "built for tensorrt TensorRT 10.3.0 instead of TensorRT 10.7.0" in upgraded["passed_over"][0]

    monkeypatch.delenv(VERSION)
    engine = built / made.file
    # Who hung, or died with the driver, could not say so.
    for about, most in ((engine, MOST_STRIKES), (built / DOOR, MOST_TRIES)):
        for number in range(most):
            about.with_suffix(f".strike-{wall_ns()}-{number}").touch()
        [reason] = looked(brought)["passed_over"]
        assert f"has ended its detector {most} times within the hour; an hour later it is tried again" in reason
        Strikes(about).forgive()

    engine.write_bytes(engine.read_bytes()[:-100])
    cut = looked(brought)
    assert cut["backend"].startswith("OpenVINO")
    assert "must be as it was built, found that it is not" in cut["passed_over"][0]
    assert "'appliance models build' makes it anew; a machine that counts does so by itself" in cut["passed_over"][0]
    assert cut["is_outdated"]


def test_without_a_gpu_it_is_told_why_and_the_processor_takes_over(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have_gpu(monkeypatch, **{HAS_GPU: "0"})
    assert "found none, because the driver knows of none" in looked(brought)["passed_over"][0]
    with pytest.raises(Refusal, match="found none, because the driver knows of none"):
        build_engine(wish(brought), stores_of(brought))


def test_an_engine_that_sees_something_else_is_not_taken_up(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have_gpu(monkeypatch, **{IS_BLIND: "1"})
    before = set((brought / "built").glob("*.engine"))
    outcome = run_cli("models", "build", "tiny", "--max-batch", "3", "--set", f"data_dir={brought}")
    assert outcome.exit_code == 1
    assert "may not be used: reference: on TensorRT 10.3.0 f16 the model must see what it saw" in " ".join(outcome.stderr.split())
    assert set((brought / "built").glob("*.engine")) == before


def test_a_model_in_other_numbers_is_refused(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have_gpu(monkeypatch)
    wanted = wish(brought)
    object.__setattr__(wanted, "calculates", Calculates.INT8)
    with pytest.raises(Refusal, match="a model in int8 is wanted, .*'appliance models quantize' makes one"):
        build_engine(wanted, stores_of(brought))


def test_a_build_that_takes_too_much_memory_is_ended(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have_gpu(monkeypatch)
    monkeypatch.setattr(throwaway, "LIBRARIES_MB", 0)
    with pytest.raises(Refusal, match="tiny was to be built, but it took more than 1 MB of memory; --memory-mb allows more"):
        build_engine(wish(brought, memory_mb=1.0), stores_of(brought))


def test_without_tensorrt_it_is_told_where_it_comes_from(brought: Path) -> None:
    with pytest.raises(Refusal, match="TensorRT is wanted, but it cannot be loaded: .*it comes with JetPack"):
        build_engine(wish(brought), stores_of(brought))
