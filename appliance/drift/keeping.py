"""Where books are kept: in the data folder, one for each camera's pictures and one for each model that has looked through it.

    baselines/<camera>/pictures
    baselines/<camera>/<sha256 of the model>

Another model has another book, and that of the one before waits for its return. A file is the former one or the new one, whole,
whatever happens; one that cannot be read is as none, and is learned anew.
"""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PICTURES = "pictures"
FOLDER = "baselines"

logger = logging.getLogger(__name__)


class Shelf:
    """Of one site. Writing waits for the disk, in a thread; nobody else waits for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = ThreadPoolExecutor(1, "baselines")
        self._complained = ""
        self._newest: dict[Path, bytes] = {}
        """What waits to be written."""

    def read(self, camera: str, name: str) -> bytes:
        """What was kept under this name; nothing where nothing was."""
        path = self._folder / camera / name
        if (newest := self._newest.get(path)) is not None:
            return newest
        try:
            return path.read_bytes()
        except OSError:
            return b""

    def keep(self, camera: str, name: str, content: bytes) -> None:
        """Keep it, soon."""
        path = self._folder / camera / name
        is_waiting = path in self._newest
        self._newest[path] = content
        if not is_waiting:
            # A disk that hangs has one write of each waiting, not all that there ever were.
            self._writer.submit(self._write, path)

    def _write(self, path: Path) -> None:
        content = self._newest.pop(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            if str(error) != self._complained:
                self._complained = str(error)
                logger.warning("what is usual for a camera cannot be kept: %s", error)
        else:
            self._complained = ""
