"""Part ``counting``: a file to counts, against ultralytics' ``track``, and against the limit that decoding and detecting set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from appliance.bench.bench import Bench, median_of
from appliance.bench.gauge import Gauge
from appliance.bench.machine import core_count
from appliance.bench.peers import ask_peer
from appliance.bench.program import run_trial
from appliance.bench.row import Measure, Row, Target
from appliance.config import SiteSettings
from appliance.counting import CAMERA, CountResult, count_video, job_ledger
from appliance.errors import Refusal

PART = "counting"
WHAT = "file to counts"
FASTER_THAN_PEER = Target(least=4)
SHARE_OF_LIMIT = Target(least=90)
# Of the peer; 0: as it comes.
THREADS = (0, core_count())
ROUNDS, ENGINE_S = 3, 4.0
QUICK_ROUNDS, QUICK_ENGINE_S, QUICK_LAST_FRAME = 1, 1.0, 149

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Count:
    """One count of the video."""

    result: CountResult
    cpu_ms: dict[str, float]
    """CPU time per frame by kind of process, without its start."""

    @property
    def rate(self) -> float:
        """Frames per second, from the moment when the model is loaded."""
        return self.result.frames / self.result.work.seconds

    @property
    def total_cpu_ms(self) -> float:
        """Of all processes, per frame."""
        return sum(self.cpu_ms.values())


@dataclass(frozen=True, slots=True)
class Limit:
    """What decoding and detecting alone cost, in CPU time per frame."""

    decode_ms: float
    detect_ms: float

    @property
    def cpu_ms(self) -> float:
        """Of both."""
        return self.decode_ms + self.detect_ms

    @property
    def rate(self) -> float:
        """The frames per second that the cores then allow."""
        return 1e3 * core_count() / self.cpu_ms

    def in_words(self) -> str:
        """For people."""
        return f"{self.decode_ms:.2f} ms decoding + {self.detect_ms:.2f} ms detecting"


def measure(bench: Bench) -> Iterator[Row]:
    """Our frames per second, and one row for each thing that they are compared with.

    Everything is measured in every round, so that a machine that is disturbed for a while disturbs both sides.
    """
    site = bench.inputs.job(QUICK_LAST_FRAME if bench.is_quick else None)
    counts, limits, theirs = list[Count](), list[Limit](), {threads: list[Answer]() for threads in THREADS}
    for number in range(QUICK_ROUNDS if bench.is_quick else ROUNDS):
        counts.append(count_once(bench, site))
        limits.append(limit_of(bench, counts[-1].result))
        stages = ", ".join(f"{stage} {time_ms:.2f}" for stage, time_ms in counts[-1].cpu_ms.items())
        bench.say(f"round {number + 1}: {counts[-1].rate:.1f} frames/s; CPU ms/frame {stages}; alone {limits[-1].in_words()}")
        for threads, answers in theirs.items():
            answers.append(ask_ultralytics(bench, site.cameras[0].last_frame, threads))
    middle: Count = median_of(counts, lambda count: count.rate)
    limit: Limit = median_of(limits, lambda limit: limit.rate)
    yield against_limit(middle, limit, [count.rate for count in counts])
    yield overhead(median_of(counts, lambda count: count.total_cpu_ms), limit)
    for threads, answers in theirs.items():
        yield against_ultralytics(middle, threads, answers)


def count_once(bench: Bench, site: SiteSettings) -> Count:
    """Count the video, whole or not at all."""
    gauge = Gauge(reads_memory=False)
    with job_ledger(None, bench.folder) as ledger:
        result = count_video(site, ledger, gauge.watch)
    if result.work.stopped:
        raise KeyboardInterrupt
    if result.problem or not result.frames:
        raise Refusal(result.problem or "no frame was counted")
    cpu_ns = gauge.cpu_ns_by_stage(result.work.work)
    return Count(result, {stage: time_ns / 1e6 / result.frames for stage, time_ns in cpu_ns.items()})


def limit_of(bench: Bench, result: CountResult) -> Limit:
    """Decode the same frames, and detect in the same pictures, each with nothing else running."""
    camera, model, source = result.site.cameras[0], result.work.model, result.work.sources[CAMERA]
    # Something was counted.
    assert model is not None
    shape = model.rule.shape_for(source.width, source.height)
    decoding = run_trial("decoding", {"camera": camera.model_dump_json(), "shape": shape})
    request = {
        "camera": camera.model_dump_json(),
        "detector": result.site.detector.model_dump_json(),
        "seconds": QUICK_ENGINE_S if bench.is_quick else ENGINE_S,
        "cases": [{"shape": shape, "batch": 1}],
    }
    (detecting,) = run_trial("engine", request)["cases"]
    if "problem" in detecting:
        raise Refusal(detecting["problem"])
    return Limit(1e3 * decoding["cpu_s"] / decoding["frames"], 1e3 * detecting["cpu_s"] / detecting["pictures"])


def against_limit(count: Count, limit: Limit, rates: list[float]) -> Row:
    """The share of the limit that is reached."""
    return Row(
        part=PART,
        what=WHAT,
        ours=Measure(count.rate, "frames/s"),
        other=Measure(limit.rate, "frames/s"),
        against=f"the limit: {core_count()} cores / ({limit.in_words()})",
        figure=100 * count.rate / limit.rate,
        unit="% of the limit",
        target=SHARE_OF_LIMIT,
        is_gated=False,
        details={"rates": rates, "totals": count.result.totals()},
    )


def overhead(count: Count, limit: Limit) -> Row:
    """The same in CPU time, which says where the rest goes, and does not hang on who else is busy."""
    return Row(
        part=PART,
        what=f"{WHAT}, CPU",
        ours=Measure(count.total_cpu_ms, "ms/frame"),
        other=Measure(limit.cpu_ms, "ms/frame"),
        against="decoding and detecting alone",
        figure=100 * limit.cpu_ms / count.total_cpu_ms,
        unit="% is decoding and detecting",
        target=SHARE_OF_LIMIT,
        details={"by_process": count.cpu_ms},
    )


def against_ultralytics(count: Count, threads: int, answers: list[Answer]) -> Row:
    """How many times as fast we are with the same weights."""
    runs = [answer for answer in answers if "frames" in answer]
    theirs: Answer = median_of(runs, peer_rate) if runs else answers[0]
    rate = peer_rate(theirs) if runs else None
    name = f"with {threads} threads" if threads else "as it comes"
    return Row(
        part=PART,
        what=WHAT,
        ours=Measure(count.rate, "frames/s"),
        other=None if rate is None else Measure(rate, "frames/s"),
        against=" ".join(filter(None, ("ultralytics", theirs.get("version"), "track", name))),
        figure=None if rate is None else count.rate / rate,
        target=None if threads else FASTER_THAN_PEER,
        note=str(theirs.get("reason", "")),
        details={"runs": answers},
    )


def peer_rate(answer: Answer) -> float:
    """Frames per second."""
    return float(answer["frames"] / answer["seconds"])


def ask_ultralytics(bench: Bench, last_frame: int | None, threads: int) -> Answer:
    """Its answer for the same frames, or the ``reason`` why there is none."""
    if bench.inputs.weights is None and bench.peers_python is not None:
        return {"reason": "not asked (--weights names its .pt file)"}
    request = {
        "video": os.path.abspath(bench.inputs.video),
        "weights": os.path.abspath(str(bench.inputs.weights)),
        "classes": bench.inputs.classes,
        "last_frame": last_frame,
        "threads": threads,
    }
    try:
        return ask_peer(bench, "track_video", request)
    except Refusal as refusal:
        return {"reason": refusal.sentence}
