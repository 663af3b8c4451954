"""The control process alone, a real one, with the test in the supervisor's place: it is told of more cameras than there are."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from types import TracebackType

import zmq

from appliance import pipeline
from appliance.clock import NS_PER_S, monotonic_ns, wall_ns
from appliance.config import CameraSettings
from appliance.ipc.channel import Broadcaster, wait
from appliance.ipc.command import CommandPost
from appliance.messages.health import CameraHealth, Health
from appliance.messages.orders import Describe, SourceInfo
from appliance.messages.reports import Condition, Ready
from appliance.site_file import parse_site
from appliance.supervise.child import Child
from appliance.topics import HEALTH
from tests.control.panel.browser import STARTS_WITHIN_S, Panel, make_token
from tests.publish.brokers import free_port
from tests.waiting import wait_until

PERIOD_S = 0.5
SOURCE = SourceInfo(1280, 720, 25.0, 0, "none")
LINE = {"name": "middle", "from": [0.5, 1], "to": [0.5, 0]}


class Crowd:
    """So many cameras, every tenth of them down. Use as a context."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._names = [f"camera-{place:03d}" for place in range(number)]
        port = free_port()
        site = parse_site({"cameras": [], "detector": {"model": "demo"}, "control": {"port": port}, "site": "crowd"})
        [spec] = pipeline.control(site, folder / "data" / "ledger.sqlite", "run1")
        self._post = CommandPost(folder)
        self.child = Child(spec, folder, "error")
        self._url = f"http://127.0.0.1:{port}"
        self._is_over = Event()
        self._telling = Thread(target=self._tell)

    def __enter__(self) -> Crowd:
        tokens = {"viewer": make_token("viewer", self._folder / "data")}
        self.panel = Panel(self._url, tokens)
        self.child.start()
        wait_until("the control process is ready", self._is_ready, STARTS_WITHIN_S)
        cameras = [CameraSettings.model_validate({"name": name, "source": "0", "lines": [LINE]}) for name in self._names]
        order = Describe(tuple(camera.model_dump_json() for camera in cameras))
        self._post.order("control", self.child.pid, order)
        self._telling.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over.set()
        self._telling.join()
        self.child.stop(monotonic_ns() + 5 * NS_PER_S)
        self._post.close()
        zmq.Context.instance().destroy()

    def _is_ready(self) -> bool:
        wait((self._post,), 0.1)
        while (message := self._post.take()) is not None:
            if isinstance(message[1], Ready):
                return True
        return False

    def _tell(self) -> None:
        broadcaster = Broadcaster(self._folder, HEALTH, "machine")
        begun_ns, frames = wall_ns(), 0
        while not self._is_over.wait(PERIOD_S):
            frames += round(25 * PERIOD_S)
            broadcaster.send(Health(wall_ns(), (), tuple(self._camera(name, begun_ns, frames) for name in self._names)))
        broadcaster.close()

    def _camera(self, name: str, since_ns: int, frames: int) -> CameraHealth:
        condition = Condition("down", "the connection is refused") if name.endswith("7") else Condition("ok")
        return CameraHealth(name, condition, since_ns, SOURCE, 1, frames, 0, 0, 0)
