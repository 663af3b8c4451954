"""What drives TensorRT, where something is not done: it is told, only that batch is lost, and what is lost for good stays so."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.detect.cuda import GpuError, OutOfGpuMemory
from tests.detect.fake_cuda import Error, FakeCudart
from tests.detect.test_tensorrt_engine import opened


def test_without_room_for_a_larger_batch_smaller_ones_go_on() -> None:
    world = opened(FakeCudart(memory_bytes=150_000))
    world.submit(1, (64, 96))
    with pytest.raises(OutOfGpuMemory, match="was to give .* bytes, found cudaErrorMemoryAllocation"):
        world.engine.submit([np.zeros((128, 128, 3), np.uint8)] * 4)
    world.collect()
    world.submit(1, (64, 96))
    world.collect()
    world.let_go()


def test_without_room_for_an_answer_only_that_batch_is_lost() -> None:
    world = opened()
    world.cuda.is_lazy = True
    world.submit(2, (64, 96))
    world.submit(1, (64, 96))
    world.cuda.faults["cudaEventSynchronize", world.cuda.calls["cudaEventSynchronize"] + 1] = Error.cudaErrorMemoryAllocation
    # Both slots are at work: the first is waited for, and nobody has asked for its answer yet.
    world.submit(3, (64, 96))
    with pytest.raises(OutOfGpuMemory, match="was to finish a batch, found cudaErrorMemoryAllocation"):
        world.collect()
    world.submit(1, (64, 96))
    while world.asked:
        world.collect()
    world.cuda.faults["cudaEventSynchronize", world.cuda.calls["cudaEventSynchronize"] + 1] = Error.cudaErrorMemoryAllocation
    world.submit(2, (64, 96))
    world.submit(1, (64, 96))
    with pytest.raises(OutOfGpuMemory):
        world.collect()
    world.collect()
    world.let_go()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("execute", "no execution, as"),
        ("silent execute", "does not say why"),
        ("doubtful execute", "in doubt"),
        ("context", "no context"),
    ],
)
def test_what_tensorrt_does_not_do_is_told_and_only_that_batch_is_lost(what: str, words: str) -> None:
    world = opened(captures=False)
    world.submit(1, (64, 96))
    # When all that is usual is ready.
    world.fake.faults = {(what, number): True for number in range(12, 1000)}
    while True:
        try:
            world.submit(1, (64, 128))
        except GpuError as error:
            told = str(error)
            break
        world.collect()
    world.asked.pop()
    assert words in told
    assert "TensorRT 10.3.0 was to" in told
    world.fake.faults = {}
    world.collect()
    world.submit(1, (64, 128))
    world.collect()
    world.let_go()


def test_a_lost_gpu_is_told_again_and_again() -> None:
    world = opened()
    world.submit(1, (64, 96))
    world.cuda.lost = Error.cudaErrorLaunchFailure
    for _ in range(2):
        with pytest.raises(GpuError, match="finish a batch, found cudaErrorLaunchFailure"):
            world.engine.collect()
        assert not any(world.cuda.holdings.values())
    with pytest.raises(GpuError, match="finish a batch, found cudaErrorLaunchFailure"):
        world.engine.submit([np.zeros((64, 96, 3), np.uint8)])
    world.let_go()


def test_an_old_complaint_is_not_the_reason_of_a_new_failure() -> None:
    world = opened()
    world.fake.faults = {("chatty execute", number): True for number in range(100)}
    world.submit(1, (64, 96))
    world.collect()
    world.fake.faults = {("silent execute", number): True for number in range(100)}
    with pytest.raises(GpuError, match="does not say why"):
        world.engine.submit([np.zeros((64, 128, 3), np.uint8)])
    world.let_go()


def test_what_was_asked_for_before_a_failure_is_waited_for() -> None:
    world = opened(captures=False)
    world.submit(1, (64, 96))
    world.collect()
    world.cuda.is_lazy = True
    world.fake.faults = {("execute", number): True for number in range(1000)}
    with pytest.raises(GpuError, match="no execution"):
        world.engine.submit([np.zeros((64, 96, 3), np.uint8)])
    world.fake.faults = {}
    # Its memory goes; the pictures of the batch that failed must not be on their way there any more.
    world.submit(4, (128, 128))
    world.collect()
    world.let_go()
