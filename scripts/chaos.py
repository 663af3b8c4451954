"""Count a video again and again while its processes are killed at random; every count must be that of a quiet run.

usage: scripts/chaos.py [--seeds 50] [--first 0] VIDEO --model MODEL --line NAME=x1,y1,x2,y2 … (as for ``appliance count``)
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from rich.console import Console

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.system.killing import Job, Kill, Outcome, run_disturbed, run_quietly  # noqa: E402  # from this checkout

PROCESSES = ("decode.video", "detect", "track.0", "count")
MOST_KILLS = 8


def kills_of(seed: int, frames: int) -> list[Kill]:
    """Who is killed when: mostly one, sometimes several at the same moment."""
    chance = random.Random(seed)
    moments = sorted(chance.sample(range(frames), chance.randint(1, min(MOST_KILLS, frames))))
    return [Kill(frame, tuple(chance.sample(PROCESSES, chance.choice((1, 1, 1, 2, 3, 4))))) for frame in moments]


def is_the_same(outcome: Outcome, quiet: Outcome) -> bool:
    """Whether a disturbed run came to the same end."""
    doubled = len(outcome.event_ids) != len(set(outcome.event_ids))
    return outcome.exit_code == 0 and not doubled and sorted(outcome.crossings) == sorted(quiet.crossings)


def main() -> int:
    """Run all seeds; 1 where any of them counted differently."""
    parser = argparse.ArgumentParser(description="kill processes at random while a video is counted")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    options, words = parser.parse_known_args()
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        quiet = run_quietly(Job(tuple(words), 0), Path(folder))
    frames = int(quiet.result["frames"])
    console.print(f"quiet: {frames} frames, {len(quiet.crossings)} crossings")
    failed = 0
    for seed in range(options.first, options.first + options.seeds):
        kills = kills_of(seed, frames)
        with tempfile.TemporaryDirectory() as folder:
            outcome = run_disturbed(Job(tuple(words), frames), Path(folder), kills)
        same = is_the_same(outcome, quiet)
        failed += not same
        slowest_s = max(outcome.back_s, default=0.0)
        killed = " ".join(f"{kill.frame}:{'+'.join(kill.processes)}" for kill in kills)
        console.print(f"seed {seed}: {'same' if same else 'DIFFERENT'}, back within {slowest_s:.2f} s, killed {killed}")
    console.print(f"{options.seeds - failed} of {options.seeds} seeds counted the same")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
