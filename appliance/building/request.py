"""An engine of a model, built in a process that is thrown away: ``python -m appliance.building.trial``."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import msgspec
from pydantic import Field

from appliance.counted import Settings
from appliance.detect.looking import Problem
from appliance.detect.throwaway import ThrowAway
from appliance.errors import Refusal
from appliance.models.manifest import SHA256

# Of the clock; a large model on a Jetson, everything tried.
LIMIT_S = 2 * 3600.0
PAUSE_S = 0.1


class Calculates(str, Enum):
    """What an engine calculates in."""

    F32 = "f32"
    FP16 = "fp16"
    INT8 = "int8"


# What it is called in a manifest, and behind the name of a backend; f32 is multiplied in TF32, where a GPU has that.
CALLED = {Calculates.F32: "tf32", Calculates.FP16: "f16", Calculates.INT8: "int8"}


class BuildRequest(Settings):
    """What is asked."""

    model: Path
    """The ONNX model,"""
    model_sha256: str = Field(pattern=SHA256)
    label: str
    """what it is called, for people,"""
    classes: tuple[str, ...]
    head: str
    """and a name of ``Head``, in small letters."""
    calculates: Calculates
    input_px: int | None = None
    """The longer side of the inputs that it is for, where the model takes any,"""
    largest_px: int = 0
    """and of the largest that it must take, too."""
    max_batch: int = Field(default=8, ge=1, le=64)
    best_anchors: int = Field(default=0, ge=0)
    """How many anchors come out, the best; 0 for all."""
    workspace_mb: float | None = Field(default=None, gt=0)
    """Of the GPU's memory, for what is tried; None: half of what nobody else has. A Jetson's is that of all programs."""
    level: int = Field(default=3, ge=0, le=5)
    """How many ways are tried."""
    out: Path
    """The folder that the engine is put into."""
    timings: Path
    """The folder where it is kept what was fastest."""


class Doing(msgspec.Struct, frozen=True, tag=True):
    """News: what is being done, and how much of it, 0..1."""

    phase: str
    share: float


class EngineMade(msgspec.Struct, frozen=True, tag=True):
    """The engine is there."""

    file: str
    backend: str
    gpu: str
    seconds: float
    megabytes: float


def built(
    request: BuildRequest, tell: Callable[[Doing], None], limit_s: float = LIMIT_S, limit_mb: float | None = None
) -> EngineMade:
    """Build it, and wait for it. Raises ``Refusal`` where that is not possible, or the process came to an end over it."""
    building = Building(request, tell, limit_s, limit_mb)
    try:
        while (answer := building.poll()) is None:
            time.sleep(PAUSE_S)
    finally:
        building.close()
    if isinstance(answer, Problem):
        raise Refusal(answer.sentence)
    return answer


class Building:
    """One that is under way. Nothing here waits."""

    def __init__(
        self,
        request: BuildRequest,
        tell: Callable[[Doing], None],
        limit_s: float = LIMIT_S,
        limit_mb: float | None = None,
    ) -> None:
        self._request, self._tell = request, tell
        self._answer: EngineMade | Problem | None = None
        self._process = ThrowAway("appliance.building.trial", request.model_dump_json(), limit_s, limit_mb)

    def poll(self) -> EngineMade | Problem | None:
        """The end of it, once it is there."""
        if self._answer is None:
            has_ended = self._process.has_ended()
            for line in self._process.lines():
                news = msgspec.json.decode(line, type=Doing | EngineMade | Problem)
                if isinstance(news, Doing):
                    self._tell(news)
                else:
                    self._answer = news
            if has_ended and self._answer is None:
                label = self._request.label
                remedy = "; --memory-mb allows more" if self._process.is_fat else ""
                self._answer = Problem(f"an engine of {label} was to be built, but {self._process.end_in_words}{remedy}")
        return self._answer

    def close(self) -> None:
        """End it where it is under way, and leave nothing of it but the engine."""
        self._process.close()
