"""What came of two models on one video, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from appliance.clock import NS_PER_S
from appliance.evaluate.count_files import Counted, Truth
from appliance.evaluate.count_report import as_json as comparison_as_json
from appliance.evaluate.count_trial import Reading, make_trial
from appliance.evaluate.counts import Comparison, compare
from appliance.evaluate.two_models import Contest, Side

INTERVAL_S, TOLERANCE_S = 60.0, 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """The two, and each of them against the truth where that is known."""

    contest: Contest
    against_truth: tuple[Comparison, Comparison] | None


def judged(contest: Contest, truth: Truth | None, reading: Reading) -> Verdict:
    """Compare both with the truth, as ``appliance evaluate counts`` does."""
    if truth is None:
        return Verdict(contest, None)
    first, second = (
        compare(make_trial(_counted(contest, side), truth, reading), INTERVAL_S, TOLERANCE_S) for side in contest.sides
    )
    return Verdict(contest, (first, second))


def _counted(contest: Contest, side: Side) -> Counted:
    rows = [
        {
            "line": each.line,
            "direction": each.direction,
            "class": each.class_name,
            "frame": each.frame,
            "pts_s": each.time_ns / NS_PER_S,
        }
        for each in side.crossings
    ]
    first = contest.camera.first_frame
    return Counted.model_validate({"frames": contest.frames + first, "lines": contest.counts(side), "crossings": rows})


def as_json(verdict: Verdict, video: Path) -> dict[str, Any]:
    """All of it, for machines."""
    contest, agreement = verdict.contest, verdict.contest.agreement
    sides: list[dict[str, Any]] = []
    for place, side in enumerate(contest.sides):
        sides.append(
            {
                "model": side.label,
                "backend": side.network.info.backend,
                "lines": contest.counts(side),
                "p50_ms": round(side.paces.percentile_ms(50), 3),
                "p99_ms": round(side.paces.percentile_ms(99), 3),
            }
        )
        if verdict.against_truth is not None:
            sides[-1]["against_truth"] = comparison_as_json(verdict.against_truth[place])
    return {
        "video": str(video),
        "frames": contest.frames,
        "models": sides,
        "agreement": {
            "f1": round(agreement.f1, 4),
            "boxes": agreement.boxes,
            "classes": {
                contest.names[class_id]: {"both": both, "only_first": first, "only_second": second}
                for class_id, (both, first, second) in sorted(agreement.classes.items())
            },
        },
        "most_different_frame": None if contest.worst is None else contest.worst.frame,
    }


def show(verdict: Verdict, console: Console) -> None:
    """For people."""
    console.print(_counts_table(verdict), markup=False)
    console.print(_boxes_table(verdict.contest), markup=False)
    one, other = verdict.contest.sides
    times = one.paces.percentile_ms(50) / (other.paces.percentile_ms(50) or 1)
    for side in (one, other):
        pace = f"{side.paces.percentile_ms(50):.2f} ms for a picture, p99 {side.paces.percentile_ms(99):.2f} ms"
        console.print(f"{side.label}: {pace}, {side.network.info.backend}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"{other.label} is {times:.2f} times as fast as {one.label}", markup=False, highlight=False, soft_wrap=True)
    if verdict.against_truth is not None:
        for note in verdict.against_truth[0].trial.notes:
            console.print(note, markup=False, highlight=False)


def _counts_table(verdict: Verdict) -> Table:
    contest, truths = verdict.contest, verdict.against_truth
    one, other = contest.sides
    table = Table("line", "direction", one.label, other.label, "difference", title=f"counts in {contest.frames} frames")
    if truths is not None:
        for title in ("truth", f"{one.label} missing, extra", f"{other.label} missing, extra"):
            table.add_column(title)
    theirs = contest.counts(other)
    for line, ways in contest.counts(one).items():
        for way, counts in ways.items():
            found = counts["total"], theirs[line][way]["total"]
            cells = [line, way, str(found[0]), str(found[1]), f"{found[1] - found[0]:+d}" if found[0] != found[1] else "0"]
            table.add_row(*cells, *(_truth_cells(truths, line, way) if truths is not None else ()))
    return table


def _truth_cells(truths: tuple[Comparison, Comparison], line: str, way: str) -> list[str]:
    cells: list[str] = []
    for comparison in truths:
        for score in comparison.movements:
            if (score.line, score.direction) == (line, way):
                cells = cells or [str(score.volume.truth)]
                cells.append(f"{len(score.matching.missing)}, {len(score.matching.extra)}")
    return cells or ["not known", "", ""]


def _boxes_table(contest: Contest) -> Table:
    agreement, (one, other) = contest.agreement, contest.sides
    title = f"boxes: F1 {agreement.f1:.4f} over {agreement.boxes}, IoU of 0.5, same class"
    table = Table("class", "both", f"only {one.label}", f"only {other.label}", "F1", title=title)
    for class_id, (both, first, second) in sorted(agreement.classes.items()):
        total = 2 * both + first + second
        table.add_row(contest.names[class_id], str(both), str(first), str(second), f"{2 * both / total:.3f}" if total else "")
    return table
