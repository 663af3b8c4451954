"""Where the panel is, told once it answers."""

from __future__ import annotations

from ipaddress import ip_address

from rich.console import Console

from appliance.config import ControlSettings
from appliance.supervise.supervisor import Supervisor

PROCESS = "control"


class Signpost:
    """Of a machine that has just been started."""

    def __init__(self, console: Console, control: ControlSettings) -> None:
        self._console, self._control = console, control
        self._is_told = control.port is None

    def look(self, supervisor: Supervisor) -> None:
        """Tell it now, if it is time."""
        if not self._is_told and supervisor.children[PROCESS].is_ready:
            self._is_told = True
            self._console.print(f"Panel: {address_of(self._control)}", highlight=False, markup=False, soft_wrap=True)


def address_of(control: ControlSettings) -> str:
    """For a browser on this computer."""
    host = control.bind
    if host != "localhost" and ip_address(host).is_unspecified:
        # Served on every address; this name leads to one of them.
        host = "localhost"
    scheme = "http" if control.certificate_file is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{control.port}/"
