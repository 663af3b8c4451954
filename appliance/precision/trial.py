"""The program behind a reduction: ``python -m appliance.precision.trial``; see ``throwaway`` for what may happen in it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from appliance.detect.looking import Problem
from appliance.detect.throwaway import begin, stay_within_limit
from appliance.errors import Refusal
from appliance.precision.reduction import Made, Reduced, ReductionRequest, Said

LARGEST_FILE_BYTES = 1 << 33


def main() -> None:
    """Answer the request, line by line."""
    text, say = begin(LARGEST_FILE_BYTES)
    request = ReductionRequest.model_validate_json(text)

    def tell(sentence: str) -> None:
        say(msgspec.json.encode(Said(sentence)))

    answer: Made | Problem
    try:
        answer = reduce(request, tell)
    except Refusal as refusal:
        answer = Problem(refusal.sentence)
    say(msgspec.json.encode(answer))


def reduce(request: ReductionRequest, tell: Callable[[str], None]) -> Made:
    """Make the new model and prove it."""
    try:
        from appliance.precision.making import make_fp16, make_int8
    except ImportError as error:
        raise Refusal(f"for {request.to.value} ONNX Runtime is wanted: {error} (pip install 'appliance[onnxruntime]')") from None
    from appliance.precision.footage import survey
    from appliance.precision.judging import judge

    stay_within_limit()
    surveys = []
    for video in request.videos:
        tell(f"going through {video.name}")
        surveys.append(survey(video))
    by, pictures = make_int8(request, surveys, tell) if request.to is Reduced.INT8 else (make_fp16(request), 0)
    return Made(by, pictures, judge(request, surveys, tell))


if __name__ == "__main__":
    main()
