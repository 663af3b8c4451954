"""The CPU time of decoding alone: a video drawn into the two pictures as the decode process does it, and nothing else running."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliance.bench.program import answer_request
from appliance.clock import NS_PER_S, cpu_ns, monotonic_ns
from appliance.config import CameraSettings
from appliance.decode.choice import open_source
from appliance.letterbox import Letterbox, preview_shape

# As many pictures as a ring has by default, so that the caches are used alike.
SLOTS = 8


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Seconds of CPU (all threads) and of the clock, for so many frames. The request: ``camera``, and the input's ``shape``."""
    camera = CameraSettings.model_validate_json(request["camera"])
    source = open_source(camera)
    width, height = source.info.width, source.info.height
    input_height, input_width = request["shape"]
    place = Letterbox.fit(width, height, input_height, input_width)
    preview_height, preview_width = preview_shape(width, height, camera.preview_px)
    inputs = np.zeros((SLOTS, input_height, input_width, 3), np.uint8)
    previews = np.zeros((SLOTS, preview_height * 3 // 2, preview_width), np.uint8)
    frames, began_ns, began_cpu_ns = 0, monotonic_ns(), cpu_ns()
    while camera.last_frame is None or frames <= camera.last_frame:
        picture = source.read()
        if picture is None:
            break
        picture.draw(inputs[frames % SLOTS], place, previews[frames % SLOTS])
        frames += 1
    return {
        "frames": frames,
        "cpu_s": (cpu_ns() - began_cpu_ns) / NS_PER_S,
        "seconds": (monotonic_ns() - began_ns) / NS_PER_S,
    }


if __name__ == "__main__":
    answer_request(measure)
