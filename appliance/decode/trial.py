"""A look through a camera in a process of its own, ``python -m appliance.decode.trial``: an order on stdin, an answer on stdout.

What a stranger's stream does to a decoder, a crash or a hang, ends here.
"""

from __future__ import annotations

import math
import os
import signal
import sys

import msgspec

from appliance.config import CameraSettings
from appliance.decode.look import first_picture
from appliance.errors import Refusal

LONGEST_PX = 640
# Counting comes first.
NICENESS = 5
# Where memory runs out, this goes before anything that counts.
FIRST_TO_GO = "1000"


class Trial(msgspec.Struct, frozen=True):
    """What shall be looked through, and for how long at most."""

    camera: str
    """Its settings, JSON."""
    login: str | None
    """``user:password`` where it is kept nowhere yet."""
    deadline_s: float


class Tried(msgspec.Struct, frozen=True):
    """What was seen, or why nothing."""

    problem: str = ""
    width: int = 0
    height: int = 0
    frames_per_second: float = 0.0
    decoder: str = ""
    jpeg: bytes = b""


def main() -> None:
    """Look, tell, end."""
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    # Also where the decoder hangs, and nobody is left who would end it.
    signal.alarm(math.ceil(trial.deadline_s))
    os.nice(NICENESS)
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as adjustment:
        adjustment.write(FIRST_TO_GO)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answer:
        # Libraries talk, too.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        answer.write(msgspec.json.encode(tried(trial)))


def tried(trial: Trial) -> Tried:
    """What comes of it."""
    try:
        with first_picture(CameraSettings.model_validate_json(trial.camera), trial.login) as seen:
            from appliance.decode.thumbnail import small_jpeg

            picture, info = seen.picture, seen.info
            jpeg = small_jpeg(picture.to_bgr(), LONGEST_PX)
            return Tried("", picture.width, picture.height, info.frames_per_second, info.decoder, jpeg)
    except Refusal as refusal:
        return Tried(refusal.sentence)


if __name__ == "__main__":
    main()
