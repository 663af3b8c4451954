"""A model in fewer bits, made and proven in a process that is thrown away: ``python -m appliance.precision.trial``."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import msgspec

from appliance.config import SiteSettings
from appliance.counted import Settings
from appliance.detect.looking import Problem
from appliance.detect.throwaway import ThrowAway
from appliance.errors import Refusal
from appliance.precision.proof import Proof

# Of the clock; a large model, a small computer, and long videos.
LIMIT_S = 4 * 3600.0
PAUSE_S = 0.1


class Reduced(str, Enum):
    """What a model may be reduced to."""

    FP16 = "fp16"
    INT8 = "int8"


class ReductionRequest(Settings):
    """What is asked."""

    model: Path
    """The ONNX model in f32, its manifest beside it."""
    label: str
    """What it is called, for people,"""
    classes: tuple[str, ...]
    """and what its classes are."""
    to: Reduced
    videos: tuple[Path, ...]
    out: Path
    """Where the new model is written."""
    site: SiteSettings
    """How it is used: detector, tracker, counter, and one camera with the lines that are counted at."""
    pictures: int
    """For calibration, at most,"""
    proof_frames: int
    """and frames of each video to judge by, at most."""


class Said(msgspec.Struct, frozen=True, tag=True):
    """News: what is being done."""

    sentence: str


class Made(msgspec.Struct, frozen=True, tag=True):
    """The new model is there."""

    by: str
    """The program that made it, and how."""
    pictures: int
    """That it was calibrated with."""
    proof: Proof


def reduced(request: ReductionRequest, tell: Callable[[str], None], limit_s: float = LIMIT_S) -> Made:
    """Make it, and wait for it. Raises ``Refusal`` where that is not possible, or the process came to an end over it."""
    process = ThrowAway("appliance.precision.trial", request.model_dump_json(), limit_s, None)
    answer: Made | Problem | None = None
    try:
        has_ended = False
        while not has_ended:
            has_ended = process.has_ended()
            for line in process.lines():
                news = msgspec.json.decode(line, type=Said | Made | Problem)
                if isinstance(news, Said):
                    tell(news.sentence)
                else:
                    answer = news
            if not has_ended:
                time.sleep(PAUSE_S)
        if answer is None:
            raise Refusal(f"{request.label} was to be made {request.to.value}, but {process.end_in_words}")
    finally:
        process.close()
    if isinstance(answer, Problem):
        raise Refusal(answer.sentence)
    return answer
