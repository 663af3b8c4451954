"""Run two cameras for a while and do to them whatever happens in a year; what that costs is written down every second.

usage: scripts/soak MINUTES [--seed 1] [--out soak.csv] [--plot soak.png]

The cameras are real RTSP servers (``scripts/camera``) that play a synthetic street. At random moments one of them is cut off
and comes back, stalls and goes on, a process is killed with -9, a camera is added or removed. Once a second the memory, open
files and shared memory of all processes, and the size of the ledger, become a line of the CSV; in the end a plot, and a
verdict: from the third minute on nothing may grow. Exit code 1 where something does, or where a camera does not come back.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.bench.curves import Curve, draw_curves  # noqa: E402  # from this checkout
from appliance.messages.health import Health  # noqa: E402
from appliance.readiness import health_of  # noqa: E402
from appliance.scene.clip import write_scene  # noqa: E402
from appliance.scene.settings import SceneSettings  # noqa: E402
from tests.cameras import Camera  # noqa: E402
from tests.waiting import wait_until  # noqa: E402

CLIP_S = 30
# Before that, everything finds its size.
SETTLING_S = 120
BETWEEN_S = (6.0, 16.0)
BACK_S = 20.0
# Of what there is at the beginning, over the whole soak, and never less than these: MB, files, MB, which come and go.
GROWTH_SHARE = 0.05
LEAST_GROWTH = {"memory_mb": 8.0, "open_files": 6.0, "shared_mb": 4.0}


@dataclass(frozen=True, slots=True)
class Sample:
    """One second."""

    at_s: float
    memory_mb: float
    """That the supervisor and all its processes have to themselves (anonymous), whoever else uses the same libraries."""
    open_files: int
    shared_mb: float
    """That they share among themselves: the rings."""
    ledger_mb: float
    crossings: int
    restarts: int
    cameras: int
    cameras_ok: int
    what: str
    """What was done to it in this second."""


class Soak:
    """The machine, its cameras, and what is done to them."""

    def __init__(self, folder: Path, chance: random.Random, stack: ExitStack) -> None:
        self.folder, self._chance, self._stack = folder, chance, stack
        clip = folder / "street.mp4"
        write_scene(SceneSettings(seed=7, seconds=CLIP_S), clip, None, lambda done, total: None)
        self.cameras = {name: stack.enter_context(Camera(clip)) for name in ("gate", "yard", "guest")}
        self.present = ["gate", "yard"]
        self.site = folder / "site.json"
        self._write_site()
        command = [sys.executable, "-m", "appliance", "run", "--config", str(self.site)]
        with (folder / "log.txt").open("w") as log:
            environment = {**os.environ, "TMPDIR": str(folder)}
            self.process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
        stack.callback(self._end)
        self.sockets = wait_until("it starts", lambda: next(folder.glob(f"appliance-{self.process.pid}-*"), None))
        self.until_all_ok()

    def _end(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=15)

    def _write_site(self) -> None:
        line = {"name": "road", "from": [0.2, 0.55], "to": [0.8, 0.55], "classes": ["car", "truck", "bus", "motorcycle"]}
        cameras = [{"name": name, "source": self.cameras[name].url, "stall_s": 2, "lines": [line]} for name in self.present]
        tree = {"cameras": cameras, "detector": {"model": "demo", "input_px": 320}, "data_dir": str(self.folder / "data")}
        self.site.write_text(json.dumps(tree))

    def health(self) -> Health:
        """As the machine tells it."""
        health = health_of(self.sockets)
        if health is None:
            sys.exit("soak: nothing is heard of the machine any more")
        return health

    def until_all_ok(self) -> None:
        """Wait for every camera; that one does not come back is the end."""
        end_s = time.monotonic() + BACK_S
        while {camera.name: camera.condition.state for camera in self.health().cameras} != dict.fromkeys(self.present, "ok"):
            if time.monotonic() > end_s:
                sys.exit(f"soak: not all is well again after {BACK_S:g} s: {self.health().cameras}")

    def trouble(self) -> Iterator[str]:
        """One mishap from beginning to end: its name when it begins, and again when it ends."""
        name = self._chance.choice(self.present)
        camera = self.cameras[name]
        kind = self._chance.choice(("cut", "stall", "kill", "kill", "guest"))
        if kind == "cut":
            camera.kill()
            yield f"{name} is cut off"
            camera.start()
            yield f"{name} is back"
        elif kind == "stall":
            camera.tell("stall")
            yield f"{name} stalls"
            camera.tell("go")
            yield f"{name} goes on"
        elif kind == "kill":
            victim = self._chance.choice([process for process in self.health().processes if process.pid])
            os.kill(victim.pid, signal.SIGKILL)
            yield f"{victim.name} is killed"
        else:
            self.present = ["gate", "yard"] if "guest" in self.present else ["gate", "yard", "guest"]
            self._write_site()
            self.process.send_signal(signal.SIGHUP)
            yield "the guest comes" if "guest" in self.present else "the guest goes"

    def sample(self, at_s: float, what: str) -> Sample:
        """Everything now."""
        health = self.health()
        pids = [self.process.pid, *(process.pid for process in health.processes if process.pid)]
        ledger = self.folder / "data" / "ledger.sqlite"
        return Sample(
            round(at_s, 1),
            round(sum(bytes_of(pid, "Anonymous:") for pid in pids) / 1e6, 2),
            sum(map(open_files, pids)),
            round(sum(bytes_of(pid, "Pss_Shmem:") for pid in pids) / 1e6, 2),
            round(sum(path.stat().st_size for path in ledger.parent.glob("ledger*")) / 1e6, 3),
            crossings_in(ledger),
            sum(process.restarts for process in health.processes),
            len(health.cameras),
            sum(camera.condition.state == "ok" for camera in health.cameras),
            what,
        )


def bytes_of(pid: int, kind: str) -> int:
    """A process's memory of one kind; 0 for one that has just gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(kind)) * 1024


