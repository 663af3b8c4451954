"""Count a video again and again while its processes are killed at random; every result must be that of a quiet run.

usage: scripts/chaos.py [--seeds 50] [--first 0] [VIDEO --model MODEL --line NAME=x1,y1,x2,y2 … (as for ``appliance count``)]
       scripts/chaos.py --scene 82 [--seeds 10] [--first 0]
       scripts/chaos.py --scene 82 --live [--kills 50] [--seeds 10] [--first 0]

Without a video, the shared one of a real road is counted. With ``--scene`` it is the synthetic street of that seed, and every
result must be the truth, too. With ``--live`` the street is a camera: what is missing then must lie in a gap of the coverage.
Exit code 1 where any count differs.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.scene.truth import Truth  # noqa: E402  # from this checkout
from tests.system.killing import Job, Kill, Outcome, run_disturbed, run_quietly  # noqa: E402
from tests.system.live_chaos import run_chaos, write_street  # noqa: E402

PROCESSES = ("decode.video", "detect", "track.0", "count")
MOST_KILLS = 8
LONGEST_DELAY_S = 0.6  # a moment between two checkpoints, in the middle of anything
STREET_S = 45.0
# From one death to the next, of a camera's machine.
BETWEEN_S = (3.0, 6.0)
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


def untruth(outcome: Outcome, truth: Truth) -> str:
    """Where a count is not the truth; nothing where it is, in every line, direction and class."""
    true = Counter((one.line, one.direction, one.class_name) for one in truth.crossings)
    found = Counter((one["line"], one["direction"], one["class"]) for one in outcome.result["crossings"])
    return "" if true == found else f"not the truth: missing {dict(true - found)}, extra {dict(found - true)}"


def of_scene(clip: Path, truth: Truth) -> Job:
    """How a street is counted."""
    lines = [line.as_settings() for line in truth.lines]
    return Job((str(clip), "--model", "demo", "--line", "any=0,0.5,1,0.5", f"--set=cameras.0.lines={json.dumps(lines)}"))


def main() -> int:
    """Run all seeds; 1 where any of them counted differently."""
    parser = argparse.ArgumentParser(description="kill processes at random while a video is counted")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--scene", type=int)
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--kills", type=int, default=50)
    options, words = parser.parse_known_args()
    seeds = range(options.first, options.first + options.seeds)
    if options.scene is None:
        return chaos(Job(tuple(words) or ROAD), seeds)
    with tempfile.TemporaryDirectory() as folder:
        clip, truth = write_street(Path(folder), options.scene, STREET_S)
        return live_chaos(clip, truth, seeds, options.kills) if options.live else chaos(of_scene(clip, truth), seeds, truth)


def live_chaos(clip: Path, truth: Truth, seeds: range, kills: int) -> int:
    """The street as a camera."""
    failed = 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            found = run_chaos(Path(folder), clip, truth, seed, kills, BETWEEN_S)
        wrong = found.missing or found.extra
        failed += bool(wrong)
        blind_s, by_decoder = sum(gap[0] for gap in found.gaps_s), sum("decoder" in gap[1] for gap in found.gaps_s)
        print(  # noqa: T201  # for people
            f"seed {seed}: {found.restarts} kills; {found.true} true, {found.counted} counted, {len(found.blind)} in gaps;"
            f" {len(found.gaps_s)} gaps of {blind_s:.1f} s, {by_decoder} its decoder's; unexplained: {wrong or 'none'}",
            *found.blind,
            sep="\n  missing: ",
            flush=True,
        )
    return 1 if failed else 0


def chaos(job: Job, seeds: range, truth: Truth | None = None) -> int:
    """A file, again and again."""
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as folder:
        quiet = run_quietly(job, Path(folder))
    frames = int(quiet.result["frames"])
    console.print(f"quiet: {frames} frames, {len(quiet.crossings)} crossings, {quiet.result['seconds']:.1f} s")
    table, failed = Table("seed", "result", "restarts", "slowest back", "seconds", "killed after frame"), 0
    for seed in seeds:
        kills = kills_of(seed, frames)
        with tempfile.TemporaryDirectory() as folder:
            outcome = run_disturbed(job, Path(folder), kills)
        wrong = difference(outcome, quiet) or (untruth(outcome, truth) if truth is not None else "")
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
    console.print(f"{len(seeds) - failed} of {len(seeds)} seeds counted the same")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
