"""A machine under a manager of services: what that hears when all is well, and when the machine hangs."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from tests.processes import is_stopped
from tests.system.sites import Site
from tests.waiting import wait_until

WATCHDOG_S = 0.6


def drain(manager: socket.socket) -> None:
    """Take what has come already."""
    manager.settimeout(0)
    try:
        while manager.recv(4096):
            pass
    except BlockingIOError:
        pass


def test_the_watchdog_hears_nothing_of_a_machine_that_hangs(tmp_path: Path) -> None:
    """systemd would end it, and start another; one that was only held up goes on with the processes that it had."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": f"{WATCHDOG_S * 1e6:.0f}"}
        with Site(tmp_path, {}, environment) as site:
            heard: list[bytes] = []
            while b"READY=1" not in heard or heard.count(b"WATCHDOG=1") < 3:
                heard.append(manager.recv(4096))
            before = site.health()
            site.process.send_signal(signal.SIGSTOP)
            wait_until("it hangs", lambda: is_stopped(site.process.pid))
            drain(manager)
            manager.settimeout(WATCHDOG_S)
            with pytest.raises(TimeoutError):
                manager.recv(4096)
            site.process.send_signal(signal.SIGCONT)
            manager.settimeout(30)
            while manager.recv(4096) != b"WATCHDOG=1":
                pass
            after = site.until(lambda health: health.time_ns > before.time_ns)
            assert [one.pid for one in after.processes] == [one.pid for one in before.processes]
            assert site.stop() == 0
