"""How much faster a version in INT8 is than the model that it was made from: in the network alone, and from file to counts.

usage: scripts/int8_speed.py VIDEO MODEL INT8 [--rounds 5] [--seconds 3] [--precision auto|f32|bf16]
                             [--instructions AVX512_CORE_VNNI] [--line NAME=x1,y1,x2,y2 …] [--classes car,truck,bus] [--to 735]

MODEL and INT8 are files, folders of versions, or names. They take turns, so that whatever hinders hinders both. CPU time is what
to judge by where others use the machine, too. ``--precision`` is what the original, and of INT8 the rest, calculates in;
``--instructions`` hides what the CPU has beyond them (oneDNN's ONEDNN_MAX_CPU_ISA). Exit code 1 where they count differently.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from appliance.bench.bench import Bench  # noqa: E402  # from this checkout
from appliance.bench.counting import Count, count_once  # noqa: E402
from appliance.bench.inputs import choose_inputs  # noqa: E402
from appliance.bench.machine import header  # noqa: E402
from appliance.bench.program import run_trial  # noqa: E402
from appliance.config import Precision, SiteSettings  # noqa: E402
from appliance.counting import CAMERA  # noqa: E402
from appliance.errors import Refusal  # noqa: E402

# A row of the table: what it is, its figure in a turn, and whether more is better.
Figure = tuple[str, Callable[["Turn"], float], bool]


@dataclass(frozen=True, slots=True)
class Turn:
    """One model in one round."""

    count: Count
    network_ms: float
    """CPU time per picture of the network in a plain loop."""

    @property
    def detect_ms(self) -> float:
        """CPU time per frame of the detector's process."""
        return self.count.cpu_ms["detect"]

    @property
    def other_ms(self) -> float:
        """Of all others."""
        return self.count.total_cpu_ms - self.detect_ms

    @property
    def counts(self) -> tuple[int, ...]:
        """Of each line, each way."""
        ways = self.count.result.totals().values()
        return tuple(way["total"] for line in ways for way in line.values())


FIGURES: tuple[Figure, ...] = (
    ("the network alone, CPU ms per picture", lambda turn: turn.network_ms, False),
    ("file to counts, CPU ms per frame", lambda turn: turn.count.total_cpu_ms, False),
    ("  of it the detector's process", lambda turn: turn.detect_ms, False),
    ("  of it decoding, tracking, counting", lambda turn: turn.other_ms, False),
    ("file to counts, frames per second", lambda turn: turn.count.rate, True),
)


def turn_of(bench: Bench, site: SiteSettings, seconds: float) -> Turn:
    """Count the video, then have the network work alone for so long."""
    count = count_once(bench, site)
    model, source = count.result.work.model, count.result.work.sources[CAMERA]
    # Something was counted.
    assert model is not None
    request = {
        "camera": site.cameras[0].model_dump_json(),
        "detector": site.detector.model_dump_json(),
        "seconds": seconds,
        "cases": [{"shape": model.rule.shape_for(source.width, source.height), "batch": 1}],
    }
    (alone,) = run_trial("engine", request)["cases"]
    if "problem" in alone:
        raise Refusal(alone["problem"])
    return Turn(count, 1e3 * alone["cpu_s"] / alone["pictures"])


def table_of(before: Sequence[Turn], after: Sequence[Turn]) -> Table:
    """Medians, and how many times as fast; of the rounds the least and the most."""
    table = Table("median of the rounds", "original", "INT8", "times as fast", "in the rounds")
    for name, figure, is_rate in FIGURES:
        pairs = [(figure(one), figure(other)) for one, other in zip(before, after)]
        old, new = (median(values) for values in zip(*pairs))
        ratios = [other / one if is_rate else one / other for one, other in pairs]
        ratio = new / old if is_rate else old / new
        table.add_row(name, f"{old:.2f}", f"{new:.2f}", f"{ratio:.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}")
    return table


def measure(options: argparse.Namespace, console: Console, folder: Path) -> bool:
    """Whether both count the same."""
    bench, sites = None, []
    for model in (options.model, options.int8):
        inputs = choose_inputs(options.video, model, None, options.line, options.classes, options.to, folder)
        bench = Bench(inputs, None, False, folder, console.print)
        site = inputs.job()
        detector = site.detector.model_copy(update={"precision": Precision(options.precision)})
        sites.append(site.model_copy(update={"detector": detector}))
    assert bench is not None
    rounds: list[list[Turn]] = []
    for number in range(options.rounds):
        rounds.append([turn_of(bench, site, options.seconds) for site in sites])
        words = "; ".join(f"{turn.count.rate:.1f} frames/s, {turn.count.total_cpu_ms:.1f} CPU ms" for turn in rounds[-1])
        console.print(f"round {number + 1}: {words}; load {os.getloadavg()[0]:.1f}")
    before, after = zip(*rounds)
    console.print(table_of(before, after))
    counts = [sorted({turn.counts for turn in turns}) for turns in (before, after)]
    console.print(f"{before[0].count.result.work.model.backend}; counts: {counts[0]}, INT8 {counts[1]}")
    return counts[0] == counts[1]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("video", "model", "int8"):
        parser.add_argument(name)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of the network alone")
    parser.add_argument("--precision", choices=[each.value for each in Precision], default="auto")
    parser.add_argument("--instructions", default="")
    parser.add_argument("--line", action="append", default=[])
    parser.add_argument("--classes", default="")
    parser.add_argument("--to", type=int)
    options = parser.parse_args(words)
    if options.instructions:
        os.environ["ONEDNN_MAX_CPU_ISA"] = options.instructions
    console = Console(width=120)
    console.print(", ".join(f"{name} {value}" for name, value in header().items()), options.instructions, highlight=False)
    try:
        with tempfile.TemporaryDirectory(prefix="appliance-int8-") as folder:
            return 0 if measure(options, console, Path(folder)) else 1
    except Refusal as refusal:
        sys.exit(f"int8_speed: {refusal.sentence}")


if __name__ == "__main__":
    sys.exit(main())
