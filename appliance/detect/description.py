"""What a model file is, told by running it in f32 on a CPU: its head, its classes, its input, and what it sees in a picture."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from appliance.boxes import Detections, Floats
from appliance.config import DetectorSettings, Precision
from appliance.detect.choice import open_engine
from appliance.detect.detector import Engine, last_words
from appliance.detect.guests import letterboxed
from appliance.detect.looking import Description
from appliance.detect.yolo import Head, HeadSettings, read_head, tell_head
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.models.manifest import MOST_BOXES, Box, names_in

# The least score of a box that is compared.
LOW_SCORE = 0.05
PATTERN_SHAPE = (360, 640)


def reference_settings(model: Path) -> DetectorSettings:
    """How the truth about a model is calculated: ONNX Runtime where it is there, else OpenVINO, in f32."""
    has_onnxruntime = find_spec("onnxruntime") is not None and find_spec("onnx") is not None
    backend = "onnxruntime" if has_onnxruntime else "openvino"
    return DetectorSettings(model=str(model), backend=backend, precision=Precision.F32, max_batch=2)


def describe(model: Path, picture: Pixels, classes: tuple[str, ...], input_px: int | None) -> Description:
    """Run a model once on a picture (H, W, 3) RGB. ``classes`` are its names where it has none of its own.

    Raises ``Refusal`` where it is no detector.
    """
    settings = reference_settings(model).model_copy(update={"input_px": input_px})
    engine = open_engine(model, settings, is_live=False)
    metadata = engine.info.metadata
    if metadata.get("task", "detect") != "detect":
        raise Refusal(f"the model {model.name} must be a detector, found one for the task '{metadata['task']}'", usage=True)
    names = names_in(metadata) or ()
    shape = engine.info.rule.shape_for(picture.shape[1], picture.shape[0])
    output = run(engine, [letterboxed(picture, *shape)])
    head = tell_head(output.shape, shape, len(classes or names) or None)
    seen = read_head(output[0], head, HeadSettings(LOW_SCORE, settings.overlap, None))
    return Description(
        head=head.name.lower(),
        names=names,
        class_count=class_count(output.shape, head) or len(names) or None,
        input_shape=engine.info.rule.fixed,
        any_batch=engine.max_batch > 1,
        metadata={key: value[:1000] for key, value in metadata.items() if key != "names"},
        backend=engine.info.backend,
        shape=shape,
        low_score=LOW_SCORE,
        overlap=settings.overlap,
        boxes=as_rows(seen),
        is_finite=bool(np.isfinite(output).all()),
    )


def run(engine: Engine, pictures: list[Pixels]) -> Floats:
    """A network's output for a batch, as its own; raises ``Refusal`` where it does not run."""
    height, width, _ = pictures[0].shape
    try:
        engine.submit(pictures)
        return engine.collect().copy()
    except RuntimeError as error:
        raise Refusal(
            f"the model must run on a picture of {width}x{height}, found that it does not ({last_words(error)})"
        ) from None


def class_count(shape: tuple[int, ...], head: Head) -> int | None:
    """How many classes an output of this shape has room for; None where it does not tell."""
    if head is Head.END_TO_END:
        return None
    return shape[1 if head is Head.CHANNELS_FIRST else 2] - 4


def as_rows(seen: Detections) -> tuple[Box, ...]:
    """The best boxes, to be written down."""
    best = [number for number in range(min(len(seen), MOST_BOXES)) if np.isfinite(seen.boxes[number]).all()]
    return tuple(
        (*(round(float(side), 2) for side in seen.boxes[number]), round(float(seen.scores[number]), 4), int(seen.classes[number]))  # type: ignore[misc]
        for number in best
    )


def as_detections(rows: tuple[Box, ...]) -> Detections:
    """What was written down."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(table[:, :4].astype(np.float32), table[:, 4].astype(np.float32), table[:, 5].astype(np.int64))


def read_picture(path: Path | None) -> Pixels:
    """A picture as (H, W, 3) RGB; a pattern where there is none."""
    if path is None:
        return pattern()
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if pixels is None:
        raise Refusal(f"a picture is wanted, but {path} is none")
    rgb: Pixels = np.ascontiguousarray(pixels[:, :, ::-1])
    return rgb


def pattern() -> Pixels:
    """Blocks of light and dark on a ramp: something for a network to calculate with, not to recognise."""
    height, width = PATTERN_SHAPE
    rows, columns = np.mgrid[0:height, 0:width]
    ramp = np.stack((columns * 255 // width, rows * 255 // height, (rows + columns) % 256), axis=2)
    ramp[(rows // 60 + columns // 80) % 3 == 0] //= 3
    return ramp.astype(np.uint8)
