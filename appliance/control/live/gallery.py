"""Pictures for viewers. One thread looks into the rings while somebody watches; nobody watching costs nothing.

Each picture is made once for all viewers who want the same on it. Who is slow gets the newest one when he is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from threading import Lock, Thread

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings
from appliance.control.live.look import Look
from appliance.control.live.painting import Scene, Scores, jpeg_of, on_preview
from appliance.control.waiting import within
from appliance.errors import Refusal
from appliance.ipc.channel import Listener, wait
from appliance.ipc.frame_ring import RingReaders
from appliance.messages.questions import Viewed
from appliance.observe.overlay import Trails
from appliance.topics import VIEWS

TICK_S = 0.05
# Who comes back soon finds everything still there.
LINGER_NS = 5 * NS_PER_S
MOST_VIEWERS = 64


class Viewer:
    """Somebody who watches a camera; belongs to one event loop."""

    def __init__(self, camera: str, look: Look, frames_per_second: float) -> None:
        self.camera, self.look = camera, look
        self.interval_ns = round(NS_PER_S / frames_per_second)
        self.due_ns = 0
        self._loop = asyncio.get_running_loop()
        self._picture: bytes | None = None
        self._has_news = asyncio.Event()

    def show(self, picture: bytes, now_ns: int) -> None:
        """From the thread: a newer picture, whether or not the last one was taken."""
        # By the clock and not from the last picture, or a camera with few frames would be shown more slowly than was wanted.
        is_late = now_ns - self.due_ns >= self.interval_ns
        self.due_ns = self.interval_ns + (now_ns if is_late else self.due_ns)
        # The loop may be over.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take, picture)

    def _take(self, picture: bytes) -> None:
        self._picture = picture
        self._has_news.set()

    async def next(self, patience_s: float) -> bytes | None:
        """The newest picture that was not given yet; None where none comes in this time."""
        with suppress(asyncio.TimeoutError):
            await within(patience_s, self._has_news.wait())
        self._has_news.clear()
        picture, self._picture = self._picture, None
        return picture


class Gallery:
    """All viewers of a machine."""

    def __init__(self, folder: Path, camera_of: Callable[[str], CameraSettings | None], scores: Callable[[], Scores]) -> None:
        self._folder, self._camera_of, self._scores = folder, camera_of, scores
        self._viewers: set[Viewer] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._rings = RingReaders()
        self._is_closing = False

    async def watch(
        self, camera: str, look: Look, frames_per_second: float, patience_s: float
    ) -> AsyncGenerator[bytes | None, None]:
        """Pictures as they come, and None whenever none came for so long. Must be closed by who uses it."""
        viewer = Viewer(camera, look, frames_per_second)
        self._enter(viewer)
        try:
            while True:
                yield await viewer.next(patience_s)
        finally:
            with self._lock:
                self._viewers.discard(viewer)

    async def picture(self, camera: str, look: Look, patience_s: float) -> bytes | None:
        """The next picture, where one comes in this time."""
        async with aclosing(self.watch(camera, look, 1000.0, patience_s)) as pictures:
            return await anext(pictures)

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return len(self._viewers)

    def refuse_crowd(self) -> None:
        """Raise ``Refusal`` where one more would be too many."""
        with self._lock:
            if self._is_closing or len(self._viewers) >= MOST_VIEWERS:
                raise Refusal(f"at most {MOST_VIEWERS} may watch at once" if self._viewers else "the machine is being stopped")

    def forget_rings(self) -> None:
        """Cameras have come or gone: a ring may be another one at the same path."""
        with self._lock:
            self._rings = RingReaders()

    def close(self) -> None:
        """Nobody watches any more."""
        with self._lock:
            self._is_closing, thread = True, self._thread
            self._viewers.clear()
        if thread is not None:
            thread.join()

    def _enter(self, viewer: Viewer) -> None:
        self.refuse_crowd()
        with self._lock:
            self._viewers.add(viewer)
            if self._thread is None:
                self._thread = Thread(target=self._look_on, name="gallery", daemon=True)
                self._thread.start()

    def _look_on(self) -> None:
        """The thread."""
        listener: Listener[Viewed] = Listener(self._folder, VIEWS, "device", chooses=True)
        trails: dict[str, Trails] = {}
        left_ns = monotonic_ns()
        while True:
            with self._lock:
                viewers, rings = tuple(self._viewers), self._rings
                if viewers:
                    left_ns = monotonic_ns()
                elif self._is_closing or monotonic_ns() - left_ns > LINGER_NS:
                    self._thread = None
                    break
            if viewers:
                _choose(listener, trails, {viewer.camera for viewer in viewers})
            viewed = listener.take()
            if viewed is None:
                wait((listener,), TICK_S)
            elif viewed.ticket.camera in trails:
                self._show(viewed, viewers, trails[viewed.ticket.camera], rings)
        listener.close()

    def _show(self, viewed: Viewed, viewers: tuple[Viewer, ...], trails: Trails, rings: RingReaders) -> None:
        ticket, now_ns = viewed.ticket, monotonic_ns()
        tracks = on_preview(viewed)
        trails.add(tracks)
        due = [viewer for viewer in viewers if viewer.camera == ticket.camera and viewer.due_ns <= now_ns]
        if not due or not rings.holds(ticket):
            return
        preview = rings.preview(ticket).copy()
        if not rings.holds(ticket):
            return
        scene = Scene(preview, tracks, viewed.names, trails, self._camera_of(ticket.camera), self._scores(), now_ns)
        for look in {viewer.look for viewer in due}:
            picture = jpeg_of(scene, look)
            for viewer in due:
                if viewer.look == look:
                    viewer.show(picture, now_ns)


def _choose(listener: Listener[Viewed], trails: dict[str, Trails], wanted: set[str]) -> None:
    """Listen to these cameras, and to no others."""
    for camera in wanted - trails.keys():
        listener.choose(camera)
        trails[camera] = Trails()
    for camera in trails.keys() - wanted:
        listener.leave(camera)
        del trails[camera]
