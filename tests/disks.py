"""Disks that are full soon, for tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import wait_until


@contextmanager
def disk_at(folder: Path, size_kb: int) -> Iterator[Path]:
    """A disk of so many kilobytes in this place; skips where this user may not mount one."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount") or pytest.skip("there is no mount command")
    words = [mount, "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(folder)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a tmpfs is not permitted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        # Who had a file open there may take a moment to close it.
        wait_until("it can be taken away", lambda: not subprocess.run(["umount", str(folder)], check=False).returncode)
