"""What drives TensorRT, on a GPU that is late, forgets nothing, and fails when a test wants it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.config import DetectorSettings
from appliance.detect.cuda import GpuError
from appliance.detect.cuda_python import CudaPython
from appliance.detect.tensorrt_engine import SLOTS, TensorRtEngine
from appliance.detect.tensorrt_plan import LoadedPlan
from appliance.detect.yolo import anchor_count
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from tests.detect.fake_cuda import Error, FakeCudart
from tests.detect.fake_tensorrt import Fake, serialized

OPEN = [((1, 32, 32, 3), (4, 64, 96, 3), (4, 128, 128, 3))]
PLANES = [((1, 3, 32, 32), (4, 3, 64, 96), (4, 3, 128, 128))]
TWO_RANGES = [((1, 32, 32, 3), (1, 64, 96, 3), (1, 128, 128, 3)), *OPEN]
FALLIBLE = ("cudaMalloc", "cudaHostAlloc", "cudaMemcpyAsync", "cudaGraphLaunch", "cudaEventSynchronize", "execute", "work")
SHAPES = ((32, 32), (64, 96), (96, 64), (128, 128))


@dataclass
class World:
    """A GPU, TensorRT, and an engine on it."""

    cuda: FakeCudart
    fake: Fake
    engine: TensorRtEngine
    number: int = 0
    asked: deque[list[Pixels]] = field(default_factory=deque)

    def submit(self, pictures: int, shape: tuple[int, int]) -> None:
        batch = []
        for _ in range(pictures):
            self.number += 1
            picture = np.full((*shape, 3), self.number % 200, np.uint8)
            picture[0, 0, 0] = self.number % 251
            batch.append(picture)
        self.asked.append([picture.copy() for picture in batch])
        self.engine.submit(batch)
        for picture in batch:
            # Nobody may look at it any more.
            picture.fill(255)

    def collect(self) -> None:
        pictures = self.asked.popleft()
        answer = self.engine.collect()
        scale = 1.0 if self.engine.info.metadata.get("numbers") != "planes" else 1 / 255
        assert answer.dtype == np.float32
        assert answer.shape == (len(pictures), 6, anchor_count(*pictures[0].shape[:2]))
        for row, picture in zip(answer, pictures):
            np.testing.assert_allclose(row[0], picture.mean() * scale, rtol=2e-3)
            np.testing.assert_allclose(row[1], picture[0, 0, 0] * scale, rtol=2e-3)

    def let_go(self) -> None:
        self.engine.close()
        assert self.cuda.violations == []
        assert not any(self.cuda.holdings.values()), self.cuda.holdings
        assert self.fake.contexts == 0


def opened(
    cuda: FakeCudart | None = None,
    profiles: Sequence[tuple[tuple[int, ...], ...]] = OPEN,
    *,
    captures: bool = True,
    kinds: tuple[str, str] = ("UINT8", "FLOAT"),
    max_batch: int = 0,
) -> World:
    cuda = cuda or FakeCudart()
    fake = Fake(cuda)
    fake.can_be_captured = captures
    metadata = {"precision": "f16"} | ({} if kinds[0] == "UINT8" else {"numbers": "planes"})
    settings = DetectorSettings(model="m", max_batch=max_batch)
    plan = serialized(profiles, dtype=kinds[0], output=kinds[1])  # type: ignore[arg-type]  # three shapes each
    return World(cuda, fake, TensorRtEngine(LoadedPlan(fake.module, plan), metadata, settings, CudaPython(cuda)))


@contextmanager
def refused(cuda: FakeCudart, words: str) -> Iterator[None]:
    """What was begun leaves nothing behind."""
    with pytest.raises((GpuError, Refusal), match=words):
        yield
    assert cuda.violations == []
    assert not any(cuda.holdings.values()), cuda.holdings


batches = st.lists(st.tuples(st.booleans(), st.integers(1, 4), st.sampled_from(SHAPES)), max_size=24)


@settings(max_examples=60)
@given(batches, st.integers(0, 2**32), *[st.booleans()] * 3, st.sampled_from([OPEN, TWO_RANGES]))
def test_whatever_comes_is_answered_in_order(
    steps: list[tuple[bool, int, tuple[int, int]]],
    seed: int,
    is_integrated: bool,
    captures: bool,
    ends_early: bool,
    profiles: list[tuple[tuple[int, ...], ...]],
) -> None:
    world = opened(FakeCudart(seed=seed, is_integrated=is_integrated), profiles, captures=captures)
    for wants_answer, pictures, shape in steps:
        if wants_answer and world.asked:
            world.collect()
        # Also more than there are slots.
        world.submit(pictures, shape)
    while world.asked and not ends_early:
        world.collect()
    assert bool(world.cuda.calls["cudaGraphLaunch"]) == (captures and bool(steps))
    if is_integrated:
        assert world.cuda.calls["cudaMemcpyAsync"] == 0
    world.let_go()


def collected(world: World) -> str:
    """What is said of the oldest batch, where that alone has come to nothing."""
    try:
        world.collect()
    except GpuError as error:
        if error.is_final:
            raise
        return str(error)
    return ""


@settings(max_examples=80)
@given(
    batches,
    st.integers(0, 2**32),
    st.sampled_from(
        ["cudaMalloc", "cudaHostAlloc", "cudaMemcpyAsync", "cudaGraphLaunch", "cudaEventSynchronize", "execute", "work"]
    ),
    st.integers(1, 30),
    st.sampled_from([Error.cudaErrorMemoryAllocation, Error.cudaErrorLaunchFailure]),
)
def test_whatever_fails_is_told_and_leaves_nothing_behind(
    steps: list[tuple[bool, int, tuple[int, int]]], seed: int, what: str, at: int, how: Error
) -> None:
    cuda = FakeCudart(seed=seed)
    fake = Fake(cuda)
    if what == "execute":
        fake.faults[what, at] = True
    elif what == "work":
        cuda.work_faults.add(("network", at))
    else:
        cuda.faults[what, at] = how
    engine, told = None, "it was to fail"
    try:
        engine = TensorRtEngine(LoadedPlan(fake.module, serialized(OPEN)), {}, DetectorSettings(model="m"), CudaPython(cuda))
        world = World(cuda, fake, engine)
        for wants_answer, pictures, shape in steps:
            if wants_answer and world.asked:
                told = collected(world) or told
            try:
                world.submit(pictures, shape)
            except GpuError as error:
                if error.is_final:
                    raise
                # Only this batch has come to nothing.
                world.asked.pop()
        while world.asked:
            told = collected(world) or told
    except GpuError as error:
        told = str(error)
    assert "was to" in told
    assert "\n" not in told
    if engine is not None:
        engine.close()
    assert cuda.violations == []
    assert not any(cuda.holdings.values()), cuda.holdings
    assert fake.contexts == 0


def test_a_new_shape_gets_graphs_of_its_own_and_an_old_one_keeps_them() -> None:
    world = opened()
    before = world.cuda.calls["cudaGraphInstantiate"]
    for _ in range(3):
        world.submit(1, (128, 128))
        world.collect()
    # One for each slot, at once.
    assert world.cuda.calls["cudaGraphInstantiate"] == before + SLOTS
    world.submit(2, (128, 128))
    world.collect()
    world.submit(1, (128, 128))
    world.collect()
    assert world.cuda.calls["cudaGraphLaunch"] == 5
    world.let_go()


def test_where_memory_grows_what_was_made_with_the_old_one_is_made_anew() -> None:
    world = opened()
    for pictures, shape in ((1, (32, 32)), (4, (128, 128)), (1, (32, 32))):
        world.submit(pictures, shape)
        world.collect()
    world.let_go()


def test_copying_goes_on_while_the_gpu_calculates() -> None:
    world = opened()
    world.submit(1, (64, 96))
    world.submit(1, (64, 96))
    # Two of them at once, in two streams; only then is somebody waited for.
    waits = world.cuda.calls["cudaEventSynchronize"]
    world.collect()
    assert world.cuda.calls["cudaEventSynchronize"] == waits + 1
    world.collect()
    world.let_go()


def test_sizes_that_nobody_asks_for_any_more_make_room() -> None:
    profiles = [((1, 32, 32, 3), (1, 32, 32, 3), (1, 640, 640, 3))]
    world = opened(profiles=profiles)
    for side in range(32, 32 * 20, 32):
        for other in (32, 64):
            world.submit(1, (side, other))
            world.collect()
    assert world.fake.contexts <= 2 * 32
    world.let_go()


@pytest.mark.parametrize("kinds", [("FLOAT", "FLOAT"), ("HALF", "HALF")])
def test_engines_that_take_numbers_from_0_to_1_get_them(kinds: tuple[str, str]) -> None:
    world = opened(profiles=PLANES, kinds=kinds)
    for pictures, shape in ((1, (64, 96)), (3, (32, 32))):
        world.submit(pictures, shape)
        world.collect()
    world.let_go()


def test_what_it_takes_is_what_it_was_built_for() -> None:
    assert opened().engine.info.rule.fixed is None
    assert opened().engine.info.rule.size_px == 128
    assert opened(profiles=[((1, 64, 96, 3),) * 3]).engine.info.rule.fixed == (64, 96)
    assert opened(profiles=[((1, 64, 96, 3),) * 3]).engine.max_batch == 1
    assert opened().engine.max_batch == 4
    assert opened(max_batch=2).engine.max_batch == 2
    assert opened(max_batch=64).engine.max_batch == 4


def test_a_size_that_it_was_not_built_for_is_refused_and_the_next_one_is_not() -> None:
    world = opened()
    world.submit(1, (64, 96))
    with pytest.raises(RuntimeError, match=r"from \(1, 32, 32, 3\) to \(4, 128, 128, 3\), found \(1, 256, 256, 3\)"):
        world.engine.submit([np.zeros((256, 256, 3), np.uint8)])
    world.submit(2, (64, 96))
    world.collect()
    world.collect()
    world.let_go()


def test_shared_memory_that_cannot_be_mapped_is_given_back() -> None:
    cuda = FakeCudart(is_integrated=True)
    cuda.faults["cudaHostGetDevicePointer", 2] = Error.cudaErrorInvalidValue
    with refused(cuda, "was to map shared memory, found cudaErrorInvalidValue"):
        attempt(cuda, serialized(OPEN))


def test_single_pictures_use_what_was_built_for_them() -> None:
    layout = LoadedPlan(Fake(FakeCudart()).module, serialized(TWO_RANGES)).input
    assert layout.profile_for((1, 64, 96)).index == 0
    assert layout.profile_for((2, 64, 96)).index == 1


def test_who_is_forgotten_gives_everything_back() -> None:
    world = opened()
    world.submit(2, (64, 96))
    cuda, fake = world.cuda, world.fake
    del world
    assert cuda.violations == []
    assert not any(cuda.holdings.values())
    assert fake.contexts == 0


def test_who_is_closed_says_so() -> None:
    world = opened()
    world.submit(1, (64, 96))
    world.let_go()
    with pytest.raises(GpuError, match="has been closed"):
        world.engine.submit([np.zeros((64, 96, 3), np.uint8)])


def attempt(cuda: FakeCudart, plan: bytes, *, input_px: int | None = None) -> None:
    wanted = DetectorSettings(model="m", input_px=input_px)
    TensorRtEngine(LoadedPlan(Fake(cuda).module, plan), {}, wanted, CudaPython(cuda))


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (serialized(OPEN, version="10.16.1"), "TensorRT 10.3.0 built for this GPU is wanted, .*built by 10.16.1"),
        (b"something else", "built for this GPU is wanted, .*magic tag"),
        (serialized(OPEN, dtype="INT64"), "uint8, f32 or f16, found .*INT64"),
        (serialized([((2, 32, 32, 3), (4, 64, 96, 3), (4, 128, 128, 3))]), "must take single pictures"),
        (serialized([((1, 32, 32, 1), (4, 64, 96, 1), (4, 128, 128, 1))]), r"the model's input must be \(N, 3, H, W\)"),
        (serialized([((1, 3), (1, 3), (1, 3))]), "must take single pictures"),
    ],
)
def test_an_engine_that_cannot_be_used_is_refused_in_one_sentence(plan: bytes, words: str) -> None:
    cuda = FakeCudart()
    with refused(cuda, words):
        attempt(cuda, plan)


def test_an_engine_is_not_asked_for_larger_pictures_than_it_takes() -> None:
    cuda = FakeCudart()
    with refused(cuda, "up to 128 px, found that 640"):
        attempt(cuda, serialized(OPEN), input_px=640)
    # Of a size that cannot be chosen nobody is asked.
    attempt(cuda, serialized([((1, 64, 96, 3),) * 3]), input_px=640)


def test_without_a_gpu_it_is_told_why() -> None:
    with pytest.raises(Refusal, match="found none, because the driver knows of none"):
        CudaPython(FakeCudart(devices=0))
    old = FakeCudart()
    old.faults["cudaGetDeviceCount", 1] = Error.cudaErrorInsufficientDriver
    with pytest.raises(Refusal, match="because the GPU was to be counted, found cudaErrorInsufficientDriver"):
        CudaPython(old)
