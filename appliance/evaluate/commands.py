"""``appliance evaluate``: counts against the truth, and the tracker against MOT sequences."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from appliance.errors import Refusal
from appliance.options import result_option
from appliance.results import refuse_targets, write_whole

if TYPE_CHECKING:
    from appliance.evaluate.mot_scores import MotScore

evaluate = typer.Typer(name="evaluate", no_args_is_help=True, rich_markup_mode=None, help="Compare results with the truth.")
console = Console()

SHORTEST_INTERVAL_S = 0.001
# Further apart it is not the same crossing.
LARGEST_TOLERANCE_S = 10.0

JsonOption = Annotated[Path | None, result_option("--json", "Write the result as JSON.")]


@evaluate.command()
def counts(  # noqa: PLR0913  # one parameter per option is how typer reads a command
    counted: Annotated[Path, typer.Argument(help="What 'appliance count' wrote with --json or --csv.")],
    truth: Annotated[Path, typer.Argument(help="The true crossings, JSON.")],
    interval_s: Annotated[float, typer.Option(help="The length of the intervals that volumes are compared in.")] = 60.0,
    tolerance_s: Annotated[float, typer.Option(help="The largest time between a crossing and its count.")] = 0.5,
    directions: Annotated[str, typer.Option(metavar="A=B[,…]", help="Words of the truth for directions.")] = "",
    classes: Annotated[str, typer.Option(metavar="A+B=C[,…]", help="Classes that count as one, on both sides.")] = "",
    first: Annotated[int, typer.Option("--from", metavar="FRAME", help="The first frame, from 0.")] = 0,
    last: Annotated[int | None, typer.Option("--to", metavar="FRAME", help="The last frame, counted too.")] = None,
    json_file: JsonOption = None,
    most_wmape: Annotated[float | None, typer.Option(metavar="SHARE", help="Fail where wMAPE is larger, as in 0.05.")] = None,
) -> None:
    """Compare counts with the truth: volumes by interval, and crossing by crossing."""
    from appliance.evaluate.count_files import read_counted, read_truth
    from appliance.evaluate.count_report import as_json, show
    from appliance.evaluate.count_trial import Reading, make_trial, translation
    from appliance.evaluate.counts import compare

    _refuse_outside("--interval-s", interval_s, SHORTEST_INTERVAL_S, 1e9)
    _refuse_outside("--tolerance-s", tolerance_s, 0.0, LARGEST_TOLERANCE_S)
    _refuse_outside("--most-wmape", most_wmape, 0.0, math.inf)
    reading = Reading(translation("--directions", directions), translation("--classes", classes), first, last)
    refuse_targets({"--json": json_file}, {str(counted): "the counts", str(truth): "the truth"})
    comparison = compare(make_trial(read_counted(counted), read_truth(truth), reading), interval_s, tolerance_s)
    show(comparison, console)
    _write_json({"counted": str(counted), "truth": str(truth), **as_json(comparison)}, json_file)
    if most_wmape is not None and comparison.wmape > most_wmape:
        raise Refusal(f"a wMAPE of at most {most_wmape:g} is wanted, found {comparison.wmape:.4g}")


@evaluate.command()
def mot(
    folder: Annotated[Path, typer.Argument(help="A folder with MOT sequences.")],
    sequences: Annotated[list[str] | None, typer.Argument(metavar="[SEQUENCE]...", help="All, if none is named.")] = None,
    json_file: JsonOption = None,
    least_hota: Annotated[float | None, typer.Option(help="Fail where a sequence is below, per cent, one decimal.")] = None,
    least_idf1: Annotated[float | None, typer.Option(help="Fail where a sequence is below, per cent, one decimal.")] = None,
) -> None:
    """Score the tracker with default settings on MOT sequences: HOTA, MOTA, IDF1, identity switches."""
    from appliance.evaluate import mot_scores

    _refuse_outside("--least-hota", least_hota, 0.0, 100.0)
    _refuse_outside("--least-idf1", least_idf1, 0.0, 100.0)
    refuse_targets({"--json": json_file}, {})
    scores = {}
    for name in dict.fromkeys(sequences or mot_scores.find_sequences(folder)):
        sequence = mot_scores.read_sequence(folder / name)
        scores[name] = mot_scores.score(sequence, mot_scores.run_tracker(sequence))
    console.print(_scores_table(scores))
    _write_json({"folder": str(folder), "sequences": {name: asdict(score) for name, score in scores.items()}}, json_file)
    _refuse_below("HOTA", least_hota, {name: score.hota for name, score in scores.items()})
    _refuse_below("IDF1", least_idf1, {name: score.idf1 for name, score in scores.items()})


def _scores_table(scores: dict[str, MotScore]) -> Table:
    table = Table("sequence", "HOTA", "MOTA", "IDF1", "identity switches")
    for name, score in scores.items():
        table.add_row(name, f"{score.hota:.1f}", f"{score.mota:.1f}", f"{score.idf1:.1f}", str(score.identity_switches))
    return table


def _refuse_below(what: str, least: float | None, found: dict[str, float]) -> None:
    """Fail where a sequence does not reach ``least``, as precisely as figures are shown and published: to one decimal."""
    below = [f"{value:.1f} on {name}" for name, value in found.items() if least is not None and round(value, 1) < least]
    if below:
        raise Refusal(f"{what} of at least {least:g} is wanted, found {', '.join(below)}")


def _refuse_outside(option: str, value: float | None, least: float, most: float) -> None:
    # Not a number is outside too.
    if value is not None and not least <= value <= most:
        upper = f" and at most {most:g}" if math.isfinite(most) else ""
        raise Refusal(f"{option} wants at least {least:g}{upper}, found {value:g}", usage=True)


def _write_json(content: dict[str, Any], path: Path | None) -> None:
    """Write it whole or not at all; into a pipe as it comes."""
    if path is None:
        return
    write_whole(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
