"""A machine that runs a site until it is stopped, for tests: changed, watched and stopped from outside."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType

from appliance.clock import wall_ns
from appliance.ipc.channel import Listener, wait
from appliance.messages.health import CameraHealth, Health
from appliance.topics import HEALTH
from tests.system.cli import start_cli
from tests.system.models import write_detector
from tests.waiting import wait_until

# Of a camera that nothing happens to, while other tests want the processor.
SKIPPED_SHARE = 0.1
MIDDLE = {"name": "middle", "from": [0.5, 1], "to": [0.5, 0]}


class Site:
    """A machine that runs until it is stopped, seen from outside: its health, its ledger, its exit."""

    def __init__(self, folder: Path, cameras: dict[str, dict[str, object]], environment: dict[str, str] | None = None) -> None:
        settings = {"stall_s": 1.5, "lines": [MIDDLE]}
        self.ledger = folder / "data" / "ledger.sqlite"
        self._file = folder / "site.json"
        self._settings = settings
        self.tree: dict[str, object] = {
            "cameras": [{"name": name, **settings, **own} for name, own in cameras.items()],
            "detector": {"model": str(write_detector(folder / "model.onnx")), "input_px": 128},
            "data_dir": str(self.ledger.parent),
        }
        self._environment = {"TMPDIR": str(folder), **(environment or {})}
        self._listener: Listener[Health] | None = None

    def __enter__(self) -> Site:
        # JSON is YAML, too.
        self._file.write_text(json.dumps(self.tree))
        self.process = start_cli("run", "--config", str(self._file), environment=self._environment)
        parent = Path(self._environment["TMPDIR"])
        self.sockets = wait_until("its folder is there", lambda: next(parent.glob(f"appliance-{self.process.pid}-*"), None))
        self._listener = Listener(self.sockets, HEALTH, "machine")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.stderr = self.process.communicate()[1]
        assert self._listener is not None
        self._listener.close()
        if kind is not None:
            print(self.stderr)  # noqa: T201  # what pytest shows with a failure

    def change(self, cameras: dict[str, dict[str, object]]) -> None:
        """Write other cameras into the file, and say so."""
        self.write(cameras)
        self.process.send_signal(signal.SIGHUP)

    def write(self, cameras: dict[str, dict[str, object]]) -> None:
        """Write other cameras into the file, and say nothing."""
        self.tree["cameras"] = [{"name": name, **self._settings, **own} for name, own in cameras.items()]
        self._file.write_text(json.dumps(self.tree))

    def health(self) -> Health:
        """How it is now: the first that is told after this was asked; what was told before may be old."""
        asked_ns = wall_ns()
        return self.until(lambda health: health.time_ns >= asked_ns)

    def _told(self) -> Health:
        """The oldest that has been told and not been heard, or the next."""
        assert self._listener is not None
        wait((self._listener,), 30.0)
        health = self._listener.take()
        assert health is not None, "nothing is heard of the machine"
        return health

    def until(self, condition: Callable[[Health], bool], deadline_s: float = 30.0) -> Health:
        """The first health of which this is true."""
        end_s = time.monotonic() + deadline_s
        while not condition(health := self._told()):
            assert time.monotonic() < end_s, health
        return health

    def crossings(self, camera: str) -> int:
        """How many are in the ledger; none before it is there and has its tables."""
        if not self.ledger.exists():
            return 0
        with closing(sqlite3.connect(self.ledger)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'crossings'").fetchone():
                return 0
            return int(connection.execute("SELECT count(*) FROM crossings WHERE camera = ?", (camera,)).fetchone()[0])

    def until_counted(self, camera: str, more: int) -> None:
        """Until so many more have crossed."""
        before = self.crossings(camera)
        wait_until(f"{camera} counts", lambda: self.crossings(camera) >= before + more)

    def stop(self) -> int:
        """SIGTERM, and what that comes to."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def camera_in(health: Health, name: str) -> CameraHealth:
    return next(camera for camera in health.cameras if camera.name == name)


def assert_no_notice(before: Health, after: Health, name: str) -> None:
    """What happened beside this camera was nothing to it: one connection, and hardly a frame lost."""
    then, now = camera_in(before, name), camera_in(after, name)
    assert now.connections == then.connections
    skipped = now.skipped_busy + now.skipped_stale - then.skipped_busy - then.skipped_stale
    assert skipped <= SKIPPED_SHARE * (now.frames - then.frames), f"{name} skipped {skipped} of {now.frames - then.frames} frames"


def state_of(name: str, state: str) -> Callable[[Health], bool]:
    return lambda health: camera_in(health, name).condition.state == state


def pid_of(health: Health, name: str) -> int:
    return next(process.pid for process in health.processes if process.name == name)
