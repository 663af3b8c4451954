"""A file that nobody gets to see: whoever asks for it waits in the kernel, as for a device that is gone, and cannot be killed."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import ENOENT
from pathlib import Path

import pytest

from tests.waiting import wait_until

# Of FUSE, as in linux/fuse.h.
INIT, INTERRUPT, HEADER, ANSWER, GREETING = 26, 36, "IIQ", "IiQ", "IIIIHHII36x"
LARGEST_REQUEST = 1 << 17
LAZILY = 2


@dataclass(frozen=True)
class StuckFile:
    """Where it is, and the numbers of the questions about it that will not be answered."""

    path: Path
    asked: list[int]

    def until_asked(self) -> None:
        """Until somebody waits for it."""
        wait_until("somebody asks for it", lambda: bool(self.asked))


@contextmanager
def stuck_file(folder: Path) -> Iterator[StuckFile]:
    """One in a folder that is mounted for it; skips where this user may not mount one."""
    folder.mkdir()
    libc, asked = ctypes.CDLL(None, use_errno=True), list[int]()
    try:
        handle = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        pytest.skip(f"there is no /dev/fuse: {error.strerror}")
    words = f"fd={handle},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"stuck", bytes(folder), b"fuse", 0, words):
        os.close(handle)
        pytest.skip(f"mounting is not permitted: {os.strerror(ctypes.get_errno())}")

    def serve() -> None:
        # Until it is mounted no more.
        with suppress(OSError):
            while True:
                _, what, number = struct.unpack_from(HEADER, os.read(handle, LARGEST_REQUEST))
                if what == INIT:
                    greeting = struct.pack(GREETING, 7, 31, 0, 0, 1, 1, 4096, 1)
                    os.write(handle, struct.pack(ANSWER, 16 + len(greeting), 0, number) + greeting)
                elif what != INTERRUPT:
                    asked.append(number)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    try:
        yield StuckFile(folder / "stuck", asked)
    finally:
        libc.umount2(bytes(folder), LAZILY)
        for number in asked:
            with suppress(OSError):
                os.write(handle, struct.pack(ANSWER, 16, -ENOENT, number))
        server.join(10)
        os.close(handle)


def until_stuck(pid: int) -> None:
    """It waits for such a file, whatever is done to it."""
    wait_until("it waits in the kernel", lambda: " D " in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:4])
