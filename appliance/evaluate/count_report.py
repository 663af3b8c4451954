"""A comparison of counts, for machines and for people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from appliance.evaluate.counts import Comparison, MovementScore, Volume
from appliance.evaluate.crossings import Crossing

# That people read; the JSON has all.
MOST_LINES = 20


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison for machines; a wMAPE is null where something was counted and there truly was nothing."""
    return {
        "observed_s": comparison.trial.observed_s,
        "interval_s": comparison.interval_s,
        "tolerance_s": comparison.tolerance_s,
        "wmape": _finite(comparison.wmape),
        "wmape_by_class": _finite(comparison.wmape_by_class),
        "movements": [_movement_as_json(score) for score in comparison.movements],
        "intervals": [
            {"start_s": start_s, "line": line, "direction": direction, "class": class_name, **_volume_as_json(volume)}
            for (start_s, line, direction, class_name), volume in comparison.cells.items()
        ],
        "notes": list(comparison.trial.notes),
    }


def _movement_as_json(score: MovementScore) -> dict[str, Any]:
    return {
        "line": score.line,
        "direction": score.direction,
        **_volume_as_json(score.volume),
        "classes": {name: _volume_as_json(volume) for name, volume in score.classes.items()},
        "geh": score.geh,
        "matched": len(score.matching.pairs),
        "missing": [_crossing_as_json(crossing) for crossing in score.matching.missing],
        "extra": [_crossing_as_json(crossing) for crossing in score.matching.extra],
        "other_class": score.matching.other_class,
        "median_time_error_s": score.matching.median_time_error_s,
        "largest_time_error_s": score.matching.largest_time_error_s,
    }


def _volume_as_json(volume: Volume) -> dict[str, int]:
    return {"truth": volume.truth, "counted": volume.counted, "error": volume.error}


def _crossing_as_json(crossing: Crossing) -> dict[str, Any]:
    return {"class": crossing.class_name, "frame": crossing.frame, "pts_s": round(crossing.time_s, 4)}


def _finite(share: float) -> float | None:
    return share if math.isfinite(share) else None


def show(comparison: Comparison, console: Console) -> None:
    """The comparison for people: movements, intervals with an error, and what was missed or made up."""
    console.print(_volumes_table(comparison), markup=False)
    console.print(_matching_table(comparison), markup=False)
    wrong = {cell: volume for cell, volume in comparison.cells.items() if volume.error}
    if wrong:
        table = Table("from s", "line", "direction", "class", "truth", "counted", "error", title="intervals with an error")
        for (start_s, *names), volume in list(wrong.items())[:MOST_LINES]:
            table.add_row(f"{start_s:g}", *names, *_volume_in_words(volume))
        console.print(table, markup=False)
    sentences = list(_single_faults(comparison))
    for sentence in [*sentences[:MOST_LINES], *comparison.trial.notes]:
        console.print(sentence, markup=False, highlight=False)
    left_out = max(0, len(wrong) - MOST_LINES) + max(0, len(sentences) - MOST_LINES)
    if left_out:
        console.print(f"and {left_out} more; --json has them all")


def _volumes_table(comparison: Comparison) -> Table:
    wmapes = f"wMAPE {_in_per_cent(comparison.wmape)}, by class {_in_per_cent(comparison.wmape_by_class)}"
    title = f"{wmapes}; {comparison.trial.observed_s:g} s in intervals of {comparison.interval_s:g} s"
    table = Table("line", "direction", "truth", "counted", "error", "GEH", title=title)
    for score in comparison.movements:
        table.add_row(score.line, score.direction, *_volume_in_words(score.volume), f"{score.geh:.1f}")
    return table


def _matching_table(comparison: Comparison) -> Table:
    titles = ("line", "direction", "matched", "missing", "extra", "other class", "median s", "most s")
    table = Table(*titles, title=f"crossings within {comparison.tolerance_s:g} s, and how far apart they are")
    for score in comparison.movements:
        found = score.matching
        numbers = (len(found.pairs), len(found.missing), len(found.extra), found.other_class)
        times = (found.median_time_error_s, found.largest_time_error_s)
        words = [*map(str, numbers), *("-" if time is None else f"{time:.3f}" for time in times)]
        table.add_row(score.line, score.direction, *words)
    return table


def _volume_in_words(volume: Volume) -> tuple[str, str, str]:
    return str(volume.truth), str(volume.counted), f"{volume.error:+d}" if volume.error else "0"


def _single_faults(comparison: Comparison) -> Iterator[str]:
    for score in comparison.movements:
        for fault, crossings in (("missing", score.matching.missing), ("extra", score.matching.extra)):
            for one in crossings:
                yield f"{fault}: {one.class_name}, {one.line} {one.direction}, frame {one.frame:g} ({one.time_s:.2f} s)"


def _in_per_cent(share: float) -> str:
    return f"{share:.1%}" if math.isfinite(share) else "infinite"
