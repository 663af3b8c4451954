"""How a camera's stream begins and begins again: one way for the first start and for every death.

    waiting ──▶ starting: count, track, detect, decode are told, one after the other ──▶ playing ──▶ finished
       ▲                                                                                   │
       └──── a process of the camera dies: the epoch is raised, older messages are dropped ◀┘

The order matters, and it is against the way of the frames: count goes back to its checkpoint, which says where the others begin,
and when decode sends the first frame, those behind it know the epoch. Whoever does not know an epoch drops its messages. So a
process that takes the place of a dead one in the middle of an epoch lets nothing more of it pass, and what comes to count is the
frames of the epoch without a gap, up to the death.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from appliance.messages.orders import Begin, Checkpoint, ModelInfo, SourceInfo
from appliance.messages.reports import Began


class Stage(Enum):
    """Where a camera's stream has got to."""

    WAITING = "waiting"
    STARTING = "starting"
    PLAYING = "playing"
    FINISHED = "finished"


@dataclass(slots=True)
class CameraStream:
    """One camera's stream; pure: reports in, orders out."""

    camera: str
    processes: tuple[str, ...]
    """Who works on it, in the order in which a frame meets them: the decoder first, the counter last."""
    settings: str = ""
    """The camera's own, JSON."""
    shard: str = ""
    ring: str = ""
    epoch: int = 0
    stage: Stage = Stage.WAITING
    problem: str = ""
    source: SourceInfo | None = None
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    """Where the newest epoch began."""
    _to_be_told: int = 0
    """How many of the processes do not know the epoch yet; the last of them has been ordered to begin."""

    def tear(self) -> None:
        """A process of the camera has died."""
        if self.stage is not Stage.FINISHED:
            self.stage = Stage.WAITING

    def begin(self, model: ModelInfo) -> tuple[str, Begin] | None:
        """The first order of a new epoch and who gets it, if the stream is waiting for one."""
        if self.stage is not Stage.WAITING:
            return None
        self.epoch += 1
        self.stage = Stage.STARTING
        self._to_be_told = len(self.processes)
        return self._order(model)

    def began(self, process: str, report: Began, model: ModelInfo) -> tuple[str, Begin] | None:
        """The next order and who gets it, after ``process`` has carried out its own; older epochs' reports change nothing."""
        if self.stage is not Stage.STARTING or report.epoch != self.epoch or process != self.processes[self._to_be_told - 1]:
            return None
        self.checkpoint = report.checkpoint or self.checkpoint
        self.source = report.source or self.source
        self._to_be_told -= 1
        if self._to_be_told == 0:
            self.stage = Stage.PLAYING
            return None
        return self._order(model)

    def finish(self, epoch: int, problem: str) -> None:
        """The counter has written the end of the stream."""
        if epoch == self.epoch:
            self.stage = Stage.FINISHED
            self.problem = problem

    def _order(self, model: ModelInfo) -> tuple[str, Begin]:
        return self.processes[self._to_be_told - 1], Begin(
            self.camera, self.epoch, self.checkpoint, model, self.ring, self.settings, self.shard
        )
