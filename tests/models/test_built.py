"""Engines that this device has built: found again where everything is as it was, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.clock import wall_ns
from appliance.errors import Refusal
from appliance.models import strikes
from appliance.models.built import (
    BUILT_AS,
    BuiltAs,
    Device,
    EngineKey,
    checked_plan,
    find_engine,
    keep_engine,
    last_engine,
    prune,
    take_up,
)
from appliance.models.strikes import FORGOTTEN_AFTER_NS, Strikes

MODEL, OTHER_MODEL = "a" * 64, "b" * 64
HERE = Device(tensorrt="TensorRT 10.3.0", gpu="Orin, compute capability 8.7", driver="R36 CUDA 12.6")
PLAN = b"ftrt" + bytes(range(256)) * 4


def key(device: Device = HERE, flags: str = "fp16") -> EngineKey:
    return EngineKey(model_sha256=MODEL, device=device, flags=flags)


def test_it_is_found_with_all_that_it_tells(tmp_path: Path) -> None:
    keep_engine(tmp_path / "built", key(), {"precision": "f16", "names": "{0: 'car'}"}, PLAN)
    found = find_engine(tmp_path / "built", MODEL, HERE)
    assert found.file is not None
    assert found.file.metadata["precision"] == "f16"
    assert checked_plan(found.file) == PLAN
    assert find_engine(tmp_path / "built", OTHER_MODEL, HERE).file is None
    assert [path.name for path in (tmp_path / "built").iterdir()] == [key().file_name]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tensorrt": "TensorRT 10.7.0"}, "tensorrt TensorRT 10.7.0 instead of TensorRT 10.3.0"),
        ({"gpu": "Thor"}, "gpu Thor instead of Orin, compute capability 8.7"),
        ({"driver": "R38"}, "driver R38 instead of R36 CUDA 12.6"),
    ],
)
def test_where_something_has_changed_it_is_outdated(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    keep_engine(tmp_path, key(HERE.model_copy(update=changed)), {}, PLAN)
    found = find_engine(tmp_path, MODEL, HERE)
    assert found.file is None
    assert found.is_outdated
    assert words in found.reason


def test_the_newest_one_that_fits_is_taken_and_the_newest_of_all_is_built_again(tmp_path: Path) -> None:
    wished = BuiltAs(calculates="fp16", max_batch=4, best_anchors=0, level=3, head="channels_first", largest_px=640)
    ages = {"fp16": 30, "tf32": 20}
    for flags, age_s in ages.items():
        path = keep_engine(tmp_path, key(flags=flags), {"precision": flags}, PLAN)
        os.utime(path, (1_000_000 - age_s, 1_000_000 - age_s))
    other = HERE.model_copy(update={"driver": "R38"})
    os.utime(keep_engine(tmp_path, key(other), {BUILT_AS: wished.model_dump_json()}, PLAN), (1_000_000, 1_000_000))
    found, last = find_engine(tmp_path, MODEL, HERE).file, last_engine(tmp_path, MODEL)
    assert found is not None
    assert last is not None
    assert found.metadata["precision"] == "tf32"
    assert BuiltAs.of(last) == wished
    with pytest.raises(Refusal, match="must tell how it was built"):
        BuiltAs.of(found)


def test_what_is_cut_off_or_bears_another_name_is_none(tmp_path: Path) -> None:
    path = keep_engine(tmp_path, key(), {}, PLAN)
    found = find_engine(tmp_path, MODEL, HERE).file
    assert found is not None
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(Refusal, match="must be as it was built, found that it is not"):
        checked_plan(found)
    path.write_bytes(path.read_bytes()[:20])
    assert find_engine(tmp_path, MODEL, HERE).file is None
    assert find_engine(tmp_path, MODEL, HERE).reason.startswith("the engine of this model is cut off, or cannot be read")
    keep_engine(tmp_path, key(), {}, PLAN).rename(tmp_path / f"{MODEL[:20]}-{'0' * 20}.engine")
    assert find_engine(tmp_path, MODEL, HERE).file is None
    assert find_engine(tmp_path / "nowhere", MODEL, HERE).file is None
    assert find_engine(None, MODEL, HERE).file is None


BEGINS = """
import sys
from pathlib import Path
from appliance.models.strikes import Strikes
strikes = Strikes(Path(sys.argv[1]))
strikes.begin()
print("begun", flush=True)
input()
"""


def test_who_does_not_get_far_leaves_a_strike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "some.engine"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", BEGINS, str(engine)], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert Strikes(engine).count() == 0
        # Or hung, or gone with the GPU.
        process.kill()
    failed, orderly, live = Strikes(engine), Strikes(engine), Strikes(engine)
    failed.begin()
    failed.has_failed()
    failed.end()
    # Nor does an orderly end of another one forgive it.
    orderly.begin()
    orderly.end()
    live.begin()
    live.has_worked()
    assert live.count() == 2
    monkeypatch.setattr(strikes, "LONG_NS", 0)
    live.end()
    live.begin()
    live.has_worked()
    assert live.count() == 0
    live.end()


def test_strikes_are_forgotten_after_an_hour(tmp_path: Path) -> None:
    for when in (wall_ns() - FORGOTTEN_AFTER_NS - 1, "nonsense", wall_ns()):
        (tmp_path / f"some.strike-{when}-123").touch()
    assert Strikes(tmp_path / "some.engine").count() == 1


def test_older_engines_of_a_model_go_but_for_those_that_somebody_works_with(tmp_path: Path) -> None:
    used, old, new = (keep_engine(tmp_path, key(flags=flags), {}, PLAN) for flags in ("used", "old", "new"))
    other = keep_engine(tmp_path, EngineKey(model_sha256=OTHER_MODEL, device=HERE, flags="old"), {}, PLAN)
    live = Strikes(used)
    live.begin()
    old.with_suffix(f".strike-{wall_ns()}-1").touch()
    assert prune(new, MODEL) == [old]
    assert set(tmp_path.glob("*.engine")) == {used, new, other}
    assert Strikes(old).count() == 0
    live.end()
    assert prune(new, MODEL) == [used]


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_cut_while_engines_change_leaves_one_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    olds = [keep_engine(tmp_path, key(flags=flags), {}, PLAN) for flags in ("one", "two")]
    (tmp_path / "draft").mkdir()
    draft = keep_engine(tmp_path / "draft", key(flags="new"), {}, PLAN)
    done = list[Path]()

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(path)
        os.unlink(path)

    monkeypatch.setattr(Path, "unlink", unlinked)
    with suppress(KeyboardInterrupt):
        take_up(draft, tmp_path)
        prune(tmp_path / draft.name, MODEL)
    found = find_engine(tmp_path, MODEL, HERE).file
    assert found is not None
    assert found.path == tmp_path / draft.name
    assert checked_plan(found) == PLAN
    assert set(olds) - set(done) == {path for path in olds if path.exists()}
