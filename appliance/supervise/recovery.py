"""How a camera's stream begins and begins again: one way for the first start and for every death.

    waiting ──▶ count goes back to its checkpoint ──▶ track takes the tracker's state ──▶ decode goes on ──▶ playing ──▶ finished
       ▲                                                                                                        │
       └────────────── a process of the camera dies: the epoch is raised, older messages are dropped ◀──────────┘

The order matters: when decode sends the first frame of an epoch, those behind it know the epoch already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from appliance.messages import Began, Begin, Checkpoint, ModelInfo, SourceInfo


class Stage(Enum):
    """Where a camera's start has got to."""

    WAITING = "waiting"
    COUNT = "count"
    TRACK = "track"
    DECODE = "decode"
    PLAYING = "playing"
    FINISHED = "finished"


@dataclass(slots=True)
class CameraStream:
    """One camera's stream; pure: reports in, orders out."""

    camera: str
    count: str
    track: str
    decode: str
    ring: str = ""
    epoch: int = 0
    stage: Stage = Stage.WAITING
    problem: str = ""
    source: SourceInfo | None = None
    checkpoint: Checkpoint = field(default_factory=Checkpoint)

    def tear(self) -> None:
        """A process of the camera has died."""
        if self.stage is not Stage.FINISHED:
            self.stage = Stage.WAITING

    def begin(self, model: ModelInfo) -> tuple[str, Begin] | None:
        """The first order of a new epoch and who gets it, if the stream is waiting for one."""
        if self.stage is not Stage.WAITING:
            return None
        self.epoch += 1
        self.stage = Stage.COUNT
        self.checkpoint = Checkpoint()
        return self.count, self._order(model)

    def began(self, report: Began, model: ModelInfo) -> tuple[str, Begin] | None:
        """The next order and who gets it, after one has been carried out; reports of older epochs are of no interest."""
        if report.epoch != self.epoch:
            return None
        if self.stage is Stage.COUNT and report.checkpoint is not None:
            self.checkpoint = report.checkpoint
            self.stage = Stage.TRACK
            return self.track, self._order(model)
        if self.stage is Stage.TRACK and report.checkpoint is None and report.source is None:
            self.stage = Stage.DECODE
            return self.decode, self._order(model)
        if self.stage is Stage.DECODE and report.source is not None:
            self.stage = Stage.PLAYING
            self.source = report.source
        return None

    def finish(self, epoch: int, problem: str) -> None:
        """The counter has written the end of the stream."""
        if epoch == self.epoch:
            self.stage = Stage.FINISHED
            self.problem = problem

    def _order(self, model: ModelInfo) -> Begin:
        return Begin(self.camera, self.epoch, self.checkpoint, model, self.ring)
