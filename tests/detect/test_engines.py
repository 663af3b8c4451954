"""Every engine does the same: uint8 pictures in, the same boxes out, in order, at any size and batch."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from appliance.config import DetectorSettings
from appliance.detect.choice import open_engine
from appliance.detect.detector import Engine
from appliance.detect.yolo import HeadSettings, read_head, tell_head
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from tests.system.models import write_detector

ALL = HeadSettings(0.5, 0.7, None)


def opened(folder: Path, backend: str, *, max_batch: int = 4, is_live: bool = False) -> Engine:
    model = folder / "tiny.onnx"
    write_detector(model)
    settings = DetectorSettings(model=str(model), backend=backend, max_batch=max_batch)
    return open_engine(model, settings, is_live=is_live)


@pytest.fixture(params=["openvino", "onnxruntime"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return opened(tmp_path, request.param)


def picture(left: int, top: int, height: int = 192, width: int = 320) -> Pixels:
    """A dark picture with a bright block of 64x48 pixels."""
    pixels = np.full((height, width, 3), 20, np.uint8)
    pixels[top : top + 48, left : left + 64] = 250
    return pixels


def box_in(engine: Engine, output: np.ndarray[tuple[int, ...], np.dtype[np.float32]], shape: tuple[int, int]) -> list[float]:
    found = read_head(output, tell_head((1, *output.shape), shape, 2), ALL)
    assert found.classes.tolist() == [0]
    return [float(value) for value in found.boxes[0]]


def test_a_bright_block_is_found_where_it_is(engine: Engine) -> None:
    engine.submit([picture(96, 64)])
    (output,) = engine.collect()
    np.testing.assert_allclose(box_in(engine, output, (192, 320)), [96, 64, 160, 112], atol=1)


def test_sizes_may_change_from_batch_to_batch(engine: Engine) -> None:
    for height, width in ((192, 320), (320, 192), (192, 320)):
        engine.submit([picture(32, 32, height, width)])
        (output,) = engine.collect()
        np.testing.assert_allclose(box_in(engine, output, (height, width)), [32, 32, 96, 80], atol=1)


def test_batches_are_answered_in_order_and_pictures_keep_theirs(engine: Engine) -> None:
    lefts = [(0, 32), (64,), (96, 128, 160)]
    for chosen in lefts[: engine.capacity]:
        engine.submit([picture(left, 64) for left in chosen])
        gc.collect()  # what the network still reads must not be freed
    for chosen in lefts[: engine.capacity]:
        outputs = engine.collect()
        found = [box_in(engine, output, (192, 320))[0] for output in outputs]
        np.testing.assert_allclose(found, chosen, atol=1)


def test_the_names_come_from_the_file(engine: Engine) -> None:
    assert "car" in engine.info.metadata["names"]
    assert engine.info.rule.fixed is None


def test_a_live_engine_works_on_one_batch_at_a_time(tmp_path: Path) -> None:
    assert opened(tmp_path, "openvino", is_live=True).capacity == 2


def test_automatic_choice_is_openvino_on_a_cpu(tmp_path: Path) -> None:
    assert opened(tmp_path, "auto").info.backend.startswith("OpenVINO")


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_garbage_is_refused_in_one_sentence(tmp_path: Path, backend: str) -> None:
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"\x0a\x05hello this is not a network")
    with pytest.raises(Refusal, match="must be an ONNX file"):
        open_engine(garbage, DetectorSettings(model="garbage", backend=backend), is_live=False)
