"""How far it is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import CameraSettings
from appliance.supervise.supervisor import Supervisor

LINE_INTERVAL_NS, LONGEST_INTERVAL_NS = 10 * NS_PER_S, 3600 * NS_PER_S


class ProgressBar:
    """Frames counted of all cameras together."""

    def __init__(self, console: Console, cameras: tuple[CameraSettings, ...]) -> None:
        self._console, self._cameras = console, cameras
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
        self._progress = Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task("starting", total=None, rate="")
        self._began_ns = 0
        self._line_pause_ns = LINE_INTERVAL_NS
        self._line_due_ns = monotonic_ns() + self._line_pause_ns

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def show(self, supervisor: Supervisor) -> None:
        """Bring it up to date."""
        frames = supervisor.children["count"].work.frames
        now_ns = monotonic_ns()
        if frames == 0:
            self._began_ns = now_ns
        per_second = frames / max(1e-3, (now_ns - self._began_ns) / NS_PER_S)
        rate = f"{per_second:.0f} frames/s" if frames else ""
        total = self._total(supervisor)
        self._progress.update(self._task, completed=frames, total=total, rate=rate, description=_doing(supervisor, frames))
        if not self._console.is_terminal and now_ns > self._line_due_ns and supervisor.streams:
            self._line_pause_ns = next_pause_ns(self._line_pause_ns, has_end=total is not None)
            self._line_due_ns = now_ns + self._line_pause_ns
            self._console.print(f"{frames} frames, {rate}" if frames else "starting")

    def _total(self, supervisor: Supervisor) -> int | None:
        if not self._cameras:
            # Who comes later stays for as long as it likes.
            return None
        total = 0
        for camera in self._cameras:
            stream = supervisor.streams.get(camera.name)
            source = None if stream is None else stream.source
            if source is None or source.frames == 0 or camera.is_live:
                return None
            last = source.frames - 1 if camera.last_frame is None else min(camera.last_frame, source.frames - 1)
            total += max(0, last + 1 - camera.first_frame)
        return total


def _doing(supervisor: Supervisor, frames: int) -> str:
    if not supervisor.streams:
        return "no cameras yet"
    return "counting" if frames else "starting"


def next_pause_ns(pause_ns: int, *, has_end: bool) -> int:
    """How long after a line the next one is due: what runs for months shall not fill a log."""
    return pause_ns if has_end else min(2 * pause_ns, LONGEST_INTERVAL_NS)
