"""Looking into a model that somebody has brought, in a process that is thrown away: ``python -m appliance.detect.looking``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from appliance.counted import Settings
from appliance.detect.throwaway import ThrowAway, begin, stay_within_limit
from appliance.errors import Refusal
from appliance.models.manifest import Box, Reference

# Of the clock; a large model on a small computer that has other things to do.
LIMIT_S = 300.0


class Description(msgspec.Struct, frozen=True, tag=True):
    """What was found."""

    head: str
    """A name of ``Head``, in small letters."""
    names: tuple[str, ...]
    """As the file has them; empty where it has none."""
    class_count: int | None
    """None where the head does not tell."""
    input_shape: tuple[int, int] | None
    """(height, width), where it takes no other."""
    any_batch: bool
    metadata: dict[str, str]
    backend: str
    shape: tuple[int, int]
    """(height, width) of the input in which it looked at the picture."""
    low_score: float
    overlap: float
    boxes: tuple[Box, ...]
    is_finite: bool
    """Whether it answers with numbers."""

    def as_reference(self, picture: str, picture_sha256: str) -> Reference:
        """What a manifest notes of it."""
        return Reference(
            picture=picture,
            picture_sha256=picture_sha256,
            backend=self.backend,
            shape=self.shape,
            low_score=self.low_score,
            overlap=self.overlap,
            boxes=self.boxes,
        )


class Problem(msgspec.Struct, frozen=True, tag=True):
    """Why there is nothing to describe."""

    sentence: str


class LookRequest(Settings):
    """What is asked."""

    model: Path
    picture: Path
    classes: tuple[str, ...] = ()
    """What the model's classes are called, where the file does not say so."""
    input_px: int | None = None


def look_into(request: LookRequest, limit_s: float = LIMIT_S, limit_mb: float | None = None) -> Description:
    """What the model is; waits for it. Raises ``Refusal`` where it is no detector, or the process came to an end over it."""
    process = ThrowAway("appliance.detect.looking", request.model_dump_json(), limit_s, limit_mb)
    try:
        process.wait()
        answers = [msgspec.json.decode(line, type=Description | Problem) for line in process.lines()]
        if not answers:
            raise Refusal(f"the model {request.model.name} was to be looked into, but {process.end_in_words}", usage=True)
    finally:
        process.close()
    answer = answers[0]
    if isinstance(answer, Problem):
        raise Refusal(answer.sentence, usage=True)
    return answer


def main() -> None:
    """Answer the request."""
    text, say = begin()
    from appliance.detect.description import describe, read_picture

    stay_within_limit()

    request = LookRequest.model_validate_json(text)
    answer: Description | Problem
    try:
        answer = describe(request.model, read_picture(request.picture), request.classes, request.input_px)
    except Refusal as refusal:
        answer = Problem(refusal.sentence)
    say(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
