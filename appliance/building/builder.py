"""Building an engine: TensorRT reads a graph, tries what is fastest on this GPU, and writes it down.

What it calculates in stands in the graph. Releases before 11 must be told to keep to that; since then there is no other way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.building.ranges import Range
from appliance.detect.pixels_in import PIXELS
from appliance.detect.tensorrt_api import Builder, IBuilderConfig, INetworkDefinition, TensorRt, is_rtx, title_of
from appliance.detect.tensorrt_words import NO_ROOM, Words, logger_of
from appliance.errors import Refusal

# Hears what is being done: a phase, and how much of it, 0..1.
Tell = Callable[[str, float], None]
MOST_ERRORS = 3
MORE_ROOM = "a smaller --max-batch or --workspace-mb, or one program less on the GPU, makes room"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much it may take."""

    workspace_bytes: int
    """Of the GPU's memory, for what is tried."""
    level: int
    """0 to 5: how many ways are tried; TensorRT itself takes 3."""


@dataclass(frozen=True, slots=True)
class BuiltEngine:
    """What came of it."""

    plan: bytes
    timings: bytes
    """What was found to be fastest, for the next time; nothing where that is not kept."""


def build(trt: TensorRt, model: bytes, ranges: Sequence[Range], effort: Effort, timings: bytes, tell: Tell) -> BuiltEngine:
    """An engine of an ONNX model with pixels in. Raises ``Refusal`` where TensorRT does not read it, or build it."""
    words = Words()
    logger = logger_of(trt, words)
    builder = trt.Builder(logger)
    network = builder.create_network(_flags(trt))
    _parse(trt, network, logger, model, words)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, effort.workspace_bytes)
    config.builder_optimization_level = effort.level
    if (flag := getattr(trt.BuilderFlag, "REQUIRE_USER_ALLOCATION", None)) is not None:
        config.set_flag(flag)
    monitor = monitor_of(trt, tell)
    config.progress_monitor = monitor
    keeps_timings = _use_timings(trt, config, timings)
    for each in ranges:
        _add_range(builder, config, each)
    built = builder.build_serialized_network(network, config)
    if built is None:
        said = words.take()
        remedy = f"; {MORE_ROOM}" if NO_ROOM.search(said) else ""
        raise Refusal(f"{title_of(trt)} was to build an engine, found that it does not: {said}{remedy}")
    cache = config.get_timing_cache() if keeps_timings else None
    return BuiltEngine(bytes(built), b"" if cache is None else bytes(cache.serialize()))


def _flags(trt: TensorRt) -> int:
    known = trt.NetworkDefinitionCreationFlag
    flag = getattr(known, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _parse(trt: TensorRt, network: INetworkDefinition, logger: Any, model: bytes, words: Words) -> None:
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        errors = [parser.get_error(number).desc() for number in range(min(parser.num_errors, MOST_ERRORS))]
        said = "; ".join(" ".join(error.split()) for error in errors) or words.take()
        raise Refusal(f"{title_of(trt)} was to read the model, found what it does not know: {said}")
    words.take()


def _add_range(builder: Builder, config: IBuilderConfig, each: Range) -> None:
    profile = builder.create_optimization_profile()
    profile.set_shape(PIXELS, each.smallest, each.best, each.largest)
    config.add_optimization_profile(profile)


def _use_timings(trt: TensorRt, config: IBuilderConfig, timings: bytes) -> bool:
    """Whether what is found to be fastest is kept; TensorRT for RTX finds that out when it loads an engine, not before."""
    if is_rtx(trt):
        return False
    # Those of another GPU or release are no use, and no harm: it begins anew.
    for known in (timings, b""):
        cache = config.create_timing_cache(known)
        if cache is not None and config.set_timing_cache(cache, False):
            return True
    return False


def monitor_of(trt: TensorRt, tell: Tell) -> Any:
    """What TensorRT tells how far it is."""
    steps: dict[str, int] = {}

    def begin(self: Any) -> None:
        trt.IProgressMonitor.__init__(self)

    def phase_start(self: Any, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        steps[phase_name] = num_steps
        tell(phase_name, 0.0)

    def step_complete(self: Any, phase_name: str, step: int) -> bool:
        tell(phase_name, (step + 1) / max(1, steps.get(phase_name, 1)))
        return True

    def phase_finish(self: Any, phase_name: str) -> None:
        tell(phase_name, 1.0)

    methods = {"__init__": begin, "phase_start": phase_start, "step_complete": step_complete, "phase_finish": phase_finish}
    return type("Monitor", (trt.IProgressMonitor,), methods)()
