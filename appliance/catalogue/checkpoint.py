"""A checkpoint of PyTorch as an ONNX model: exported by ultralytics, in a process of its own, and compared with what it was.

A checkpoint is a pickle, which runs as a program when it is opened. Nothing that counts ever opens one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import msgspec

from appliance.catalogue.picture import paint_reference
from appliance.counted import Settings
from appliance.detect.looking import Problem
from appliance.detect.throwaway import ThrowAway
from appliance.errors import Refusal

# Of the clock; a large model on a small computer.
LIMIT_S = 1800.0
LEAST_F1 = 1.0


class ExportRequest(Settings):
    """What is asked of the process."""

    checkpoint: Path
    folder: Path
    """Where it works, and where the picture is that is always looked at."""
    picture: Path


class Exported(msgspec.Struct, frozen=True, tag=True):
    """What it has made."""

    model: str
    """The ONNX file."""
    exporter: str
    pictures: int
    """How many the two have looked at,"""
    boxes: int
    """how many boxes the checkpoint saw in them,"""
    f1: float
    """and how well those of the ONNX model agree."""
    largest_score_difference: float


@dataclass(frozen=True, slots=True)
class Export:
    """A checkpoint as ONNX."""

    model: Path
    exporter: str
    likeness: str
    figures: dict[str, float]


@contextmanager
def exported(checkpoint: Path) -> Iterator[Export]:
    """The ONNX model of a checkpoint, for as long as this lasts. Raises ``Refusal`` where there is none, or another one."""
    if find_spec("ultralytics") is None:
        raise Refusal(
            f"{checkpoint.name} is a PyTorch checkpoint, and to import one ultralytics is wanted, which is not installed: "
            "pip install 'appliance[export]' (AGPL-3.0), or export it elsewhere "
            "with 'yolo export model=FILE format=onnx dynamic=True' and import the ONNX file",
            usage=True,
        )
    with tempfile.TemporaryDirectory(prefix="appliance-export-") as name:
        folder = Path(name)
        paint_reference(folder / "reference.png")
        request = ExportRequest(checkpoint=checkpoint.absolute(), folder=folder, picture=folder / "reference.png")
        made = _ask(request)
        figures = {"export_f1": made.f1, "export_boxes": float(made.boxes)}
        said = f"of {made.boxes} boxes that the checkpoint sees in {made.pictures} pictures the ONNX model sees the same"
        if made.f1 < LEAST_F1:
            raise Refusal(
                f"the ONNX model must see what {checkpoint.name} sees, found an F1 of {made.f1:.3f} over {made.boxes} boxes"
            )
        yield Export(folder / made.model, made.exporter, said, figures)


def _ask(request: ExportRequest) -> Exported:
    process = ThrowAway("appliance.catalogue.exporting", request.model_dump_json(), LIMIT_S, None)
    try:
        process.wait()
        answers = [msgspec.json.decode(line, type=Exported | Problem) for line in process.lines()]
        if not answers:
            raise Refusal(f"{request.checkpoint.name} was to be exported, but {process.end_in_words}")
    finally:
        process.close()
    answer = answers[0]
    if isinstance(answer, Problem):
        raise Refusal(answer.sentence)
    return answer
