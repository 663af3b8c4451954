"""A supervisor with small real processes that is led along a script."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.ipc.frame_ring import RingSize
from appliance.supervise.machine import Machine
from appliance.supervise.recovery import CameraStream, Stage
from appliance.supervise.spec import ProcessSpec
from appliance.supervise.supervisor import Supervisor
from tests.supervise.players import Part, player
from tests.system.cli import children_of

NAMES = ("decode", "detect", "count")
Script = Callable[[Supervisor], Iterator[Callable[[], bool]]]


def machine_of(folder: Path, *more: ProcessSpec, gives_up: bool = True, **others: ProcessSpec) -> Machine:
    """One camera's machine, with more processes, or others in the place of some."""
    parts = {name: player(name, name, part=Part(notes=str(folder / "ledger"))) for name in NAMES} | others
    return Machine(
        specs=(*parts.values(), *more),
        streams=(CameraStream("yard", NAMES),),
        ring_size=lambda model: RingSize(2, 1000, 1000),
        shm_dir=Path("/dev/shm"),
        folder=folder,
        log_level="error",
        gives_up=gives_up,
    )


def run(machine: Machine, script: Script, deadline_s: float = 90.0) -> Supervisor:
    """Run a machine along a script, which waits by yielding a condition; fails where nobody of it is gone afterwards."""
    with Supervisor(machine) as supervisor:
        steps, end = script(supervisor), time.monotonic() + deadline_s
        condition = next(steps, None)

        def keep_on() -> bool:
            nonlocal condition
            assert time.monotonic() < end, f"the script waits in vain, the stream is {supervisor.streams['yard'].stage}"
            while condition is not None and condition():
                condition = next(steps, None)
            return condition is not None

        supervisor.run(keep_on)
    assert not players()
    return supervisor


def players() -> set[int]:
    """The living processes of a machine among this process's children, of which other tests may have left some."""
    words = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in children_of(os.getpid())}
    return {pid for pid, line in words.items() if b"appliance.supervise.entry" in line}


def plays(supervisor: Supervisor, epoch: int) -> Callable[[], bool]:
    """Whether the stream plays in that epoch, or one after it."""
    stream = supervisor.streams["yard"]
    return lambda: stream.stage is Stage.PLAYING and stream.epoch >= epoch
