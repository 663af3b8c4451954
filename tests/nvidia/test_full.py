"""A GPU that is none and is full, and disks that are: what there is room for goes on, and what makes room is told."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from appliance.building.request import BuildRequest, Calculates
from appliance.building.trial import make
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import DetectorSettings
from appliance.detect.cuda_python import CudaPython
from appliance.detect.tensorrt_engine import Outdated, open_tensorrt
from appliance.errors import Refusal
from appliance.ipc.frame_ring import FrameRing
from appliance.messages.frames import EndOfStream, FrameTicket
from appliance.models.built import built_folder
from appliance.models.store import digest_of
from appliance.models.versions import draft_in
from appliance.topics import BOXES, TICKETS
from tests.disks import disk_at
from tests.nvidia.computer import CUDA, FULL_AT, MEMORY_BYTES, TENSORRT, Computer, Gpu, have_gpu
from tests.system.models import CLASSES, write_detector
from tests.system.stages import SLOTS, Stage, site_of
from tests.system.test_stages import MODEL, Pictures, detected, expected


def request_for(model: Path, out: Path, timings: Path) -> BuildRequest:
    return BuildRequest(
        model=model,
        model_sha256=digest_of(model),
        label="tiny",
        classes=CLASSES,
        head="channels_first",
        calculates=Calculates.F32,
        input_px=128,
        max_batch=SLOTS,
        out=out,
        timings=timings,
    )


SIDE = 128


class SquarePictures(Pictures):
    """Those of a camera whose pictures are as high as they are wide."""

    def write(self, epoch: int, frame: int) -> FrameTicket:
        ticket = super().write(epoch, frame)
        ring = FrameRing(ticket.ring, writable=True)
        ring.begin(ticket.slot)
        picture = ring.input_picture(ticket.slot, SIDE, SIDE)
        picture[:] = 30
        picture[32:64, 4 * ticket.slot : 4 * ticket.slot + 40] = 240
        size = {"source_height": SIDE, "source_width": SIDE, "input_height": SIDE, "input_width": SIDE}
        return msgspec.structs.replace(ticket, generation=ring.commit(ticket.slot), **size)


# Room for two pictures at a time of the usual shape, and for one of those that come; or for everything, but not for all answers.
@pytest.mark.parametrize(
    "gpu", [{MEMORY_BYTES: "200000"}, {FULL_AT: "2"}, {FULL_AT: "2,3,5,7,8,9"}], ids=["batch", "answer", "answers"]
)
def test_without_room_for_a_batch_it_is_given_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: dict[str, str]
) -> None:
    model, data_dir = write_detector(tmp_path / "tiny.onnx"), tmp_path / "data"
    request = request_for(model, built_folder(data_dir), tmp_path)
    make(request, TENSORRT, CudaPython(CUDA), lambda phase, share: None)
    have_gpu(monkeypatch, **gpu)
    site = site_of(tmp_path / "none.mp4", model)
    wanted = site.detector.model_copy(update={"max_batch": SLOTS, "backend": "tensorrt"})
    site = site.model_copy(update={"detector": wanted, "data_dir": data_dir})
    with Stage(site, "detect", tmp_path, MODEL) as detect:
        detect.listen(BOXES)
        detect.begin(1)
        pictures = SquarePictures(detect.ring.path)
        # It finds all of them at once.
        os.kill(detect.child.pid, signal.SIGSTOP)
        detect.send(TICKETS, *(pictures.write(1, frame) for frame in range(SLOTS)), EndOfStream("yard", 1))
        os.kill(detect.child.pid, signal.SIGCONT)
        *boxes, _ = detect.take(BOXES, SLOTS + 1)
        assert detected(boxes) == expected(1, range(SLOTS))
        assert detect.child.restarts == 0
        detect.child.ask_to_stop()
        detect.child.stop(monotonic_ns() + 60 * NS_PER_S)
    assert not list(built_folder(data_dir).glob("*.strike-*"))


def test_without_room_to_build_it_is_told_what_makes_some(tmp_path: Path) -> None:
    world = Computer(Gpu())
    world.faults = {("build", 1): True}
    request = request_for(write_detector(tmp_path / "tiny.onnx"), tmp_path / "built", tmp_path)
    with pytest.raises(Refusal, match="OutOfMemory .*; a smaller --max-batch or --workspace-mb, or one program less"):
        make(request, world.module, CudaPython(world.cuda), lambda phase, share: None)
    assert not (tmp_path / "built").exists()


def test_an_engine_that_there_is_no_room_for_is_not_built_anew(tmp_path: Path) -> None:
    world, model = Computer(Gpu()), write_detector(tmp_path / "tiny.onnx")
    cuda = CudaPython(world.cuda)
    made = make(request_for(model, tmp_path / "built", tmp_path), world.module, cuda, lambda *_: None)
    with pytest.raises(Outdated, match="up to 128 px, found that 640 px are wanted .*makes it anew"):
        open_tensorrt(tmp_path / "built", digest_of(model), DetectorSettings(model="m", input_px=640), world.module, cuda)
    world.faults = {("roomy engine", 2): True}
    with pytest.raises(Refusal, match="found no room for it: .*'nvidia-smi' tells who has its memory") as full:
        open_tensorrt(tmp_path / "built", digest_of(model), DetectorSettings(model="m"), world.module, cuda)
    assert not isinstance(full.value, Outdated)
    # Of another release, say, under the same number.
    world.version = "10.3.9"
    spoilt = world.module
    spoilt.__version__ = "10.3.0"
    with pytest.raises(Outdated, match="built for this GPU is wanted, found another one: .*makes it anew"):
        open_tensorrt(tmp_path / "built", digest_of(model), DetectorSettings(model="m"), spoilt, cuda)
    assert {path.name for path in (tmp_path / "built").iterdir()} == {made.file}


def test_a_build_leaves_others_what_they_have(tmp_path: Path) -> None:
    world = Computer(Gpu(memory_bytes=1_000_000))
    cuda = CudaPython(world.cuda)
    cuda.allocate(600_000)
    request = request_for(write_detector(tmp_path / "tiny.onnx"), tmp_path / "built", tmp_path)
    make(request, world.module, CudaPython(world.cuda), lambda phase, share: None)
    assert world.workspace_bytes == 200_000


def test_a_disk_that_is_full_of_the_engine_has_no_room_for_timings_and_that_is_all(tmp_path: Path) -> None:
    model = write_detector(tmp_path / "tiny.onnx")
    with disk_at(tmp_path / "disk", 64) as disk:
        (disk / "full").write_bytes(bytes(60_000))
        made = make(request_for(model, tmp_path / "built", disk / "timings"), TENSORRT, CudaPython(CUDA), lambda *_: None)
        assert (tmp_path / "built" / made.file).exists()
        assert not list(disk.rglob("*.part"))
        with pytest.raises(Refusal, match="cannot be written: No space left on device"):
            make(request_for(model, disk / "built", disk / "timings"), TENSORRT, CudaPython(CUDA), lambda *_: None)
        assert not list(disk.rglob("*.engine")) + list(disk.rglob(".*"))


def test_on_a_disk_that_cannot_be_written_the_engine_runs_and_none_is_built(tmp_path: Path) -> None:
    model = write_detector(tmp_path / "tiny.onnx")
    with disk_at(tmp_path / "disk", 1000) as disk:
        make(request_for(model, disk / "built", tmp_path), TENSORRT, CudaPython(CUDA), lambda *_: None)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        engine = open_tensorrt(disk / "built", digest_of(model), DetectorSettings(model="m"), TENSORRT, CudaPython(CUDA))
        assert engine.info.backend.startswith("TensorRT")
        engine.close()
        words = "built cannot be changed: Read-only file system.*; mount it so that it can be written"
        with pytest.raises(Refusal, match=words), draft_in(disk / "built"):
            pass
