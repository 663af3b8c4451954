"""What cannot work is refused before anything starts."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from appliance.errors import Refusal
from appliance.ipc.frame_ring import too_small

# sun_path, less the zero at its end.
LONGEST_SOCKET_PATH = 107


def check_memory(shm_dir: Path, wanted_bytes: int) -> None:
    """Refuse a shared memory that does not hold all rings."""
    try:
        # A file is none.
        free = os.statvfs(f"{shm_dir}/")
    except OSError as error:
        raise Refusal(f"shared memory is wanted in {shm_dir}, which cannot be used: {error.strerror}", usage=True) from None
    if free.f_bavail * free.f_frsize < wanted_bytes:
        raise Refusal(too_small(str(shm_dir), wanted_bytes))


def runtime_parent(room: int) -> Path:
    """Where the sockets' folder is made: systemd's, the user's, or one for temporary files.

    ``room`` is what the longest socket's path needs below it, in bytes; the system limits the whole path.
    """
    for folder in possible_parents():
        if os.access(folder, os.W_OK) and len(os.fsencode(folder)) + room <= LONGEST_SOCKET_PATH:
            return folder
    raise Refusal(f"a folder for sockets is wanted, with a path of at most {LONGEST_SOCKET_PATH - room} bytes; set TMPDIR")


def possible_parents() -> list[Path]:
    """Where such a folder may be, the best one first."""
    wanted = (os.environ.get("RUNTIME_DIRECTORY", ""), os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp")
    return [Path(folder) for folder in wanted if folder]


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one that is dead and only waits for its parent to notice is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return status.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def is_another(pid: int) -> bool:
    """Whether that is a living process and not this one: in a container, the life before the last start had the same number."""
    return pid != os.getpid() and is_alive(pid)


def sweep(parent: Path, prefix: str, is_alive: Callable[[int], bool]) -> Iterable[Path]:
    """Remove the folders ``<prefix><pid>-…`` that dead supervisors have left; those removed."""
    removed = []
    for folder in parent.glob(f"{prefix}*-*"):
        pid = folder.name.removeprefix(prefix).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def check_port(what: str, bind: str, port: int, setting: str) -> None:
    """Raise ``Refusal`` where nobody could listen there; ``setting`` is the one that names another port."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((bind, port))
            door.listen()
        except OSError as error:
            raise Refusal(
                f"{what} wants to listen on {bind}, port {port}, found: {error.strerror or error};"
                f" end what listens there, or choose another '{setting}', in the file or with --set"
            ) from None
