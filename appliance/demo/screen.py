"""The demo's live table: counts beside the truth, frame rate and latency."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from appliance.clock import NS_PER_MS, NS_PER_S, monotonic_ns
from appliance.counting import CAMERA
from appliance.demo.verdict import Row, rows
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord
from appliance.messages.health import Health
from appliance.messages.reports import Beat
from appliance.scene.truth import Truth
from appliance.supervise.supervisor import Supervisor

REFRESH_NS = NS_PER_S // 4
# Frame rate and latency are of the last seconds.
WINDOW_NS = 3 * NS_PER_S
# Where there is no terminal.
LINE_INTERVAL_NS = 10 * NS_PER_S


class Screen:
    """Given to ``run_site`` as its watch; reads what has been committed, as any other reader would."""

    def __init__(self, console: Console, live: Live, truth: Truth, ledger: Path, run: str) -> None:
        self._console, self._live, self._truth = console, live, truth
        self._ledger, self._run = ledger, run
        self._looks: deque[tuple[int, Beat]] = deque()
        self._due_ns = 0
        self._line_due_ns = monotonic_ns() + LINE_INTERVAL_NS

    def watch(self, supervisor: Supervisor) -> None:
        """Bring it up to date, a few times per second."""
        now_ns = monotonic_ns()
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + REFRESH_NS
        work = supervisor.children["count"].work
        self._looks.append((now_ns, work))
        while now_ns - self._looks[0][0] > WINDOW_NS:
            self._looks.popleft()
        if work.frames == 0:
            self._live.update(Text("starting: loading the model, opening the clip"))
            return
        with closing(Ledger(self._ledger, self._run, read_only=True)) as book:
            counted = book.crossings(CAMERA)
        pace = self._pace()
        shown = (
            table_of(rows(self._truth, counted, work.frames)),
            Text(pace),
            newest(counted),
            Text(trouble_of(supervisor.health)),
        )
        self._live.update(Group(*shown))
        if not self._console.is_terminal and now_ns > self._line_due_ns:
            self._line_due_ns = now_ns + LINE_INTERVAL_NS
            done = f"{work.frames} of {self._truth.frames} frames, {len(counted)} crossings"
            self._console.print(", ".join(filter(None, (done, pace, trouble_of(supervisor.health)))))

    def _pace(self) -> str:
        """Frame rate and latency in words."""
        (before_ns, before), (now_ns, now) = self._looks[0], self._looks[-1]
        frames = now.frames - before.frames
        if frames <= 0 or now_ns == before_ns:
            return ""
        per_second = frames * NS_PER_S / (now_ns - before_ns)
        latency_ms = (now.latency_ns - before.latency_ns) / frames / NS_PER_MS
        return f"{per_second:.0f} frames/s, {latency_ms:.0f} ms from a frame's arrival to its count"


def table_of(table: list[Row]) -> Table:
    """The counts for people."""
    shown = Table("line", "direction", "counted", "true so far", "true in all", "of which")
    for row in table:
        classes = ", ".join(f"{counted}/{true} {name}" for name, (counted, true) in row.classes.items())
        colour = "green" if row.counted == row.so_far else "yellow"
        counted = Text(str(row.counted), style=f"bold {colour}")
        shown.add_row(row.line, row.direction, counted, str(row.so_far), str(row.truth), Text(classes))
    return shown


def newest(counted: list[CrossingRecord]) -> Text:
    """The last crossing in words."""
    if not counted:
        return Text("nothing has crossed yet")
    last = counted[-1]
    return Text(f"last: {last.class_name} {last.direction} over {last.line} at {last.pts_ns / NS_PER_S:.1f} s")


def trouble_of(health: Health) -> str:
    """What is wrong with whom, of all processes."""
    wrong = [process for process in health.processes if process.condition.state in ("degraded", "down")]
    return "; ".join(f"{process.name}: {process.condition.reason}" for process in wrong)
