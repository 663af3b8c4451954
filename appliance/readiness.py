"""Whether the machine on this computer is at work: what a container is asked every half minute, so nothing heavy is imported.

``python -m appliance.readiness`` ends with 0 if every process of it is at work; with ``alive``, if it is heard of at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from appliance.errors import Refusal
from appliance.ipc.channel import Listener, wait
from appliance.messages.health import Health
from appliance.supervise.preflight import is_alive, possible_parents
from appliance.supervise.service import in_one_line
from appliance.topics import HEALTH, REQUESTS

FOLDER_PREFIX = "appliance-"
# Of configs/appliance.service.
SERVICE_FOLDER = Path("/run/appliance")
PATIENCE_S = 3.0


def main(words: Iterable[str]) -> int:
    """Say how it is, in a line; the exit code."""
    try:
        for health in machines():
            if "alive" not in words:
                refuse_unready(health)
            print(in_one_line(health))  # noqa: T201  # a command
    except Refusal as refusal:
        print(f"appliance: {refusal.sentence}", file=sys.stderr)  # noqa: T201  # a command
        return 1
    return 0


def machines() -> list[Health]:
    """All that run here and may be seen by this user; raises ``Refusal`` where there are none."""
    found = [health for folder in machine_folders() if (health := health_of(folder)) is not None]
    if not found:
        raise Refusal("no machine of this user runs on this computer")
    return found


def machine_folders() -> list[Path]:
    """Those of all running machines that this user may see."""
    parents = dict.fromkeys((*possible_parents(), SERVICE_FOLDER))
    folders = [folder for parent in parents for folder in sorted(parent.glob(f"{FOLDER_PREFIX}*-*"))]
    pids = [folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0] for folder in folders]
    return [folder for folder, pid in zip(folders, pids) if pid.isdigit() and is_alive(int(pid))]


def site_folders() -> list[Path]:
    """Those of machines that can be asked for something: of this user's sites, not of jobs, which end by themselves."""
    return [folder for folder in machine_folders() if os.path.exists(folder / REQUESTS.name)]


def health_of(folder: Path) -> Health | None:
    """What the machine with this folder tells next; None where it tells nothing."""
    listener = Listener(folder, HEALTH, "machine")
    wait((listener,), PATIENCE_S)
    health = listener.take()
    listener.close()
    return health


def refuse_unready(health: Health) -> None:
    """Raise ``Refusal`` where a process is not at work. A camera that is away is no reason: nothing here could bring it back."""
    late = [process for process in health.processes if process.condition.state in ("starting", "down")]
    if late:
        name, condition = late[0].name, late[0].condition
        reason = f": {condition.reason}" if condition.reason else ""
        raise Refusal(f"{len(late)} of {len(health.processes)} processes are not at work; {name} is {condition.state}{reason}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
