"""The ring: a camera's frames in shared memory, written once, read in place.

    header │ slot 0: network input, preview │ slot 1 │ … │ slot n-1

The supervisor makes one ring per camera as a file without a name (O_TMPFILE) in /dev/shm and hands out its own descriptor's path,
/proc/<pid>/fd/<n>. So there is nothing to sweep: when the last process that maps it is gone, however it went, so is the
memory. All pages are taken at creation (posix_fallocate): a full /dev/shm is a sentence then, and never a SIGBUS later.

One process writes. A slot's generation is odd while it is written and grows with every frame; a reader compares it with the
ticket's before and after use, and a frame that was overwritten meanwhile is ``None`` or False, an ordinary outcome.
"""

from __future__ import annotations

import errno
import mmap
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.errors import Refusal
from appliance.messages.frames import FrameTicket

Pixels = NDArray[np.uint8]

MAGIC = 0x6170706C72696E67
# Magic, slots, input bytes, preview bytes, then a generation per slot; uint64 each.
HEADER_BYTES = 4096
FIRST_GENERATION = 4
MOST_SLOTS = HEADER_BYTES // 8 - FIRST_GENERATION


@dataclass(frozen=True, slots=True)
class RingSize:
    """How much a ring holds."""

    slots: int
    input_bytes: int
    preview_bytes: int

    @property
    def total_bytes(self) -> int:
        """What it takes of /dev/shm."""
        return HEADER_BYTES + self.slots * (self.input_bytes + self.preview_bytes)


class RingFile:
    """The memory of a ring, owned by the supervisor."""

    def __init__(self, size: RingSize, folder: str = "/dev/shm") -> None:
        if not 1 <= size.slots <= MOST_SLOTS:
            raise Refusal(f"a ring has 1 to {MOST_SLOTS} slots, wanted {size.slots}", usage=True)
        try:
            self._descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refusal(f"shared memory is wanted in {folder}, which cannot be used: {error.strerror}", usage=True) from None
        try:
            os.posix_fallocate(self._descriptor, 0, size.total_bytes)
        except OSError as error:
            os.close(self._descriptor)
            if error.errno != errno.ENOSPC:
                raise
            raise Refusal(too_small(folder, size.total_bytes)) from None
        header = np.array([MAGIC, size.slots, size.input_bytes, size.preview_bytes], np.uint64)
        os.pwrite(self._descriptor, header.tobytes(), 0)
        self.path = f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def close(self) -> None:
        """Give the memory back as soon as nobody maps it."""
        os.close(self._descriptor)


def too_small(folder: str, wanted_bytes: int) -> str:
    """The sentence for a shared memory that does not hold the rings."""
    room = os.statvfs(folder)
    free_bytes = room.f_bavail * room.f_frsize
    needed_mib = -(-(room.f_blocks * room.f_frsize - free_bytes + wanted_bytes) // 2**20)
    return (
        f"{folder} is too small for the frames in flight: {wanted_bytes / 1e6:.1f} MB wanted, "
        f"{free_bytes / 1e6:.1f} MB free (a container is started with --shm-size={needed_mib}m, or more)"
    )


class FrameRing:
    """A mapping of a ring."""

    def __init__(self, path: str, *, writable: bool = False) -> None:
        descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
        try:
            # A reader's mapping is private: it sees what is written, and whatever it does harms nobody. Read-only would do,
            # but OpenVINO takes only memory that looks writable.
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_COPY
            memory = mmap.mmap(descriptor, 0, access=access)
        finally:
            os.close(descriptor)
        header = np.frombuffer(memory, np.uint64, HEADER_BYTES // 8)
        if header[0] != MAGIC:
            raise ValueError(f"{path} is not a frame ring")
        self._header = header
        self.size = RingSize(*(int(value) for value in header[1:FIRST_GENERATION]))
        slot_bytes = self.size.input_bytes + self.size.preview_bytes
        self._slots = np.frombuffer(memory, np.uint8, offset=HEADER_BYTES).reshape(self.size.slots, slot_bytes)
        self._generations = header[FIRST_GENERATION : FIRST_GENERATION + self.size.slots]

    def begin(self, slot: int) -> None:
        """Mark the slot as being written."""
        self._generations[slot] |= np.uint64(1)

    def commit(self, slot: int) -> int:
        """Mark the slot as written; its new generation."""
        self._generations[slot] += np.uint64(1)
        return int(self._generations[slot])

    def holds(self, slot: int, generation: int) -> bool:
        """Whether the slot still holds the frame of that generation."""
        return int(self._generations[slot]) == generation

    def input_picture(self, slot: int, height: int, width: int) -> Pixels:
        """The network's input in the slot, (height, width, 3) RGB, in place."""
        return self._slots[slot, : height * width * 3].reshape(height, width, 3)

    def preview(self, slot: int, height: int, width: int) -> Pixels:
        """The picture for people in the slot, I420: (height * 3 / 2, width), in place; its first ``height`` rows are the grey."""
        start = self.size.input_bytes
        return self._slots[slot, start : start + height * width * 3 // 2].reshape(height * 3 // 2, width)


class RingReaders:
    """The rings of all cameras, mapped when their first ticket comes; one that is gone holds nothing.

    Where a camera gets another ring, its tickets of the one before are under way still, and nobody could map that again.
    """

    def __init__(self) -> None:
        self._rings: dict[str, tuple[tuple[str, FrameRing], ...]] = {}
        """The newest first, and the one before it."""

    def holds(self, ticket: FrameTicket) -> bool:
        """Whether the ticket's pixels are still there."""
        ring = self._ring(ticket)
        return ring is not None and ring.holds(ticket.slot, ticket.generation)

    def input_picture(self, ticket: FrameTicket) -> Pixels:
        """(H, W, 3) RGB, in place; ``holds`` must be asked before, and again after use."""
        return self._mapped(ticket).input_picture(ticket.slot, ticket.input_height, ticket.input_width)

    def grey(self, ticket: FrameTicket) -> Pixels:
        """(h, w) brightness of the picture for people, in place; ``holds`` must be asked before, and again after use."""
        preview = self._mapped(ticket).preview(ticket.slot, ticket.preview_height, ticket.preview_width)
        return preview[: ticket.preview_height]

    def preview(self, ticket: FrameTicket) -> Pixels:
        """(h * 3 / 2, w) I420, the picture for people, in place; ``holds`` must be asked before, and again after use."""
        return self._mapped(ticket).preview(ticket.slot, ticket.preview_height, ticket.preview_width)

    def forget(self, camera: str) -> None:
        """The camera's ring may be another one from now on, even at the same path."""
        self._rings.pop(camera, None)

    def _mapped(self, ticket: FrameTicket) -> FrameRing:
        ring = self._ring(ticket)
        if ring is None:
            raise ValueError(f"the ring of camera {ticket.camera} is gone")
        return ring

    def _ring(self, ticket: FrameTicket) -> FrameRing | None:
        known = self._rings.get(ticket.camera, ())
        if known and known[0][0] == ticket.ring:
            return known[0][1]
        for path, before in known[1:]:
            # The number of one that is closed may be given again.
            if path == ticket.ring and before.holds(ticket.slot, ticket.generation):
                return before
        try:
            ring = FrameRing(ticket.ring)
        except (OSError, ValueError):
            # Of a supervisor that is gone, or of another ring's number.
            return None
        self._rings[ticket.camera] = ((ticket.ring, ring), *known[:1])
        return ring
