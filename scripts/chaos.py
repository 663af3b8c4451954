"""Count a video again and again while its processes are killed at random; every result must be that of a quiet run.

usage: scripts/chaos.py [--seeds 50] [--first 0] [VIDEO --model MODEL --line NAME=x1,y1,x2,y2 … (as for ``appliance count``)]

Without a video, the shared one of a real road is counted. Exit code 1 where any count differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.system.killing import Job, Kill, Outcome, run_disturbed, run_quietly  # noqa: E402  # from this checkout

PROCESSES = ("decode.video", "detect", "track.0", "count")
MOST_KILLS = 8
LONGEST_DELAY_S = 0.6  # a moment between two checkpoints, in the middle of anything
DATA = REPOSITORY.parent / "shared" / "data"
ROAD = (
    *(str(DATA / "videos" / "highway_two_way_720p.mp4"), "--model", str(DATA / "models" / "yolov8n_dynamic.onnx")),
    *("--line", "road=0,0.7,1,0.7", "--classes", "car,truck,bus", "--to", "735"),
)


def kills_of(seed: int, frames: int) -> list[Kill]:
    """Who is killed when: mostly one, sometimes several at the same moment, sometimes during the recovery from the last kill."""
    chance = random.Random(seed)
    moments = sorted(chance.choices(range(-1, frames), k=chance.randint(1, MOST_KILLS)))
    return [
        Kill(frame, tuple(chance.sample(PROCESSES, chance.choice((1, 1, 1, 2, 3, 4)))), chance.uniform(0, LONGEST_DELAY_S))
        for frame in moments
    ]


def difference(outcome: Outcome, quiet: Outcome) -> str:
    """What is not as in the quiet run; nothing where all is well."""
    if outcome.exit_code:
        return f"exit code {outcome.exit_code}: {outcome.stderr.splitlines()[-1]}"
    if len(outcome.event_ids) != len(set(outcome.event_ids)):
        return "events twice"
    if outcome.result["crossings"] != quiet.result["crossings"]:
        return f"{len(outcome.crossings)} crossings, some of them others"
    return "" if outcome.tracker == quiet.tracker else "the same crossings, but other tracks in the end"


def main() -> int:
    """Run all seeds; 1 where any of them counted differently."""
    parser = argparse.ArgumentParser(description="kill processes at random while a video is counted")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    options, words = parser.parse_known_args()
    console, job = Console(width=160), Job(tuple(words) or ROAD)
    with tempfile.TemporaryDirectory() as folder:
        quiet = run_quietly(job, Path(folder))
    frames = int(quiet.result["frames"])
    console.print(f"quiet: {frames} frames, {len(quiet.crossings)} crossings, {quiet.result['seconds']:.1f} s")
    table, failed = Table("seed", "result", "restarts", "slowest back", "seconds", "killed after frame"), 0
    for seed in range(options.first, options.first + options.seeds):
        kills = kills_of(seed, frames)
        with tempfile.TemporaryDirectory() as folder:
            outcome = run_disturbed(job, Path(folder), kills)
        wrong = difference(outcome, quiet)
        failed += bool(wrong)
        killed = ", ".join(f"{kill.frame} {'+'.join(kill.processes)}" for kill in kills)
        result = outcome.result
        back = f"{max(outcome.back_s, default=0.0):.2f} s"
        table.add_row(
            str(seed),
            wrong or "same",
            str(result.get("restarts")),
            back,
            str(result.get("seconds")),
            killed,
            end_section=bool(wrong),
        )
        console.print(f"seed {seed}: {wrong or 'same'}")
    console.print(table)
    console.print(f"{options.seeds - failed} of {options.seeds} seeds counted the same")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
