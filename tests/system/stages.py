"""One process of the machine alone, a real one, with the test at the other end of all its wires and in the supervisor's place."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import zmq

from appliance import pipeline
from appliance.clock import monotonic_ns
from appliance.config import SiteSettings
from appliance.ipc.channel import Receiver, Sender, wait
from appliance.ipc.command import CommandPost
from appliance.ipc.frame_ring import RingFile
from appliance.messages.orders import Begin, Checkpoint, ModelInfo
from appliance.messages.reports import Beat, Began, Ready, Report
from appliance.site_file import parse_site
from appliance.supervise.child import Child
from appliance.topics import BOXES, CREDITS, TICKETS, TRACKS, Topic
from tests.waiting import wait_until

M = TypeVar("M")
SLOTS = 8
OWNERS = {TICKETS.name: "device", BOXES.name: "track.0", TRACKS.name: "device", CREDITS.name: "yard"}


def site_of(video: Path, model: Path, **camera: Any) -> SiteSettings:
    """One camera, a file, and a line across its middle."""
    line = {"name": "middle", "from": [0.5, 1], "to": [0.5, 0]}
    return parse_site(
        {
            "cameras": [{"name": "yard", "source": str(video), "pace": "file", "lines": [line], **camera}],
            "detector": {"model": str(model), "input_px": 128},
            "slots": SLOTS,
            "log_level": "error",
        }
    )


class Stage:
    """The process ``name`` of the site. Use as a context."""

    def __init__(self, site: SiteSettings, name: str, folder: Path, model: ModelInfo) -> None:
        self._folder, self._model = folder, model
        self.post = CommandPost(folder)
        specs = {spec.name: spec for spec in pipeline.processes(site, ["track.0"], folder / "ledger.sqlite", "run1", folder)}
        self._settings = site.cameras[0].model_dump_json()
        self.child = Child(specs[name], folder, "error")
        self.ring = RingFile(pipeline.ring_size(site, model))
        self._receivers: dict[str, Receiver[Any]] = {}
        self._senders: dict[str, Sender[Any]] = {}
        self.reports: list[Report] = []

    def __enter__(self) -> Stage:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.child.stop(monotonic_ns())
        self.post.close()
        self.ring.close()
        zmq.Context.instance().destroy()

    def start(self) -> None:
        """Start the process, or start it again after a kill."""
        self.child.start()
        self.hear(Ready)

    def kill(self) -> None:
        """As ``kill -9`` does."""
        os.kill(self.child.pid, signal.SIGKILL)
        wait_until("its death is noticed", self.child.has_died)
        self.child.bury()

    def hear(self, kind: type[M]) -> M:
        """The next report of this kind from the life that it lives now."""

        def found() -> bool:
            wait((self.post,), 0.1)
            while (message := self.post.take()) is not None:
                self.reports.append(message[1])
            return any(isinstance(report, kind) and report.pid == self.child.pid for report in self.reports)

        wait_until(f"a report {kind.__name__}", found, 60.0)
        while True:
            report = self.reports.pop(0)
            if isinstance(report, kind) and report.pid == self.child.pid:
                return report

    def begin(self, epoch: int, checkpoint: Checkpoint | None = None) -> Began:
        """Order an epoch, and wait until it has begun."""
        self.order(epoch, checkpoint)
        began = self.hear(Began)
        assert (began.camera, began.epoch) == ("yard", epoch)
        return began

    def order(self, epoch: int, checkpoint: Checkpoint | None = None) -> None:
        """Order an epoch."""
        begin = Begin("yard", epoch, checkpoint or Checkpoint(), self._model, self.ring.path, self._settings, "track.0")
        self.post.order(self.child.spec.name, self.child.pid, begin)

    def listen(self, topic: Topic[M]) -> None:
        """Be the reader of a wire from now on."""
        self._receivers[topic.name] = Receiver(self._folder, topic, OWNERS[topic.name])

    def send(self, topic: Topic[M], *messages: M) -> None:
        """Write to the process."""
        if topic.name not in self._senders:
            self._senders[topic.name] = Sender(self._folder, topic, OWNERS[topic.name])
        for message in messages:
            self._senders[topic.name].send(message)

    def take(self, topic: Topic[M], count: int) -> list[M]:
        """The next messages of the process."""
        receiver: Receiver[M] = self._receivers[topic.name]
        taken: list[M] = []

        def enough() -> bool:
            wait((receiver,), 0.1)
            while len(taken) < count and (message := receiver.take()) is not None:
                taken.append(message)
            return len(taken) == count

        wait_until(f"{count} messages on {topic.name}", enough)
        return taken

    def is_silent(self, topic: Topic[M]) -> bool:
        """Whether nothing comes on the wire while the process beats twice more."""
        for _ in range(2):
            self.hear(Beat)
        return self._receivers[topic.name].take() is None
