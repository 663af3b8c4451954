"""What a supervisor is to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.ipc.frame_ring import RingSize
from appliance.messages.orders import ModelInfo
from appliance.supervise.recovery import CameraStream
from appliance.supervise.spec import ProcessSpec


@dataclass(frozen=True, slots=True)
class Machine:
    """All processes, the streams through them, and where they meet."""

    specs: tuple[ProcessSpec, ...]
    streams: tuple[CameraStream, ...]
    ring_size: Callable[[ModelInfo], RingSize]
    shm_dir: Path
    folder: Path
    """Of the sockets; made and removed by the supervisor's owner."""
    log_level: str
    gives_up: bool
    """Whether a machine that makes no progress is a failed job, or one to be tried again for ever."""
    data_dir: Path = Path()
    """Of its site."""
