"""The program that exports a checkpoint with ultralytics: ``python -m appliance.catalogue.exporting``.

The one place where a pickle is opened and where ultralytics, which is AGPL-3.0, is imported. It takes nothing from the network,
and installs nothing.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from appliance.boxes import Detections, Floats
from appliance.catalogue.checkpoint import Exported, ExportRequest
from appliance.detect.choice import open_engine
from appliance.detect.description import LOW_SCORE, read_picture, reference_settings, run
from appliance.detect.guests import letterboxed
from appliance.detect.likeness import SAME_NUMBERS, Likeness, compare
from appliance.detect.looking import Problem
from appliance.detect.throwaway import begin
from appliance.detect.yolo import HeadSettings, read_head, tell_head
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.models.manifest import names_in

# The newest that TensorRT 10.3 and OpenVINO 2025 both know well.
OPERATOR_SET = 17
LARGEST_FILE_BYTES = 1 << 33
QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


def main() -> None:
    """Answer the request."""
    text, say = begin(LARGEST_FILE_BYTES)
    request = ExportRequest.model_validate_json(text)
    os.chdir(request.folder)
    os.environ |= QUIET | {"YOLO_CONFIG_DIR": str(request.folder)}
    answer: Exported | Problem
    try:
        answer = export(request)
    except Refusal as refusal:
        answer = Problem(refusal.sentence)
    say(msgspec.json.encode(answer))


def export(request: ExportRequest) -> Exported:
    """Make the ONNX file, and have both look at real pictures: those that come with ultralytics, and a painted one."""
    import onnx
    import torch
    import ultralytics
    from ultralytics.utils import ASSETS

    copy = request.folder / "checkpoint.pt"
    shutil.copyfile(request.checkpoint, copy)
    model: Any = ultralytics.YOLO(str(copy))
    if model.task != "detect":
        raise Refusal(
            f"the model {request.checkpoint.name} must be a detector, found one for the task '{model.task}'", usage=True
        )
    made = Path(model.export(format="onnx", dynamic=True, opset=OPERATOR_SET, simplify=True, device="cpu"))
    found = [version for version in onnx.load(str(made)).opset_import if version.domain == ""]
    network = model.model.float().eval()

    def original(pixels: Pixels) -> Floats:
        planes = torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        with torch.no_grad():
            output = network(planes)
        plain: Floats = (output[0] if isinstance(output, (tuple, list)) else output).numpy()
        return plain

    pictures = [request.picture, *sorted(Path(ASSETS).glob("*.jpg"))]
    likenesses, differences = _compared(made, [read_picture(path) for path in pictures], original)
    total = Likeness(*(sum(getattr(each, part) for each in likenesses) for part in ("same", "missing", "extra")))
    return Exported(
        model=made.name,
        exporter=f"ultralytics {ultralytics.__version__}, torch {torch.__version__}, operator set {found[0].version}",
        pictures=len(pictures),
        boxes=total.same + total.missing,
        f1=round(total.f1, 4),
        largest_score_difference=max(differences, default=0.0),
    )


def _compared(made: Path, pictures: list[Pixels], original: Any) -> tuple[list[Likeness], list[float]]:
    engine = open_engine(made, reference_settings(made), is_live=False)
    names = names_in(engine.info.metadata) or ()
    likenesses, differences = [], []
    for picture in pictures:
        shape = engine.info.rule.shape_for(picture.shape[1], picture.shape[0])
        pixels = letterboxed(picture, *shape)
        one, other = (_seen(output, shape, len(names)) for output in (original(pixels), run(engine, [pixels])))
        likenesses.append(compare(one, other, SAME_NUMBERS, LOW_SCORE))
        if len(one) and len(other):
            differences.append(float(abs(one.scores.max() - other.scores.max())))
    return likenesses, differences


def _seen(output: Floats, shape: tuple[int, int], classes: int) -> Detections:
    head = tell_head(output.shape, shape, classes or None)
    return read_head(output[0], head, HeadSettings(LOW_SCORE, 0.5, None))


if __name__ == "__main__":
    main()
