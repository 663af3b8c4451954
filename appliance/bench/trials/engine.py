"""The time of detecting alone: a network in a plain loop over pictures that lie ready."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from appliance.bench.program import answer_request
from appliance.clock import NS_PER_S, cpu_ns, monotonic_ns
from appliance.config import DATA_DIR, CameraSettings, DetectorSettings
from appliance.decode.choice import open_source
from appliance.detect.choice import open_engine
from appliance.detect.detector import Engine, last_words
from appliance.errors import Refusal
from appliance.ipc.frame_ring import Pixels
from appliance.letterbox import Letterbox
from appliance.models.store import find_model, stores_of

PICTURES = 32
# Drawing fills one too; nobody looks at it.
PREVIEW = np.zeros((96, 64), np.uint8)


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """The engine's name, and for each case its times or its problem.

    The request: ``camera`` and ``detector``, as settings in JSON; ``seconds`` per case; ``cases`` of ``shape`` and ``batch``.
    """
    settings = DetectorSettings.model_validate_json(request["detector"])
    camera = CameraSettings.model_validate_json(request["camera"])
    engine = open_engine(find_model(settings.model, *stores_of(DATA_DIR)).path, settings, is_live=False)
    cases = []
    for case in request["cases"]:
        height, width = case["shape"]
        try:
            check_case(engine, (height, width), case["batch"])
            times = run_case(engine, pictures_of(camera, height, width), case["batch"], request["seconds"])
            cases.append({**case, **times})
        except Refusal as refusal:
            cases.append({**case, "problem": refusal.sentence})
        except RuntimeError as error:  # of the library that runs it
            cases.append({**case, "problem": f"the network does not run: {last_words(error)}"})
    engine.close()
    return {"backend": engine.info.backend, "cases": cases}


def check_case(engine: Engine, shape: tuple[int, int], batch: int) -> None:
    """Refuse what the model does not take."""
    fixed = engine.info.rule.fixed
    if fixed not in (None, shape):
        raise Refusal(f"the model takes {fixed[1]}x{fixed[0]} alone")
    if batch > engine.max_batch:
        raise Refusal("the model takes one picture at a time")


def pictures_of(camera: CameraSettings, height: int, width: int) -> list[Pixels]:
    """The first pictures of the video as the network's input."""
    source = open_source(camera)
    place = Letterbox.fit(source.info.width, source.info.height, height, width)
    pictures: list[Pixels] = []
    while len(pictures) < PICTURES and (picture := source.read()) is not None:
        pictures.append(np.empty((height, width, 3), np.uint8))
        picture.draw(pictures[-1], place, PREVIEW.copy())
    source.close()
    return pictures


def run_case(engine: Engine, pictures: list[Pixels], batch: int, seconds: float) -> dict[str, float]:
    """Seconds of CPU (all threads) and of the clock, for so many pictures; as many batches under way as the engine works on."""
    batches = [[pictures[(first + step) % len(pictures)] for step in range(batch)] for first in range(len(pictures))]
    for warm_up in batches[: 2 * engine.capacity]:
        engine.submit(warm_up)
        engine.collect()
    done, under_way, submitted = 0, deque[int](), 0
    began_ns, began_cpu_ns = monotonic_ns(), cpu_ns()
    end_ns = began_ns + round(seconds * NS_PER_S)
    while under_way or monotonic_ns() < end_ns:
        while len(under_way) < engine.capacity and monotonic_ns() < end_ns:
            engine.submit(batches[submitted % len(batches)])
            under_way.append(submitted)
            submitted += 1
        engine.collect()
        under_way.popleft()
        done += batch
    return {
        "pictures": done,
        "cpu_s": (cpu_ns() - began_cpu_ns) / NS_PER_S,
        "seconds": (monotonic_ns() - began_ns) / NS_PER_S,
    }


if __name__ == "__main__":
    answer_request(measure)
