"""What the control process knows of the machine at this moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.messages import Health

# Health is told once a second; who is silent for longer does not run.
SILENCE_NS = 5 * NS_PER_S


@dataclass(slots=True)
class House:
    """One machine, as its control process sees it; read by all requests, written by the process's loop alone."""

    site: str
    run: str
    ledger: Path
    folder: Path
    """Of the machine's sockets."""
    site_file: Path | None = None
    health: Health | None = None
    heard_ns: int = field(default=0)

    def hear(self, health: Health) -> None:
        """How everything is now."""
        self.health, self.heard_ns = health, monotonic_ns()

    @property
    def is_heard(self) -> bool:
        """Whether the machine is alive."""
        return self.health is not None and monotonic_ns() - self.heard_ns < SILENCE_NS
