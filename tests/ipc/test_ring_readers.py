"""Readers of a camera that gets another ring: tickets of both are read, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from appliance.ipc.frame_ring import FrameRing, RingFile, RingReaders, RingSize
from appliance.messages.frames import FrameTicket
from tests.examples import ticket_for

SIDE_PX = 32


class Writer:
    """A decoder's side of a ring."""

    def __init__(self, size: int = SIDE_PX) -> None:
        self.file = RingFile(RingSize(2, size * size * 3, 1000))
        self._ring = FrameRing(self.file.path, writable=True)

    def write(self, value: int) -> FrameTicket:
        self._ring.begin(0)
        self._ring.input_picture(0, SIDE_PX, SIDE_PX)[:] = value
        ticket = ticket_for(self.file.path, 0, self._ring.commit(0))
        return msgspec.structs.replace(ticket, input_height=SIDE_PX, input_width=SIDE_PX)


@pytest.fixture
def first() -> Writer:
    return Writer()


@pytest.fixture
def larger() -> Iterator[Writer]:
    writer = Writer(2 * SIDE_PX)
    yield writer
    writer.file.close()


def value_of(readers: RingReaders, ticket: FrameTicket) -> int:
    assert readers.holds(ticket)
    return int(readers.input_picture(ticket).max())


def test_what_is_under_way_in_the_ring_before_is_read(first: Writer, larger: Writer) -> None:
    readers = RingReaders()
    old, new = first.write(7), larger.write(9)
    assert value_of(readers, old) == 7
    first.file.close()
    assert [value_of(readers, ticket) for ticket in (new, old, new, old)] == [9, 7, 9, 7]
    readers.forget(old.camera)
    assert not readers.holds(old)


def test_a_number_that_is_given_again_is_another_ring(first: Writer, larger: Writer) -> None:
    readers = RingReaders()
    for value in (1, 2, 3):
        old = first.write(value)
    assert value_of(readers, old) == 3
    assert value_of(readers, larger.write(9)) == 9
    first.file.close()
    again = Writer()
    assert again.file.path == old.ring
    assert value_of(readers, again.write(4)) == 4
    again.file.close()
