"""Bad models are stopped, each at its gate, in a process of their own; real files, real engines, real ends."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.catalogue.importing import Wish, import_model
from appliance.config import DetectorSettings
from appliance.detect.acceptance import GATES, Acceptance, AcceptanceRequest, Verdict, start_acceptance
from appliance.models.manifest import Reference, read_manifest
from appliance.models.store import digest_of, store_folder
from appliance.models.versions import draft_in, keep
from appliance.supervise.preflight import is_alive
from tests.detect.bad_models import (
    write_classifier,
    write_crashing_on_load,
    write_crashing_with_others,
    write_for_one_picture,
    write_shuffled,
    write_slow,
    write_slow_with_others,
    write_with_weights_elsewhere,
    write_without_numbers,
)
from tests.models.making import add_kept
from tests.processes import Peer, is_stopped
from tests.shared_data import SHARED_DATA, shared
from tests.system.models import write_detector
from tests.waiting import wait_until

PATIENCE_S = 120.0
# A white block in the dark, as the tiny detector likes it.
BLOCK = np.zeros((96, 128, 3), np.uint8)
BLOCK[32:64, 32:96] = 255


def request_of(model: Path, **more: object) -> AcceptanceRequest:
    settings = DetectorSettings(model="x", input_px=128, threads=1)
    return AcceptanceRequest.model_validate({"model": model, "settings": settings, "limit_s": PATIENCE_S} | more)


def judged(model: Path, **more: object) -> tuple[Verdict, list[str]]:
    """The end of an acceptance, and the gates that let the model through."""
    acceptance = start_acceptance(request_of(model, **more))
    verdict = wait_until("a verdict", acceptance.poll, PATIENCE_S + 30)
    assert acceptance.poll() is verdict
    assert_is_gone(acceptance)
    return verdict, [passed.gate for passed in acceptance.verdicts if passed.is_good]


def assert_is_gone(acceptance: Acceptance) -> None:
    assert not Path(f"/proc/{acceptance.pid}").exists()


def written_block(folder: Path) -> Path:
    path = folder / "block.png"
    cv2.imwrite(str(path), BLOCK)
    return path


@pytest.mark.parametrize("backend", ["auto", "onnxruntime"])
def test_a_good_model_passes_every_gate(tmp_path: Path, backend: str) -> None:
    model = write_detector(tmp_path / "tiny.onnx")
    settings = DetectorSettings(model="x", input_px=128, backend=backend, max_batch=3)
    verdict, passed = judged(model, settings=settings, live=model, named=("car",), picture=written_block(tmp_path))
    assert (verdict.is_good, verdict.gate, passed) == (True, "memory", list(GATES))
    figures = verdict.figures
    assert (figures["reference_boxes"], figures["reference_f1"], figures["largest_batch"]) == (1, 1, 3)
    assert figures["latency_ms"] > 0
    assert figures["live_latency_ms"] > 0


def test_a_model_for_one_picture_of_one_size_passes(tmp_path: Path) -> None:
    model = write_detector(tmp_path / "stiff.onnx", batch=1, size=(96, 128))
    verdict, _ = judged(model)
    assert verdict.is_good
    assert verdict.figures["largest_batch"] == 1


def wrong_hash(folder: Path) -> Path:
    path = write_detector(folder / "model.onnx")
    (folder / "manifest.toml").write_text(f'name = "road"\nversion = "1"\nsha256 = "{"0" * 64}"\n')
    return path


def truncated(folder: Path) -> Path:
    path = add_kept(folder, "road") / "model.onnx"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    return path


def truncated_without_manifest(folder: Path) -> Path:
    content = write_detector(folder / "whole.onnx").read_bytes()
    (folder / "part.onnx").write_bytes(content[: len(content) // 2])
    return folder / "part.onnx"


def edited(folder: Path) -> Path:
    version = add_kept(folder, "road")
    manifest = version / "manifest.toml"
    text = manifest.read_text().replace("person", "bicycle")
    manifest.unlink()
    manifest.write_text(text)
    return version / "model.onnx"


def other_picture(folder: Path) -> Path:
    version = add_kept(folder, "road", picture=b"a picture")
    (version / "reference.png").unlink()
    (version / "reference.png").write_bytes(b"another one")
    return version / "model.onnx"


def seen_elsewhere(folder: Path) -> Path:
    """Its manifest tells of a box that the model does not see."""
    picture = written_block(folder)
    with draft_in(folder / "store") as draft:
        write_detector(draft / "model.onnx")
        (draft / "reference.png").write_bytes(picture.read_bytes())
        reference = Reference(
            picture="reference.png",
            picture_sha256=digest_of(picture),
            backend="ONNX Runtime f32",
            shape=(96, 128),
            low_score=0.05,
            overlap=0.5,
            boxes=((32, 32, 64, 64, 0.9, 1),),
        )
        manifest = read_manifest(add_kept(folder / "other", "road") / "manifest.toml").model_copy(
            update={"reference": reference, "head": "channels_first", "sha256": digest_of(draft / "model.onnx")}
        )
        return keep(draft, manifest, (folder / "store",), None) / "model.onnx"


@pytest.mark.parametrize(
    ("make", "gate", "says"),
    [
        pytest.param(wrong_hash, "hash", "must have the sha256 0000.*found", id="wrong hash"),
        pytest.param(truncated, "hash", "must have the sha256", id="truncated"),
        pytest.param(edited, "hash", "it was changed since", id="a manifest edited by hand"),
        pytest.param(other_picture, "hash", "reference picture .* found another one", id="another reference picture"),
        pytest.param(lambda folder: folder / "gone.onnx", "hash", "does not exist", id="not there"),
        pytest.param(
            truncated_without_manifest, "format", "only the beginning of one", id="truncated, and nobody has noted a hash"
        ),
        pytest.param(lambda folder: write_classifier(folder / "m.onnx"), "format", "output must be", id="not a detector"),
        pytest.param(
            lambda folder: write_detector(folder / "m.onnx", classes=("cat", "dog")),
            "format",
            "'car' is wanted, but the model knows no such class; it knows cat, dog",
            id="other classes",
        ),
        pytest.param(
            lambda folder: write_with_weights_elsewhere(folder / "m.onnx"), "format", "in other files", id="weights elsewhere"
        ),
        pytest.param(
            lambda folder: write_without_numbers(folder / "m.onnx"), "reference", "values that are none", id="NaN weights"
        ),
        pytest.param(seen_elsewhere, "reference", "must see what it saw on .* 0 of 1 boxes", id="not what the reference saw"),
        pytest.param(
            lambda folder: write_for_one_picture(folder / "m.onnx"), "batches", "output must be|2 answers", id="fails at batch 2"
        ),
    ],
)
def test_a_bad_model_is_stopped_at_its_gate(tmp_path: Path, make: Callable[[Path], Path], gate: str, says: str) -> None:
    verdict, passed = judged(make(tmp_path), named=("car",), picture=written_block(tmp_path))
    assert (verdict.gate, verdict.is_good) == (gate, False)
    assert passed == list(GATES[: GATES.index(gate)])
    assert "\n" not in verdict.sentence
    assert re.search(says, verdict.sentence), verdict.sentence


def test_a_model_much_slower_than_the_live_one_is_stopped(tmp_path: Path) -> None:
    live = write_detector(tmp_path / "live.onnx")
    verdict, passed = judged(write_slow(tmp_path / "slow.onnx"), live=live, picture=written_block(tmp_path))
    assert (verdict.gate, verdict.is_good) == ("latency", False)
    assert "times as long as the live model" in verdict.sentence
    assert verdict.figures["times"] > 4
    assert passed == list(GATES[:5])


def test_one_that_is_slow_only_among_others_is_stopped_where_it_would_be_among_others(tmp_path: Path) -> None:
    live, slow = write_detector(tmp_path / "live.onnx"), write_slow_with_others(tmp_path / "slow.onnx")
    settings = DetectorSettings(model="x", input_px=128, threads=1, max_batch=2)
    verdict, _ = judged(slow, live=live, picture=written_block(tmp_path), settings=settings)
    assert (verdict.gate, verdict.is_good) == ("latency", False)
    assert re.search("for a picture of 2 at a time, .* at most 4 times are wanted", verdict.sentence), verdict.sentence
    assert verdict.figures["batch_times"] > 4 > verdict.figures["times"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere a division ends nobody")
@pytest.mark.parametrize(
    ("write", "gate"),
    [(write_crashing_on_load, "format"), (write_crashing_with_others, "batches")],
    ids=["on load", "at batch 2"],
)
def test_a_model_that_ends_the_process_that_runs_it_is_stopped(tmp_path: Path, write: Callable[[Path], Path], gate: str) -> None:
    verdict, passed = judged(write(tmp_path / "m.onnx"), picture=written_block(tmp_path))
    assert (verdict.gate, verdict.is_good) == (gate, False)
    assert "the process ended by SIGFPE" in verdict.sentence
    assert passed == list(GATES[: GATES.index(gate)])


def test_weights_that_were_shuffled_are_stopped_at_the_reference_of_the_right_ones(tmp_path: Path) -> None:
    """Also where whoever did it has made the manifest fit the file."""
    real = SHARED_DATA / "models" / "yolov8n_dynamic.onnx"
    right = real if real.exists() else demo()
    folder = import_model(Wish(right, "road", "user test"), (tmp_path / "store",))
    manifest = read_manifest(folder / "manifest.toml")
    assert manifest.reference is not None
    assert len(manifest.reference.boxes) > 2
    with draft_in(tmp_path / "store") as draft:
        shutil.copy(folder / "reference.png", draft)
        shuffled = manifest.model_copy(update={"sha256": digest_of(write_shuffled(right, draft / "model.onnx"))})
        bad = keep(draft, shuffled, (tmp_path / "store",), None) / "model.onnx"
    verdict, passed = judged(bad, named=("car",))
    assert (verdict.gate, verdict.is_good) == ("reference", False), verdict.sentence
    assert re.search("must see what it saw on .*, found that 0 of", verdict.sentence), verdict.sentence
    assert passed == list(GATES[:3])


@pytest.mark.parametrize(
    ("budget", "gate", "says"),
    [
        pytest.param({"latency_ms": 1e-6}, "latency", "ms for a picture; at most 1e-06 ms are wanted", id="time"),
        pytest.param({"memory_mb": 1e-6}, "memory", "MB; at most 0 MB are wanted", id="memory"),
    ],
)
def test_an_absolute_budget_is_kept(tmp_path: Path, budget: dict[str, float], gate: str, says: str) -> None:
    verdict, _ = judged(write_detector(tmp_path / "m.onnx"), **budget)
    assert (verdict.gate, verdict.is_good) == (gate, False)
    assert says in verdict.sentence


def test_a_live_model_that_is_gone_does_not_stop_another(tmp_path: Path) -> None:
    verdict, _ = judged(write_detector(tmp_path / "m.onnx"), live=tmp_path / "gone.onnx")
    assert verdict.is_good


def demo() -> Path:
    return store_folder() / "demo" / "1" / "model.onnx"


def test_a_model_that_takes_more_memory_than_there_is_is_stopped_where_it_takes_it() -> None:
    verdict, passed = judged(demo(), limit_mb=8)
    assert not verdict.is_good
    assert verdict.gate in ("format", "load")
    assert "hash" in passed


@pytest.mark.parametrize(
    ("end", "says"),
    [
        pytest.param(signal.SIGSEGV, "the process ended by SIGSEGV", id="a segmentation fault"),
        pytest.param(signal.SIGKILL, "SIGKILL, perhaps for want of memory", id="killed by the system"),
    ],
)
def test_a_crash_is_a_verdict(end: signal.Signals, says: str) -> None:
    acceptance = start_acceptance(request_of(demo()))
    wait_until("it is on its way", lambda: acceptance.poll() is None and acceptance.gate != GATES[0], PATIENCE_S)
    os.kill(acceptance.pid, signal.SIGSTOP)
    wait_until("it stands still", lambda: is_stopped(acceptance.pid))
    assert acceptance.poll() is None
    gate = acceptance.gate
    for number in (end, signal.SIGCONT):
        os.kill(acceptance.pid, number)
    verdict = wait_until("a verdict", acceptance.poll, PATIENCE_S)
    assert (verdict.is_good, verdict.gate, says in verdict.sentence) == (False, gate, True)
    assert_is_gone(acceptance)


def test_a_model_that_never_comes_back_is_ended(tmp_path: Path) -> None:
    acceptance = start_acceptance(request_of(write_detector(tmp_path / "m.onnx"), limit_s=1.0))
    os.kill(acceptance.pid, signal.SIGSTOP)
    verdict = wait_until("a verdict", acceptance.poll, PATIENCE_S)
    assert not verdict.is_good
    assert "it took longer than 1 s" in verdict.sentence
    assert_is_gone(acceptance)


def test_one_that_is_cancelled_says_so() -> None:
    acceptance = start_acceptance(request_of(demo()))
    assert acceptance.poll() is None
    acceptance.cancel()
    verdict = acceptance.poll()
    assert verdict is not None
    assert "broken off" in verdict.sentence
    assert_is_gone(acceptance)


def begin_and_wait(pipe: Connection) -> None:
    acceptance = start_acceptance(request_of(demo()))
    pipe.send(acceptance.pid)
    signal.pause()


def test_it_does_not_outlive_who_has_started_it() -> None:
    with Peer(begin_and_wait) as parent:
        pid = parent.hear(PATIENCE_S)
        parent.kill()
        wait_until("its end", lambda: not is_alive(pid))


@pytest.mark.slow
def test_real_weights_pass_and_larger_ones_are_slower() -> None:
    live, other = shared("models", "yolov8n_dynamic.onnx"), shared("models", "yolov8s_dynamic.onnx")
    verdict, _ = judged(
        other, live=live, named=("car", "truck"), settings=DetectorSettings(model="x", input_px=320), most_times=9
    )
    assert verdict.is_good, verdict.sentence
    assert verdict.figures["times"] > 1
