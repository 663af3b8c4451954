"""Part ``backends``: what runs the network, by precision, shape of the input and batch."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from appliance.bench.bench import Bench
from appliance.bench.program import run_trial
from appliance.bench.row import Measure, Row, failed
from appliance.config import Precision
from appliance.errors import Refusal

PART = "backends"


@dataclass(frozen=True, slots=True)
class Engine:
    """A backend in one precision."""

    backend: str
    precision: Precision

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.backend} {self.precision.value}"


# What the others are compared with.
BASE = Engine("onnxruntime", Precision.F32)
OTHERS = (Engine("openvino", Precision.BF16), Engine("openvino", Precision.F32))
SHAPES = ((384, 640), (640, 640), (224, 384))  # (height, width)
CASES = [{"shape": shape, "batch": batch} for shape in SHAPES for batch in (1, 4)]
SECONDS = 2.5
QUICK_CASES, QUICK_SECONDS = CASES[:1], 0.7


def measure(bench: Bench) -> Iterator[Row]:
    """A row for each case of each engine."""
    base = yield from rows_of(bench, BASE, [])
    for engine in OTHERS:
        yield from rows_of(bench, engine, base)


def rows_of(bench: Bench, engine: Engine, base: list[float | None]) -> Generator[Row, None, list[float | None]]:
    """One engine's rows, compared with ``base`` by place; returns milliseconds per picture, for the next ones."""
    bench.say(engine.name)
    cases = QUICK_CASES if bench.is_quick else CASES
    try:
        answer = ask(bench, engine, cases)
    except Refusal as refusal:
        yield failed(PART, engine.name, refusal.sentence)
        return [None] * len(cases)
    times_ms = [1e3 * case["seconds"] / case["pictures"] if "pictures" in case else None for case in answer["cases"]]
    for place, (case, time_ms) in enumerate(zip(answer["cases"], times_ms)):
        yield row_of(engine, case, time_ms, base[place] if base else None)
    return times_ms


def ask(bench: Bench, engine: Engine, cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Run one engine through the cases, in a process of its own."""
    site = bench.inputs.site()
    settings = {"backend": engine.backend, "precision": engine.precision, "max_batch": 4}
    request = {
        "camera": site.cameras[0].model_dump_json(),
        "detector": site.detector.model_copy(update=settings).model_dump_json(),
        "seconds": QUICK_SECONDS if bench.is_quick else SECONDS,
        "cases": cases,
    }
    return run_trial("engine", request)


def row_of(engine: Engine, case: dict[str, Any], time_ms: float | None, base_ms: float | None) -> Row:
    """Milliseconds per picture of the clock, all cores at work."""
    height, width = case["shape"]
    what = f"{engine.name}, {width}x{height}, batch {case['batch']}"
    if time_ms is None:
        return failed(PART, what, case["problem"])
    return Row(
        part=PART,
        what=what,
        ours=Measure(time_ms, "ms/picture"),
        other=None if base_ms is None else Measure(base_ms, "ms/picture"),
        against="" if engine == BASE else BASE.name,
        figure=None if base_ms is None else base_ms / time_ms,
        is_gated=False,
        details=case,
    )
