"""TensorRT engines are recognised by their header, and never taken for a model that could run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.models.engine_file import is_engine, read_engine
from appliance.models.manifest import input_px_in, names_in
from appliance.models.store import find_model

HEADER = {
    "names": {"0": "car", "1": "bus"},
    "imgsz": [640, 640],
    "batch": 1,
    "stride": 32,
    "task": "detect",
    "author": "Ultralytics",
}
PLAN = b"ftrt" + bytes(range(200))


def write_engine(path: Path, header: object = HEADER, plan: bytes = PLAN) -> Path:
    """As ultralytics writes one."""
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(4, "little") + text + plan)
    return path


def test_the_header_tells_the_classes_and_what_follows_is_the_engine(tmp_path: Path) -> None:
    engine = read_engine(write_engine(tmp_path / "m.engine"))
    assert names_in(engine.metadata) == ("car", "bus")
    assert input_px_in(engine.metadata) == 640
    assert b"".join(engine.engine()) == PLAN


def test_an_engine_without_a_header_is_one_that_nobody_knows(tmp_path: Path) -> None:
    (tmp_path / "m.engine").write_bytes(PLAN)
    assert is_engine(tmp_path / "m.engine")
    with pytest.raises(Refusal, match="has no header that tells its classes and its input"):
        read_engine(tmp_path / "m.engine")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x02\x00", id="half a length"),
        pytest.param(b"\x02\x00\x00\x00{}", id="nothing behind the header"),
        pytest.param(b"\x02\x00\x00\x00[]" + PLAN, id="a list"),
        pytest.param(b"\xff\xff\xff\xff" + b"{" * 99, id="longer than any header"),
        pytest.param(b"\x40\x00\x00\x00" + b"[" * 64 + PLAN, id="no JSON"),
    ],
)
def test_what_is_no_engine_is_not_taken_for_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.engine").write_bytes(content)
    assert not is_engine(tmp_path / "m.engine")


def test_an_engine_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="is a TensorRT engine: it is kept and never run") as refusal:
        find_model(str(write_engine(tmp_path / "m.engine")), tmp_path)
    assert refusal.value.usage
