"""Batches across cameras: full at once, part-full in time, one size each, oldest first."""

from __future__ import annotations

import pytest

from appliance.detect.batching import Batcher
from appliance.messages.frames import FrameTicket

MS = 1_000_000


def ticket(camera: str, frame: int = 0, height: int = 384) -> FrameTicket:
    return FrameTicket(camera, 1, frame, 0, 0, "arrival", 0, 0, 1280, 720, "ring", 0, 2, height, 640, 360, 640)


def test_nothing_is_due_where_nothing_waits() -> None:
    batcher = Batcher(4, 5 * MS)
    assert batcher.due_in_ns(0) is None
    assert batcher.take(0) == []


def test_a_full_batch_goes_at_once() -> None:
    batcher = Batcher(2, 5 * MS)
    batcher.add(ticket("a"), 0)
    assert batcher.take(0) == []
    batcher.add(ticket("b"), 0)
    assert [t.camera for t in batcher.take(0)] == ["a", "b"]
    assert len(batcher) == 0


def test_a_lone_frame_waits_for_company_but_not_longer_than_allowed() -> None:
    batcher = Batcher(8, 5 * MS)
    batcher.add(ticket("a"), 1 * MS)
    assert batcher.due_in_ns(2 * MS) == 4 * MS
    assert batcher.take(5 * MS) == []
    assert [t.camera for t in batcher.take(6 * MS)] == ["a"]


def test_sizes_never_mix_and_the_oldest_goes_first() -> None:
    batcher = Batcher(2, 0)
    batcher.add(ticket("wide", 1), 0)
    batcher.add(ticket("tall", 1, height=640), 0)
    batcher.add(ticket("wide", 2), 0)
    assert [(t.camera, t.frame) for t in batcher.take(0)] == [("wide", 1), ("wide", 2)]
    assert [(t.camera, t.frame) for t in batcher.take(0)] == [("tall", 1)]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 30])
def test_every_frame_comes_out_once_and_in_its_cameras_order(count: int) -> None:
    batcher = Batcher(8, 0)
    for frame in range(count):
        batcher.add(ticket("ab"[frame % 2], frame), frame)
    seen = []
    while batch := batcher.take(count):
        assert len(batch) <= 8
        seen += [(t.camera, t.frame) for t in batch]
    assert sorted(frame for _, frame in seen) == list(range(count))
    for camera in "ab":
        order = [frame for name, frame in seen if name == camera]
        assert order == sorted(order)
