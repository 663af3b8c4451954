"""The publish process alone, a real one, with the test in the places of the supervisor and of the counter."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import zmq

from appliance.clock import NS_PER_S, monotonic_ns, wall_ns
from appliance.config import CameraSettings, MqttSettings
from appliance.ipc.channel import Broadcaster, wait
from appliance.ipc.command import CommandPost
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord
from appliance.messages.frames import Committed
from appliance.messages.health import Health
from appliance.messages.orders import Checkpoint, Describe, Drain
from appliance.messages.reports import Beat, Condition, Drained, ProcessCondition, Ready, Report
from appliance.process_settings import PublishProcess
from appliance.supervise.child import Child
from appliance.supervise.spec import ProcessSpec
from appliance.topics import COMMITS, HEALTH
from tests.waiting import wait_until

LINES = ("gate", "ramp")
YARD = CameraSettings.model_validate(
    {
        "name": "yard",
        "source": "rtsp://127.0.0.1/",
        "lines": [
            {"name": name, "from": [0, 0.5], "to": [1, 0.5], "directions": {"forward": "in", "backward": "out"}} for name in LINES
        ],
    }
)
CLASSES = ("car", "bus", "truck")


def a_crossing(number: int, *, minute_ns: int = 0, capture_ns: int = 0) -> CrossingRecord:
    """The n-th of a made-up traffic."""
    line = LINES[number % len(LINES)]
    return CrossingRecord(
        event_id=f"run1.yard.{line}.{number}.0",
        camera="yard",
        line=line,
        direction=("in", "out")[number // 2 % 2],
        class_name=CLASSES[number % len(CLASSES)],
        frame=number,
        pts_ns=number,
        capture_ns=capture_ns or wall_ns(),
        track_id=number,
        confidence=0.5,
        x=1.0,
        y=2.0,
        reason="crossed",
        minute_ns=minute_ns,
    )


class Publishing:
    """Use as a context."""

    def __init__(
        self,
        folder: Path,
        mqtt: MqttSettings,
        *,
        run: str = "run1",
        time_zone: str = "",
        cameras: tuple[CameraSettings, ...] = (),
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.ledger = Ledger(folder / "ledger.sqlite", run)
        self.outbox = folder / "outbox.sqlite"
        self._sockets = folder
        self.post = CommandPost(folder)
        self._commits = Broadcaster(folder, COMMITS, "device")
        self._health = Broadcaster(folder, HEALTH, "machine")
        settings = PublishProcess(
            site="junction", mqtt=mqtt, time_zone=time_zone, ledger=self.ledger.path, outbox=self.outbox, run=run
        )
        spec = ProcessSpec("publish", "appliance.publish.process:main", settings.model_dump_json(), 30, 30, tells_others=True)
        self.child = Child(spec, folder, "warning")
        self.cameras: tuple[CameraSettings, ...] = cameras or (YARD,)
        self.condition = Condition("")
        self.is_drained = False
        self.waiting = -1

    def __enter__(self) -> Publishing:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.child.ask_to_stop()
        self.child.stop(monotonic_ns() + 10 * NS_PER_S)
        self.post.close()
        self.ledger.close()
        zmq.Context.instance().destroy()

    def start(self) -> None:
        """Begin a life, and tell it of the cameras."""
        self.child.start()
        self.until("it is ready", lambda: self.child.is_ready)
        self.describe()

    def describe(self) -> None:
        self.post.order("publish", self.child.pid, Describe(tuple(camera.model_dump_json() for camera in self.cameras)))

    def drain(self) -> None:
        self.post.order("publish", self.child.pid, Drain())

    def kill(self) -> None:
        """As ``kill -9`` does."""
        os.kill(self.child.pid, signal.SIGKILL)
        wait_until("its death is noticed", self.child.has_died)
        self.child.bury()

    def count(self, *records: CrossingRecord) -> None:
        """Write crossings into the ledger, and say so."""
        self.ledger.commit("yard", Checkpoint(records[-1].frame), records)
        self.say()

    def say(self) -> None:
        self._commits.send(Committed(self.ledger.news))

    def tell(self, health: Health) -> None:
        self._health.send(health)

    def hear(self) -> None:
        """Take what it reports."""
        wait((self.post,), 0.02)
        while (message := self.post.take()) is not None:
            self._hear(message[1])

    def _hear(self, report: Report) -> None:
        if report.pid != self.child.pid:
            return
        if isinstance(report, Ready):
            self.child.is_ready = True
        elif isinstance(report, ProcessCondition):
            self.condition = report.condition
        elif isinstance(report, Drained):
            self.is_drained = True
        elif isinstance(report, Beat):
            self.waiting = report.waiting
            self.child.hear(report)

    def until(self, what: str, condition: Callable[[], bool], deadline_s: float = 30.0) -> None:
        end = time.monotonic() + deadline_s
        while not condition():
            self.hear()
            assert time.monotonic() < end, f"{what}: not within {deadline_s:g} s; {self.condition}"
