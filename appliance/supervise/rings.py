"""The rings of all cameras: made for all of them or for none, and made anew where larger pictures are to come."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from appliance.errors import Refusal
from appliance.ipc.frame_ring import RingFile, RingSize
from appliance.supervise.preflight import check_memory


class Rings:
    """Of one machine."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: dict[str, RingFile] = {}
        self._size = RingSize(0, 0, 0)
        """What each of them holds."""

    def path(self, camera: str) -> str:
        """Of a camera's ring; empty where it has none."""
        return self._files[camera].path if camera in self._files else ""

    def add(self, cameras: Iterable[str], wanted: RingSize) -> None:
        """A ring for each of these; raises ``Refusal`` where there is no room, or where the others would have to change."""
        size = self._size_for(wanted)
        self._files |= self._made(cameras, size)
        self._size = size

    def refuse(self, cameras: Collection[str], wanted: RingSize) -> None:
        """Raise ``Refusal`` where ``add`` would, and change nothing."""
        check_memory(Path(self._folder), self._size_for(wanted).total_bytes * len(cameras))

    def _size_for(self, wanted: RingSize) -> RingSize:
        """What new ones hold: as much as the others. Pictures that have become smaller leave some of their room free."""
        now = self._size
        if not self._files:
            return wanted
        if wanted.slots != now.slots or wanted.preview_bytes > now.preview_bytes or wanted.input_bytes > now.input_bytes:
            raise Refusal("larger pictures need other rings; start the machine anew")
        return now

    def enlarge(self, wanted: RingSize) -> None:
        """Other rings for all, if these are too small; what lies in the old ones stays there for who has mapped them."""
        if not self._files or wanted.input_bytes <= self._size.input_bytes:
            return
        size = RingSize(self._size.slots, wanted.input_bytes, self._size.preview_bytes)
        before, self._files = self._files, self._made(self._files, size)
        self._size = size
        for ring in before.values():
            ring.close()

    def drop(self, camera: str) -> None:
        """A camera is no more."""
        if camera in self._files:
            self._files.pop(camera).close()

    def close(self) -> None:
        """Give all memory back."""
        for ring in self._files.values():
            ring.close()

    def _made(self, cameras: Iterable[str], size: RingSize) -> dict[str, RingFile]:
        rings: dict[str, RingFile] = {}
        try:
            for camera in cameras:
                rings[camera] = RingFile(size, self._folder)
        except BaseException:
            for ring in rings.values():
                ring.close()
            raise
        return rings
