"""The program behind a build: ``python -m appliance.building.trial``; see ``throwaway`` for what may happen in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from appliance.building.ranges import Range, ranges_for
from appliance.building.request import CALLED, BuildRequest, Doing, EngineMade
from appliance.clock import NS_PER_S, monotonic_ns
from appliance.detect.cuda import Cuda, open_cuda
from appliance.detect.looking import Problem
from appliance.detect.tensorrt_api import TensorRt, load_tensorrt
from appliance.detect.tensorrt_engine import device_of
from appliance.detect.throwaway import BYTES_PER_MB, begin
from appliance.detect.yolo import Head
from appliance.errors import Refusal
from appliance.models.built import BEST_ANCHORS, BUILT_AS, PRECISION, BuiltAs, EngineKey, keep_engine

LARGEST_FILE_BYTES = 1 << 33
# Of the way in which the graph is prepared; a change of it makes other engines.
RECIPE = 1
# Pictures are this wide to that high, where nobody says otherwise.
USUAL_SOURCE = (1280, 720)
TELL_EVERY_NS = NS_PER_S // 2


def main() -> None:
    """Answer the request, line by line."""
    text, say = begin(LARGEST_FILE_BYTES)
    request = BuildRequest.model_validate_json(text)
    told = [0]

    def tell(phase: str, share: float) -> None:
        now_ns = monotonic_ns()
        if now_ns - told[0] > TELL_EVERY_NS:
            told[0] = now_ns
            say(msgspec.json.encode(Doing(phase, share)))

    answer: EngineMade | Problem
    try:
        answer = make(request, load_tensorrt(), open_cuda(), tell)
    except Refusal as refusal:
        answer = Problem(refusal.sentence)
    say(msgspec.json.encode(answer))


def make(request: BuildRequest, trt: TensorRt, cuda: Cuda, tell: Callable[[str, float], None]) -> EngineMade:
    """Build the engine, and put it where it is wanted."""
    try:
        from appliance.building.source import graph_of
    except ImportError as error:
        raise Refusal(f"to build engines onnx is wanted: {error} (pip install 'appliance[nvidia]')") from None
    from appliance.building.builder import Effort, build

    began_ns = monotonic_ns()
    tell("preparing the graph", 0.0)
    graph = graph_of(request)
    anchors = 0 if request.head == Head.END_TO_END.name.lower() else request.best_anchors
    max_batch = request.max_batch if graph.any_batch else 1
    ranges = ranges_for(graph.rule, graph.rule.shape_for(*USUAL_SOURCE), request.largest_px, max_batch, anchors)
    workspace_bytes = cuda.info.free_bytes // 2 if request.workspace_mb is None else round(request.workspace_mb * BYTES_PER_MB)
    key = EngineKey(model_sha256=request.model_sha256, device=device_of(trt, cuda), flags=_flags(request, ranges, anchors))
    timings = request.timings / f"{hashlib.sha256(key.device.model_dump_json().encode()).hexdigest()[:20]}.timings"
    engine = build(trt, graph.serialized, ranges, Effort(workspace_bytes, request.level), _known_timings(timings), tell)
    if engine.timings:
        # The next build takes longer without them, and that is all.
        with suppress(OSError):
            _keep_timings(timings, engine.timings)
    path = keep_engine(request.out, key, graph.metadata | _header(request, graph.rule.size_px, anchors), engine.plan)
    seconds = round((monotonic_ns() - began_ns) / NS_PER_S, 1)
    size_mb = round(len(engine.plan) / BYTES_PER_MB, 1)
    return EngineMade(path.name, key.device.tensorrt, str(cuda.info), seconds, size_mb)


def _header(request: BuildRequest, size_px: int, anchors: int) -> dict[str, str]:
    built_as = BuiltAs(
        calculates=request.calculates.value,
        max_batch=request.max_batch,
        best_anchors=request.best_anchors,
        level=request.level,
        head=request.head,
        largest_px=request.largest_px,
    )
    header = {PRECISION: CALLED[request.calculates], "imgsz": str(size_px), BUILT_AS: built_as.model_dump_json()}
    if request.classes:
        header["names"] = str(dict(enumerate(request.classes)))
    return header | ({BEST_ANCHORS: str(anchors)} if anchors else {})


def _flags(request: BuildRequest, ranges: tuple[Range, ...], anchors: int) -> str:
    shapes = "; ".join(f"{each.smallest} {each.best} {each.largest}" for each in ranges)
    return f"recipe {RECIPE}, {request.calculates.value}, level {request.level}, best anchors {anchors}, {shapes}"


def _known_timings(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _keep_timings(path: Path, timings: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    try:
        draft.write_bytes(timings)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
