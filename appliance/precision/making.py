"""Making the new model: the file of the original read, changed, and written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError

from appliance.detect.choice import open_engine
from appliance.errors import Refusal
from appliance.letterbox import InputRule
from appliance.models.manifest import names_in
from appliance.precision.calibrating import reaches_of
from appliance.precision.difference import most_different
from appliance.precision.footage import Drawn, Survey, drawn
from appliance.precision.graph import plan, refuse_unfit, with_pairs
from appliance.precision.judging import most_alike
from appliance.precision.reduction import ReductionRequest

Chosen = list[tuple[Survey, list[int]]]


def make_int8(request: ReductionRequest, surveys: Sequence[Survey], tell: Callable[[str], None]) -> tuple[str, int]:
    """Calibrate, and put pairs around convolutions; by what that was done, and how many pictures it has seen."""
    model = _load(request.model)
    refuse_unfit(model, request.label)
    rule = _input_rule(request)
    chosen = chosen_frames(surveys, request.pictures)
    count = sum(len(numbers) for _, numbers in chosen)
    tell(f"calibrating with the {count} most different frames of {len(surveys)} video{'s'[: len(surveys) != 1]}")
    wanted = plan(model)
    reaches = reaches_of(model, wanted, (frame.pixels for frame in _frames(chosen, rule)), request.site.detector.threads)
    candidates = {name: request.out.with_name(f"{name}.onnx") for name in reaches}
    for name, path in candidates.items():
        _save(with_pairs(model, wanted, reaches[name]), request, path)
    best = most_alike(request, candidates, list(_frames(chosen, rule)))
    os.replace(candidates[best], request.out)
    how = (
        f"{len(wanted.convolutions)} convolutions in int8, symmetric, weights by channel, {best} reach of tensors, {count} frames"
    )
    return f"appliance, ONNX Runtime {onnxruntime.__version__}: {how}", count


def make_fp16(request: ReductionRequest) -> str:
    """Put all weights and calculations in half precision, but input and output as they were; by what that was done."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    _save(convert_float_to_float16(_load(request.model), keep_io_types=True), request, request.out)
    return f"ONNX Runtime {onnxruntime.__version__}, half precision but for input and output"


def chosen_frames(surveys: Sequence[Survey], wanted: int) -> Chosen:
    """The frames for calibration: those of all videos that differ most, of each video from the part that is not held back."""
    offered = [(each, [place for place, number in enumerate(each.numbers) if number < each.held_back]) for each in surveys]
    owners = [(index, each.numbers[place]) for index, (each, places) in enumerate(offered) for place in places]
    taken = most_different(np.concatenate([each.thumbnails[places] for each, places in offered]), wanted)
    return [(each, [owners[row][1] for row in taken if owners[row][0] == index]) for index, each in enumerate(surveys)]


def _frames(chosen: Chosen, rule: InputRule) -> Iterator[Drawn]:
    for each, numbers in chosen:
        yield from drawn(each.video, rule.shape_for(each.width, each.height), numbers)


def _input_rule(request: ReductionRequest) -> InputRule:
    engine = open_engine(request.model, request.site.detector, is_live=True)
    try:
        return engine.info.rule
    finally:
        engine.close()


def _load(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(str(path))
    except (DecodeError, OSError, ValueError) as error:
        raise Refusal(f"the model {path} must be an ONNX file, found something that is not one ({error})") from None


def _save(model: onnx.ModelProto, request: ReductionRequest, path: Path) -> None:
    """With its classes, which a manifest beside the original may know better."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if names_in(metadata) != request.classes:
        metadata["names"] = str(dict(enumerate(request.classes)))
    del model.metadata_props[:]
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, str(path))
