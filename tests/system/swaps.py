"""A machine on one film, every frame of which counts once whatever happens: models are swapped there, and the power goes."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from appliance.ipc.requests import ask
from appliance.messages.health import Health, SwapHealth
from appliance.messages.questions import Activate, Answer, CallOff, Request
from appliance.swap.journal import Step, steps_in
from appliance.topics import REQUESTS
from appliance.yaml_tree import read_yaml
from tests.system.cli import children_of
from tests.system.models import write_detector
from tests.system.sites import MIDDLE, Site, pid_of
from tests.system.videos import PASS_FRAMES, Encoding, traffic, write_video
from tests.waiting import wait_until

GATES = {"shadow_s": 1, "shadow_share": 1.0, "shadow_longest_s": 60, "probation_s": 1, "slowest": 1000}
CAR = {**MIDDLE, "classes": ["car"]}
# Longer than any of these tests.
FILM_PASSES = 200
ENDS = ("kept", "refused", "returned", "called off")
PATIENCE_S = 90.0


def write_film(path: Path) -> Path:
    """A block crosses the middle once a second."""
    return write_video(path, traffic(FILM_PASSES), Encoding(options={"g": "25", "bf": "0", "preset": "ultrafast"}))


class SwapSite(Site):
    """Its models are ``first``, which counts, and ``other``, whose input has another size. Use as a context, again and again."""

    def __init__(self, folder: Path, film: Path, **gates: float) -> None:
        self.camera: dict[str, object] = {"source": str(film), "pace": "played", "lines": [CAR]}
        super().__init__(folder, {"yard": self.camera})
        self.tree["gates"] = {**GATES, **gates}
        self.first, self.file, self.data = str(folder / "model.onnx"), folder / "site.json", self.ledger.parent
        self.other = str(write_detector(folder / "other.onnx", classes=("car", "bus"), size=(160, 224)))

    def __enter__(self) -> SwapSite:
        if self.file.exists():
            # As whoever wrote it last has left it.
            self.tree = read_yaml(self.file.read_text())[0]
        super().__enter__()
        with ExitStack() as undo:
            undo.push(self.__exit__)
            self.until_counted("yard", 1)
            self.until(lambda health: all(process.condition.state == "ok" for process in health.processes))
            undo.pop_all()
        return self

    def cut_off(self) -> None:
        """As when the power goes: for all of its processes at once."""
        for pid in (self.process.pid, *children_of(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def ask(self, question: Activate | CallOff | Request) -> Answer:
        answer = ask(self.sockets, REQUESTS, question, 60.0)
        assert answer is not None
        return answer

    def begin(self, model: str = "", *, is_forced: bool = False) -> int:
        """Have it brought in, or back where none is named; the number of the swap."""
        answer = self.ask(Activate(model, "anna", is_forced))
        assert answer.is_done, answer.sentence
        return steps_in(self.data, 1)[0].swap

    def reach(self, step: str) -> None:
        """Until the newest swap has come so far."""

        def has_come() -> bool:
            steps = self.steps()
            assert step in steps or not set(steps) & set(ENDS), self.journal()[-1]
            return step in steps

        wait_until(step, has_come, PATIENCE_S)

    def end(self, number: int) -> SwapHealth:
        """How that swap ended."""
        health = self.until(lambda health: _is_over(health.swap, number), PATIENCE_S)
        assert health.swap is not None
        return health.swap

    def journal(self) -> list[Step]:
        """Of the newest swap."""
        steps = steps_in(self.data, 100)
        return [step for step in steps if step.swap == steps[0].swap]

    def steps(self) -> list[str]:
        return [step.step for step in self.journal()]

    def pid(self, process: str) -> int:
        """Of the life that it lives now; 0 between two."""
        return next((found.pid for found in self.health().processes if found.name == process), 0)

    def held(self, process: str) -> Held:
        return Held(self.pid(process))

    def kill(self, *names: str) -> None:
        """Kill them, all at once, and wait until others are there in their place."""
        now = self.health()
        before = {name: pid_of(now, name) for name in names}
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        self.until(lambda health: all(_pid_in(health, name) not in (0, pid) for name, pid in before.items()))

    def model_name(self) -> str:
        return self.until(lambda health: bool(health.model_name)).model_name

    def in_file(self) -> str:
        model: str = read_yaml(self.file.read_text())[0]["detector"]["model"]
        return model

    def assert_each_pass_counted_once(self) -> None:
        """Since the machine was started, which begins a film anew."""
        with closing(sqlite3.connect(self.ledger)) as connection:
            runs = connection.execute("SELECT run, frame FROM crossings WHERE line = 'middle' ORDER BY sequence").fetchall()
        passes = sorted(frame // PASS_FRAMES for run, frame in runs if run == runs[-1][0])
        assert passes == list(range(len(passes))), passes


class Held:
    """A process that stands still meanwhile. Use as a context."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGCONT)


def _is_over(swap: SwapHealth | None, number: int) -> bool:
    return swap is not None and swap.number == number and swap.is_over


def _pid_in(health: Health, process: str) -> int:
    return next((found.pid for found in health.processes if found.name == process and found.condition.state == "ok"), 0)
