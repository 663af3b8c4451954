"""Time ultralytics' ``track`` over a video: opening, decoding, detecting and tracking, without loading the model.

The request: ``video``, ``weights``, ``classes`` (all, if empty), ``last_frame`` (or null) and ``threads`` (0: as it comes).
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch
import torchvision_nms  # noqa: F401  # before ultralytics
import ultralytics


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Frames and seconds."""
    model = ultralytics.YOLO(request["weights"])
    wanted = [number for number, name in model.names.items() if name in request["classes"]] or None
    results = model.track(request["video"], tracker="botsort.yaml", classes=wanted, stream=True, verbose=False, device="cpu")
    if request["threads"]:
        torch.set_num_threads(request["threads"])  # after ultralytics has set them, while it made the predictor
    ids: set[float] = set()
    last, frames = request["last_frame"], 0
    began, began_cpu = time.perf_counter(), time.process_time()
    for result in results:
        frames += 1
        ids.update([] if result.boxes.id is None else result.boxes.id.tolist())
        if last is not None and frames > last:
            break
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    return {
        "version": ultralytics.__version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "frames": frames,
        "seconds": seconds,
        "cpu_s": cpu_s,
        "ids": len(ids),
    }


if __name__ == "__main__":
    answer = measure(json.loads(sys.argv[1]))
    print(json.dumps(answer))  # noqa: T201  # this is the answer
