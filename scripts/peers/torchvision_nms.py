"""A stand-in for torchvision's suppression on a CPU, for a torchvision that was built for another torch.

Beside a torch for CPUs alone, the usual torchvision cannot load its compiled operators, and not even be imported. Import this
module before ultralytics; where the operators load it does nothing.
"""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
from pathlib import Path

import torch

OPERATORS = ("nms", "qnms")  # what torchvision itself describes to torch when it is imported


def operators_load() -> bool:
    """Whether the compiled half of torchvision fits this torch."""
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise SystemExit("torchvision is not installed")
    try:
        ctypes.CDLL(str(Path(spec.origin).with_name("_C.so")))
    except OSError:
        return False
    return True


def suppressed(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """The boxes (N, 4) that no better one overlaps by more than the threshold (IoU): their places, best first."""
    order = scores.argsort(descending=True, stable=True)
    ranked = boxes[order]
    sides = (ranked[:, 2:] - ranked[:, :2]).clamp(min=0)
    area = sides.prod(dim=1)
    corner_low = torch.maximum(ranked[:, None, :2], ranked[None, :, :2])
    corner_high = torch.minimum(ranked[:, None, 2:], ranked[None, :, 2:])
    shared = (corner_high - corner_low).clamp(min=0).prod(dim=2)
    covers = (shared > iou_threshold * (area[:, None] + area[None, :] - shared)).numpy()
    is_alive = torch.ones(len(ranked), dtype=torch.bool).numpy()
    for rank in range(len(ranked)):
        if is_alive[rank]:
            is_alive[rank + 1 :] &= ~covers[rank, rank + 1 :]
    return order[torch.from_numpy(is_alive)]


if not operators_load():
    library = torch.library.Library("torchvision", "DEF")
    for operator in OPERATORS:
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    torchvision.ops.nms = torchvision.ops.boxes.nms = suppressed
