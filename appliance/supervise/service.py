"""What systemd wants to hear (sd_notify(3)): that the machine is ready, alive, how it is, and that it stops."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from appliance.clock import monotonic_ns
from appliance.messages.health import CameraHealth, DeviceHealth, Health, ProcessHealth


class ServiceManager:
    """Whoever started this process, if that wants to know; nobody where ``NOTIFY_SOCKET`` is not set."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_UNIX, kind) if address else None
        # Twice as often as it has to be; the watchdog of another process is none of ours.
        is_ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._interval_ns = int(os.environ.get("WATCHDOG_USEC", "0")) * 1000 // 2 if is_ours else 0
        self._due_ns = 0
        self._status = ""
        self._is_ready = False

    def look(self, health: Health) -> None:
        """Tell what is new; to be called from the loop whose life it proves, more often than the watchdog barks."""
        if self._socket is None:
            return
        if not self._is_ready and all(process.condition.state != "starting" for process in health.processes):
            self._is_ready = self._tell("READY=1")
        status = in_one_line(health)
        if status != self._status and self._tell(f"STATUS={status}"):
            self._status = status
        now_ns = monotonic_ns()
        if self._interval_ns and now_ns >= self._due_ns and self._tell("WATCHDOG=1"):
            self._due_ns = now_ns + self._interval_ns

    def stopping(self) -> None:
        """The end begins."""
        self._tell("STOPPING=1")
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, what: str) -> bool:
        """Whether it was heard. A manager that is busy or gone is no reason to wait, or to stop: it is told at the next look."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto(what.encode(), self._address)
                return True
        return False


def in_one_line(health: Health) -> str:
    """How many cameras are well, and what is wrong with the first thing that is not."""
    well = sum(camera.condition.state == "ok" for camera in health.cameras)
    line = f"{well} of {len(health.cameras)} cameras ok" if health.cameras else "no cameras yet"
    parts: tuple[ProcessHealth | CameraHealth | DeviceHealth, ...] = (*health.processes, *health.cameras, *health.devices)
    for part in parts:
        if part.condition.state in ("down", "degraded"):
            return f"{line}; {part.name} is {part.condition.state}: {part.condition.reason}"
    return line
