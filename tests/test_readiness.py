"""Whether a machine is at work, as a container is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from appliance.errors import Refusal
from appliance.messages.health import Health
from appliance.messages.reports import Condition
from appliance.readiness import refuse_unready
from tests.observe.busy_site import camera, health
from tests.system.sites import Site

STATED = ("ok", "degraded", "starting", "down")


def with_process(name: str, condition: Condition) -> Health:
    """All is well but that one."""
    whole = health(1)
    changed = [
        msgspec.structs.replace(process, condition=condition) if process.name == name else process for process in whole.processes
    ]
    return msgspec.structs.replace(whole, processes=tuple(changed))


@pytest.mark.parametrize("state", STATED)
def test_every_process_has_to_be_at_work(state: str) -> None:
    told = with_process("control", Condition(state, "no token"))
    if state in ("ok", "degraded"):
        refuse_unready(told)
        return
    with pytest.raises(Refusal) as refusal:
        refuse_unready(told)
    assert refusal.value.sentence == f"1 of 6 processes are not at work; control is {state}: no token"


def test_a_camera_that_is_away_is_no_reason() -> None:
    gone = msgspec.structs.replace(camera("gate"), condition=Condition("down", "no pictures"))
    refuse_unready(msgspec.structs.replace(health(1), cameras=(gone,)))


def asked(folder: Path, *words: str) -> str:
    """What the command that is asked in a container says first; other machines may run on this computer, and come later."""
    environment = {**os.environ, "TMPDIR": str(folder), "RUNTIME_DIRECTORY": str(folder), "XDG_RUNTIME_DIR": ""}
    command = [sys.executable, "-m", "appliance.readiness", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode == 0) is not done.stderr.startswith("appliance: "), done.stderr
    return next(iter((done.stdout + done.stderr).splitlines()))


def test_a_machine_that_runs_is_heard_of(tmp_path: Path) -> None:
    with Site(tmp_path, {}) as site:
        site.until(lambda health: all(process.condition.state == "ok" for process in health.processes))
        assert asked(tmp_path) == asked(tmp_path, "alive") == "no cameras yet"
        assert site.stop() == 0
