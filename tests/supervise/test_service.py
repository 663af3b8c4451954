"""A manager of services that does not get round to reading: nobody waits for it, and it misses nothing that it has to know."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.clock import NS_PER_S
from appliance.messages.health import Health
from appliance.supervise.service import ServiceManager

NOTHING_YET = Health(NS_PER_S, (), ())


def fill(address: Path) -> None:
    """Until nothing more goes in."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as other, suppress(BlockingIOError):
        while other.sendto(b"of somebody else", str(address)):
            pass


def heard(manager: socket.socket) -> list[bytes]:
    """All that waits there."""
    messages: list[bytes] = []
    with suppress(BlockingIOError):
        while True:
            messages.append(manager.recv(4096))
    return [message for message in messages if message != b"of somebody else"]


def test_a_manager_that_is_busy_is_told_again_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(address))
    monkeypatch.setenv("WATCHDOG_USEC", "3600000000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind(str(address))
        fill(address)
        service = ServiceManager()
        service.look(NOTHING_YET)
        assert heard(manager) == []
        service.look(NOTHING_YET)
        assert heard(manager) == [b"READY=1", b"STATUS=no cameras yet", b"WATCHDOG=1"]
        service.look(NOTHING_YET)
        assert heard(manager) == []
        service.stopping()
        assert heard(manager) == [b"STOPPING=1"]