def open_files(pid: int) -> int:
    """A process's open files."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def crossings_in(ledger: Path) -> int:
    """How many are counted."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT COALESCE(MAX(sequence), 0) FROM crossings").fetchone()[0])


def run(soak: Soak, seconds: float, chance: random.Random, writer: Any) -> list[Sample]:
    """Sample once a second, do something every few."""
    began_s = time.monotonic()
    due_s, samples = began_s + BETWEEN_S[1], []
    mishap: Iterator[str] = iter(())
    while (now_s := time.monotonic()) < began_s + seconds:
        what = ""
        if now_s > due_s:
            due_s = now_s + chance.uniform(*BETWEEN_S)
            what = next(mishap, "")
            if not what:
                soak.until_all_ok()
                mishap = soak.trouble()
                what = next(mishap)
        samples.append(soak.sample(now_s - began_s, what))
        writer.writerow(astuple(samples[-1]))
        time.sleep(max(0.0, now_s + 1 - time.monotonic()))
    for _ in mishap:
        pass
    soak.until_all_ok()
    return samples


def growths(samples: list[Sample]) -> dict[str, tuple[float, float]]:
    """For each thing that may not grow: by how much it does over the soak, along a straight line, and how much it may."""
    settled = [sample for sample in samples if sample.at_s > SETTLING_S and sample.cameras == sample.cameras_ok == 2]
    if len(settled) < 60:
        return {}
    at_s = np.array([sample.at_s for sample in settled])
    found = {}
    for name, least in LEAST_GROWTH.items():
        values = np.array([float(getattr(sample, name)) for sample in settled])
        slope = float(np.polyfit(at_s, values, 1)[0])
        found[name] = (slope * float(at_s[-1] - at_s[0]), max(least, GROWTH_SHARE * float(values[0])))
    return found


def main() -> None:
    """Soak, write, judge."""
    parser = argparse.ArgumentParser(description="two cameras, for a while, with all that can happen")
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("soak.csv"))
    parser.add_argument("--plot", type=Path, default=Path("soak.png"))
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        soak = Soak(folder, chance, stack)
        out = stack.enter_context(wanted.out.open("w", newline="", encoding="utf-8"))
        writer = csv.writer(out)
        writer.writerow([field.name for field in fields(Sample)])
        samples = run(soak, wanted.minutes * 60, chance, writer)
    draw_curves(
        wanted.plot,
        [sample.at_s / 60 for sample in samples],
        [
            Curve("memory of its own, MB", [sample.memory_mb for sample in samples]),
            Curve("open files", [float(sample.open_files) for sample in samples]),
            Curve("shared memory, MB", [sample.shared_mb for sample in samples]),
            Curve("crossings", [float(sample.crossings) for sample in samples]),
        ],
        "minutes",
    )
    mishaps = sum(bool(sample.what) for sample in samples)
    last = samples[-1]
    print(f"{last.at_s / 60:.1f} min, {mishaps} mishaps, {last.restarts} restarts, {last.crossings} crossings")  # noqa: T201
    found = growths(samples)
    for name, (growth, most) in found.items():
        print(f"{name}: {growth:+.2f} over the settled time, {most:.1f} allowed")  # noqa: T201
    if any(growth > most for growth, most in found.values()):
        sys.exit("soak: something grows")


if __name__ == "__main__":
    main()
