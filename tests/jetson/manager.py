"""What ``systemctl`` does to the units of a root folder, as far as installing goes: run as that program by the tests.

Units are really started: what is in ExecStart, with its environment, under its filter of system calls, and ``start`` of a notify
service returns when that has said READY=1, or has ended. Nothing is started again when it ends.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT, MEMORY = Path(os.environ["APPLIANCE_ROOT"]), Path(os.environ["MANAGER_MEMORY"])
START_S = 60
STOP_S = 15


def main(words: list[str]) -> int:
    """One call."""
    MEMORY.mkdir(exist_ok=True)
    with (MEMORY / "calls").open("a") as calls:
        calls.write(" ".join(words) + "\n")
    names = [word for word in words[1:] if word.endswith(".service")]
    if words[0] in ("enable", "disable"):
        for name in names:
            (MEMORY / f"{name}.enabled").touch() if words[0] == "enable" else (MEMORY / f"{name}.enabled").unlink(missing_ok=True)
    if words[0] in ("stop", "restart") or "--now" in words:
        for name in names:
            stop(name)
    if words[0] in ("start", "restart"):
        return 0 if all(start(name) for name in names) else 1
    if words[0] == "is-active":
        return 0 if is_active(names[0]) else 3
    if words[0] == "show":
        sys.stdout.write("0\n")
    return 0


def start(name: str) -> bool:
    """Start it, if it is not started; whether it has."""
    unit = settings_of(name)
    if is_active(name):
        return True
    if any(not below(path).exists() for path in unit.get("ConditionPathExists", [])):
        return True
    environment = dict(os.environ)
    for line in (*shlex.split(" ".join(unit.get("Environment", []))), *lines_of(unit.get("EnvironmentFile", []))):
        key, _, value = line.partition("=")
        environment[key] = value
    for folder in unit.get("StateDirectory", []):
        (ROOT / "var/lib" / folder).mkdir(parents=True, exist_ok=True)
    if unit["Type"] == ["oneshot"]:
        runtime = ROOT / "run" / unit["RuntimeDirectory"][0]
        runtime.mkdir(parents=True, exist_ok=True)
        environment["RUNTIME_DIRECTORY"] = str(runtime)
        return subprocess.run(command_of(unit), env=environment, check=False).returncode == 0
    return start_notifying(name, unit, environment)


def start_notifying(name: str, unit: dict[str, list[str]], environment: dict[str, str]) -> bool:
    """Until it says that it is ready."""
    address = MEMORY / "notify"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, (MEMORY / f"{name}.log").open("ab") as log:
        manager.bind(str(address))
        manager.settimeout(0.2)
        process = subprocess.Popen(
            command_of(unit),
            env={**environment, "NOTIFY_SOCKET": str(address)},
            cwd=below(unit["WorkingDirectory"][0]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        (MEMORY / f"{name}.pid").write_text(str(process.pid))
        deadline_s = time.monotonic() + START_S
        while process.poll() is None and time.monotonic() < deadline_s:
            with suppress(TimeoutError):
                if manager.recv(4096) == b"READY=1":
                    return True
    stop(name)
    return False


def stop(name: str) -> None:
    """SIGTERM, and SIGKILL for all that is left of it."""
    pid = pid_of(name)
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline_s = time.monotonic() + STOP_S
        while is_active(name) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        (MEMORY / f"{name}.pid").unlink()


def is_active(name: str) -> bool:
    """Whether its process is alive."""
    try:
        status = Path(f"/proc/{pid_of(name) or 'none'}/stat").read_bytes()
    except OSError:
        return False
    return status.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def pid_of(name: str) -> int:
    """0 where it was not started."""
    file = MEMORY / f"{name}.pid"
    return int(file.read_text()) if file.exists() else 0


def settings_of(name: str) -> dict[str, list[str]]:
    """What stands in its unit, each setting with all its values."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "etc/systemd/system" / name).read_text().splitlines():
        key, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(key, []).append(value.replace("%S", str(ROOT / "var/lib")))
    return found


def command_of(unit: dict[str, list[str]]) -> list[str]:
    """Below the root folder, and with no other calls than the unit's."""
    command = [str(below(word)) if word.startswith("/opt") else word for word in shlex.split(unit["ExecStart"][0])]
    confined = Path(__file__).with_name("confined.py")
    return [sys.executable, str(confined), *unit["SystemCallFilter"], "--", *command]


def lines_of(files: list[str]) -> list[str]:
    """Those of environment files that are there and name a variable."""
    found = [below(file.removeprefix("-")) for file in files]
    return [line for file in found if file.exists() for line in file.read_text().splitlines() if "=" in line and line[0] != "#"]


def below(path: str) -> Path:
    """A path of a unit, below the root folder."""
    return Path(path) if path.startswith(str(ROOT)) else ROOT / path.lstrip("/")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
