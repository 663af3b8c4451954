"""The ring between real processes: frames arrive whole or not at all, and nothing stays behind, however everybody dies."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.errors import Refusal
from appliance.ipc.frame_ring import MOST_SLOTS, FrameRing, RingFile, RingReaders, RingSize
from tests.examples import INPUT_HEIGHT, INPUT_WIDTH, PREVIEW_HEIGHT, PREVIEW_WIDTH, ticket_for
from tests.processes import Peer, until_told
from tests.waiting import wait_until

SIZE = RingSize(3, INPUT_HEIGHT * INPUT_WIDTH * 3, PREVIEW_HEIGHT * PREVIEW_WIDTH * 3 // 2)
WIDE = 640  # takes long enough to write for a reader to come in between
LARGE = RingSize(2, 100_000_000, 2)
SHM = Path("/dev/shm")


@pytest.fixture
def ring_file() -> RingFile:
    """A ring that this process owns."""
    return RingFile(SIZE)


def write(ring: FrameRing, slot: int, value: int) -> int:
    """Fill the slot; its generation."""
    ring.begin(slot)
    ring.input_picture(slot, INPUT_HEIGHT, INPUT_WIDTH)[:] = value
    ring.preview(slot, PREVIEW_HEIGHT, PREVIEW_WIDTH)[:] = value + 100
    return ring.commit(slot)


def writer(pipe: Connection, path: str) -> None:
    """Does what it is told: a slot and a value to write, or a slot alone to begin with and not finish."""
    ring = FrameRing(path, writable=True)
    while True:
        slot, value = pipe.recv()
        if value is None:
            ring.begin(slot)
            ring.input_picture(slot, INPUT_HEIGHT, INPUT_WIDTH)[: INPUT_HEIGHT // 2] = 99
            pipe.send(None)
        else:
            pipe.send(write(ring, slot, value))


def restless_writer(pipe: Connection, path: str) -> None:
    """Writes round and round without asking whether anybody is still reading, and says what it wrote where."""
    ring = FrameRing(path, writable=True)
    frame = 0
    while True:
        slot, value = frame % ring.size.slots, frame % 251
        ring.begin(slot)
        ring.input_picture(slot, WIDE, WIDE)[:] = value
        pipe.send((slot, ring.commit(slot), value))
        frame += 1


def owner(pipe: Connection, size: RingSize) -> None:
    """Stands for the supervisor: makes the ring and waits."""
    ring_file = RingFile(size)
    pipe.send(ring_file.path)
    until_told(pipe)


def mapper(pipe: Connection, path: str) -> None:
    """Stands for any other process: maps the ring, writes where it may, and waits."""
    ring = FrameRing(path, writable=True)
    pipe.send(ring.commit(0))
    until_told(pipe)


def test_another_process_reads_what_was_written(ring_file: RingFile) -> None:
    with Peer(writer, ring_file.path) as peer:
        peer.say((1, 7))
        ticket = ticket_for(ring_file.path, 1, peer.hear())
    readers = RingReaders()
    assert readers.holds(ticket)
    assert readers.input_picture(ticket).shape == (INPUT_HEIGHT, INPUT_WIDTH, 3)
    assert (readers.input_picture(ticket) == 7).all()
    assert readers.grey(ticket).shape == (PREVIEW_HEIGHT, PREVIEW_WIDTH)
    assert (readers.grey(ticket) == 107).all()
    assert readers.holds(ticket)


def test_slots_and_the_two_pictures_in_them_lie_side_by_side(ring_file: RingFile) -> None:
    ring = FrameRing(ring_file.path, writable=True)
    generations = [write(ring, slot, 10 * slot) for slot in range(SIZE.slots)]
    for slot, generation in enumerate(generations):
        assert ring.holds(slot, generation)
        assert (ring.input_picture(slot, INPUT_HEIGHT, INPUT_WIDTH) == 10 * slot).all()
        assert (ring.preview(slot, PREVIEW_HEIGHT, PREVIEW_WIDTH) == 10 * slot + 100).all()


def test_a_smaller_picture_uses_the_beginning_of_its_place(ring_file: RingFile) -> None:
    ring = FrameRing(ring_file.path, writable=True)
    write(ring, 0, 1)
    ring.input_picture(0, 32, 64)[:] = 5
    assert (ring.input_picture(0, INPUT_HEIGHT, INPUT_WIDTH).reshape(-1)[: 32 * 64 * 3] == 5).all()
    assert (ring.input_picture(0, INPUT_HEIGHT, INPUT_WIDTH).reshape(-1)[32 * 64 * 3 :] == 1).all()


def test_an_overwritten_frame_is_noticed(ring_file: RingFile) -> None:
    with Peer(writer, ring_file.path) as peer:
        peer.say((0, 1))
        first = ticket_for(ring_file.path, 0, peer.hear())
        readers = RingReaders()
        assert readers.holds(first)
        peer.say((0, None))
        peer.hear()
        assert not readers.holds(first), "another frame is being written over it"
        peer.say((0, 2))
        second = ticket_for(ring_file.path, 0, peer.hear())
        assert not readers.holds(first)
        assert readers.holds(second)
        peer.say((1, 3))
        peer.hear()
        assert readers.holds(second), "other slots are no concern of it"


def test_a_frame_whose_writer_was_killed_while_writing_is_never_valid(ring_file: RingFile) -> None:
    readers = RingReaders()
    with Peer(writer, ring_file.path) as peer:
        peer.say((0, 1))
        before = ticket_for(ring_file.path, 0, peer.hear())
        peer.say((0, None))
        peer.hear()
        peer.kill()
    with Peer(writer, ring_file.path) as peer:
        assert not readers.holds(before)
        peer.say((0, 3))
        after = ticket_for(ring_file.path, 0, peer.hear())
    assert after.generation not in range(before.generation + 1)
    assert readers.holds(after)
    assert (readers.input_picture(after) == 3).all()


def test_no_torn_frame_passes_for_a_whole_one() -> None:
    ring_file, readers, whole, stale = RingFile(RingSize(8, WIDE * WIDE * 3, 2)), RingReaders(), 0, 0
    with Peer(restless_writer, ring_file.path) as peer:
        while whole < 100 or stale < 100:
            heard = peer.hear_all()
            for slot, generation, value in (heard[0], heard[-1]):  # hopelessly late, and just in time
                ticket = msgspec.structs.replace(
                    ticket_for(ring_file.path, slot, generation), input_height=WIDE, input_width=WIDE
                )
                held_before = readers.holds(ticket)
                picture = readers.input_picture(ticket).copy()
                if held_before and readers.holds(ticket):
                    assert (picture == value).all()
                    whole += 1
                else:
                    stale += 1


def test_a_reader_harms_nobody(ring_file: RingFile) -> None:
    ring = FrameRing(ring_file.path, writable=True)
    ticket = ticket_for(ring_file.path, 0, write(ring, 0, 1))
    RingReaders().input_picture(ticket)[:] = 200
    assert (ring.input_picture(0, INPUT_HEIGHT, INPUT_WIDTH) == 1).all()
    assert (RingReaders().input_picture(ticket) == 1).all()


def free_bytes() -> int:
    state = os.statvfs(SHM)
    return state.f_bfree * state.f_frsize


def test_the_memory_is_taken_at_once_and_given_back_when_all_are_killed() -> None:
    names, free = set(os.listdir(SHM)), free_bytes()
    half = LARGE.total_bytes // 2  # others use /dev/shm meanwhile
    with Peer(owner, LARGE) as supervisor:
        path = supervisor.hear()
        assert free - free_bytes() > half
        with Peer(mapper, path) as first:
            assert first.hear() == 1
            with Peer(mapper, path) as second:  # only now, because two who write at once write the same generation
                assert second.hear() == 2
                supervisor.kill()
                assert free - free_bytes() > half, "those who map it still have it"
                assert not os.path.exists(path)
                first.kill()
                second.kill()
                wait_until("the memory is given back", lambda: free - free_bytes() < half)
    assert {name for name in set(os.listdir(SHM)) - names if "appliance" in name} == set()


def test_a_closed_ring_gives_its_memory_back() -> None:
    free = free_bytes()
    ring_file = RingFile(LARGE)
    assert free - free_bytes() > LARGE.total_bytes // 2
    ring_file.close()
    assert free - free_bytes() < LARGE.total_bytes // 2


def test_a_ring_that_is_gone_holds_nothing() -> None:
    ring_file = RingFile(SIZE)
    ticket = ticket_for(ring_file.path, 0, write(FrameRing(ring_file.path, writable=True), 0, 1))
    ring_file.close()
    readers = RingReaders()
    assert not readers.holds(ticket)
    with pytest.raises(ValueError, match="the ring of camera yard is gone"):
        readers.input_picture(ticket)


def test_a_mapped_ring_outlives_its_file() -> None:
    ring_file, readers = RingFile(SIZE), RingReaders()
    ticket = ticket_for(ring_file.path, 0, write(FrameRing(ring_file.path, writable=True), 0, 1))
    assert readers.holds(ticket)
    ring_file.close()
    assert readers.holds(ticket)
    assert (readers.input_picture(ticket) == 1).all()


def test_a_camera_with_a_new_ring_is_read_from_there(ring_file: RingFile) -> None:
    readers, second_file = RingReaders(), RingFile(SIZE)
    first = ticket_for(ring_file.path, 0, write(FrameRing(ring_file.path, writable=True), 0, 1))
    second = ticket_for(second_file.path, 0, write(FrameRing(second_file.path, writable=True), 0, 2))
    assert (readers.input_picture(first) == 1).all()
    assert (readers.input_picture(second) == 2).all()


@pytest.mark.parametrize(
    ("size", "folder", "sentence", "usage"),
    [
        pytest.param(RingSize(8, 2**37, 2**30), "/dev/shm", "/dev/shm is too small .* MB wanted, .* MB free", False, id="full"),
        pytest.param(SIZE, "/nowhere", "wanted in /nowhere, which cannot be used: No such file", True, id="no such folder"),
        pytest.param(SIZE, "/proc", "wanted in /proc, which cannot be used", True, id="not a place for files"),
        pytest.param(RingSize(0, 1, 1), "/dev/shm", f"1 to {MOST_SLOTS} slots, wanted 0", True, id="no slots"),
        pytest.param(RingSize(MOST_SLOTS + 1, 1, 1), "/dev/shm", f"wanted {MOST_SLOTS + 1}", True, id="too many slots"),
    ],
)
def test_what_cannot_be_made_is_refused(size: RingSize, folder: str, sentence: str, usage: bool) -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Refusal, match=sentence) as caught:
        RingFile(size, folder)
    assert caught.value.usage is usage
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_most_slots_fit_into_the_header() -> None:
    ring_file = RingFile(RingSize(MOST_SLOTS, 6, 6))
    ring = FrameRing(ring_file.path, writable=True)
    last = MOST_SLOTS - 1
    ring.begin(last)
    ring.input_picture(last, 1, 2)[:] = 9
    assert ring.commit(last) == 2
    assert np.count_nonzero(ring.input_picture(0, 1, 2)) == 0


def test_another_file_is_not_a_ring(tmp_path: Path) -> None:
    path = tmp_path / "zeros"
    path.write_bytes(bytes(SIZE.total_bytes))
    with pytest.raises(ValueError, match="is not a frame ring"):
        FrameRing(str(path))
