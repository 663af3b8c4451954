"""What cannot work is refused before anything starts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from appliance.errors import Refusal
from appliance.ipc.frame_ring import too_small

LONGEST_SOCKET_PATH = 107 - len("/credits.") - 64  # sun_path, less the longest name of a wire


def check_memory(shm_dir: Path, wanted_bytes: int) -> None:
    """Refuse a shared memory that does not hold all rings."""
    try:
        free = os.statvfs(shm_dir)
    except OSError as error:
        raise Refusal(f"shared memory is wanted in {shm_dir}, which cannot be used: {error.strerror}", usage=True) from None
    if free.f_bavail * free.f_frsize < wanted_bytes:
        raise Refusal(too_small(str(shm_dir), wanted_bytes))


def runtime_parent() -> Path:
    """Where the sockets' folder is made: systemd's, the user's, or the folder for temporary files."""
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        folder = os.environ.get(name, "")
        if folder and len(folder) < LONGEST_SOCKET_PATH - 32 and os.access(folder, os.W_OK):
            return Path(folder)
    return Path(tempfile.gettempdir())


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{pid}").exists()
