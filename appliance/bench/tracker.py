"""Part ``tracker``: the time of one update, ours and the peers' BoT-SORT, on the same boxes, each on one core with one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from appliance.bench.bench import Bench
from appliance.bench.peers import ask_peer
from appliance.bench.program import ONE_THREAD, run_trial
from appliance.bench.row import Measure, Row, Target
from appliance.boxes import Floats
from appliance.errors import Refusal

PART = "tracker"
PEERS = {"ultralytics": "tracker_ultralytics", "trackers": "tracker_trackers"}
TARGETS = {10: Target(least=4), 50: Target(least=10), 100: Target(least=10), 200: Target(least=10)}
WIDTH_PX, HEIGHT_PX = 1920, 1080
FRAMES, WARM_UP, ROUNDS = 300, 50, 3
QUICK_FRAMES, QUICK_WARM_UP, QUICK_ROUNDS = 100, 30, 1
# Of the objects in the last frame; a tracker that loses them has less to do.
LEAST_TRACKED = 0.9
SEED = 20

Answer = dict[str, Any]


def measure(bench: Bench) -> Iterator[Row]:
    """A row for each number of objects and each peer; all take turns, and of each the least disturbed round counts."""
    frames, warm_up = (QUICK_FRAMES, QUICK_WARM_UP) if bench.is_quick else (FRAMES, WARM_UP)
    request = {"scenes": str(write_scenes(bench.folder / "scenes.npz", frames)), "warm_up": warm_up}
    ours, theirs = list[Answer](), {peer: list[Answer]() for peer in PEERS}
    for number in range(QUICK_ROUNDS if bench.is_quick else ROUNDS):
        bench.say(f"round {number + 1}")
        ours.append(run_trial("tracker", request, ONE_THREAD))
        for peer, program in PEERS.items():
            theirs[peer].append(answer_of(bench, program, request))
    for peer, answers in theirs.items():
        for objects, target in TARGETS.items():
            yield row_of(objects, target, ours, peer, answers)


def answer_of(bench: Bench, program: str, request: Answer) -> Answer:
    """What a peer says, or the ``reason`` why he says nothing."""
    try:
        return ask_peer(bench, program, request, ONE_THREAD)
    except Refusal as refusal:
        return {"reason": refusal.sentence}


def least_disturbed(answers: list[Answer], objects: int) -> dict[str, float] | None:
    """The round with the smallest median; nothing where there is no answer at all."""
    rounds = [answer["times"][str(objects)] for answer in answers if "times" in answer]
    return min(rounds, key=lambda times: float(times["median_ms"]), default=None)


def row_of(objects: int, target: Target, ours: list[Answer], peer: str, theirs: list[Answer]) -> Row:
    """Our update against that of a peer."""
    own, other = least_disturbed(ours, objects), least_disturbed(theirs, objects)
    # Without an answer of ours there are no rows.
    assert own is not None
    note = str(theirs[0].get("reason", ""))
    if other is not None and other["rows"] < LEAST_TRACKED * objects:
        note = f"it tracked only {other['rows']:.0f} of them"
    return Row(
        part=PART,
        what=f"update with {objects} objects",
        ours=time_in(own),
        other=None if other is None else time_in(other),
        against=" ".join(filter(None, (peer, theirs[0].get("version"), "BoT-SORT"))),
        figure=None if other is None else other["median_ms"] / own["median_ms"],
        target=target,
        note=note,
        details={"ours": own, "other": other},
    )


def time_in(times: dict[str, float]) -> Measure:
    """Median and p95 of an update."""
    return Measure(times["median_ms"], "ms", times["p95_ms"], "p95")


def write_scenes(path: Path, frames: int) -> Path:
    """All scenes in one file, by number of objects."""
    np.savez(path, allow_pickle=False, **{str(objects): scene(objects, frames) for objects in TARGETS})
    return path


def scene(objects: int, frames: int) -> Floats:
    """Objects of about 60x120 px on straight ways inside the picture, (frames, objects, 5): corners in px and score.

    Every object is seen in every frame, with Gaussian noise of 2 px on each edge, and the rows of a frame are shuffled: this
    measures the time of an update, not how well it follows.
    """
    chance = np.random.default_rng((SEED, objects))
    halves = np.array([30.0, 60.0]) * chance.uniform(0.85, 1.15, (objects, 2))
    low, high = halves + 10, np.array([WIDTH_PX, HEIGHT_PX]) - halves - 10
    start, end = chance.uniform(low, high), chance.uniform(low, high)
    share = np.linspace(0, 1, frames)[:, None, None]
    centres = start + (end - start) * share
    corners = np.concatenate([centres - halves, centres + halves], axis=2) + chance.normal(0, 2, (frames, objects, 4))
    scores = np.broadcast_to(chance.uniform(0.8, 0.95, (objects, 1)), (frames, objects, 1))
    order = chance.permuted(np.tile(np.arange(objects), (frames, 1)), axis=1)
    out: Floats = np.take_along_axis(np.concatenate([corners, scores], axis=2), order[:, :, None], axis=1).astype(np.float32)
    return out
