"""Count the demo's street for many seeds; every line's totals must be the true ones.

usage: scripts/demo_seeds.py [--seeds 20] [--first 1] [--most-wrong 1] [option of ``appliance demo`` …]

Exit code 1 where more seeds than allowed are wrong, or one is wrong by more than one crossing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
LONGEST_S = 600


@dataclass(frozen=True, slots=True)
class Street:
    """What one seed came to; ``error`` adds up what is too many or too few, over lines and directions."""

    seed: int
    conditions: str
    truth: int
    error: int
    other_class: int
    frames_per_second: float
    faults: str


def main() -> None:
    """Count, compare, and tell."""
    parser = argparse.ArgumentParser(description="count the demo's street for many seeds")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--most-wrong", type=int, default=1)
    wanted, more = parser.parse_known_args()
    streets = []
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        streets.append(street(seed, more))
        print(f"seed {seed}: {'true' if streets[-1].error == 0 else streets[-1].faults}", flush=True)  # noqa: T201  # for people
    wrong = [one for one in streets if one.error]
    Console().print(table_of(streets))
    if len(wrong) > wanted.most_wrong or any(one.error > 1 for one in wrong):
        sys.exit(f"{len(wrong)} of {len(streets)} seeds wrong")


def street(seed: int, options: list[str]) -> Street:
    """One seed's street, counted as fast as it goes."""
    with tempfile.TemporaryDirectory(prefix="demo-seeds-") as folder:
        file = Path(folder) / "a.json"
        words = ("demo", "--fast", "--seed", str(seed), "--json", str(file), *options)
        done = subprocess.run(
            [sys.executable, "-m", "appliance", *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        if not file.exists():
            sys.exit(f"seed {seed}: {done.stderr.strip()}")
        return compared(seed, json.loads(file.read_text(encoding="utf-8")))


def compared(seed: int, outcome: dict[str, Any]) -> Street:
    """Totals by line and direction, and classes within them."""
    truth, counted = (Counter(map(movement, side["crossings"])) for side in (outcome["truth"], outcome))
    off = {key: counted[key] - truth[key] for key in truth | counted if counted[key] != truth[key]}
    classes = [Counter((*movement(one), one["class"]) for one in side["crossings"]) for side in (outcome["truth"], outcome)]
    conditions = f"{outcome['truth']['light']}{', rain' if outcome['truth']['rain'] else ''}"
    error = sum(map(abs, off.values()))
    other_class = max(0, sum((classes[0] - classes[1]).values()) - error)
    faults = ", ".join(f"{line} {direction} {number:+d}" for (line, direction), number in off.items())
    return Street(seed, conditions, sum(truth.values()), error, other_class, outcome["frames_per_second"], faults)


def movement(crossing: dict[str, Any]) -> tuple[str, str]:
    """Line and direction."""
    return crossing["line"], crossing["direction"]


def table_of(streets: list[Street]) -> Table:
    """For people."""
    table = Table("seed", "conditions", "true crossings", "error", "other class", "frames/s", "where")
    for one in streets:
        values = (one.seed, one.conditions, one.truth, one.error, one.other_class, one.frames_per_second, one.faults)
        table.add_row(*map(str, values))
    right = sum(one.error == 0 for one in streets)
    table.add_row(
        f"{right} of {len(streets)}", "", str(sum(one.truth for one in streets)), str(sum(one.error for one in streets))
    )
    return table


if __name__ == "__main__":
    main()
