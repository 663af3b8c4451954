"""``appliance count``: one video, some lines, the true counts."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.config import SiteSettings
from appliance.count.ledger import CrossingRecord, Ledger
from appliance.messages import Beat
from appliance.running import Work, new_run_id, run_site
from appliance.supervise.supervisor import Supervisor

CAMERA = "video"


@dataclass(frozen=True, slots=True)
class CountResult:
    """What was counted in a video, and how the machine did it."""

    site: SiteSettings
    work: Work
    crossings: list[CrossingRecord]

    @property
    def frames(self) -> int:
        """Frames counted; those that a restart made it do again are in it once."""
        return self._last_frame + 1 - self.site.cameras[0].first_frame

    _last_frame: int = -1

    @property
    def problem(self) -> str:
        """The sentence of what went wrong; empty where nothing did."""
        return next(iter(self.work.problems.values()), "")

    def totals(self) -> dict[str, dict[str, dict[str, int]]]:
        """By line, direction and class, with the total of each direction."""
        totals = {
            line.name: {line.directions.forward: {"total": 0}, line.directions.backward: {"total": 0}}
            for line in self.site.cameras[0].lines
        }
        for crossing in self.crossings:
            counts = totals[crossing.line][crossing.direction]
            counts["total"] += 1
            counts[crossing.class_name] = counts.get(crossing.class_name, 0) + 1
        return totals

    def as_json(self) -> dict[str, Any]:
        """The machine-readable result."""
        source, model = self.work.sources.get(CAMERA), self.work.model
        return {
            "video": self.site.cameras[0].source,
            "frames": self.frames,
            "fps": 0.0 if source is None else source.frames_per_second,
            "model": self.site.detector.model,
            "backend": "" if model is None else model.backend,
            "lines": self.totals(),
            "crossings": [crossing_as_json(crossing) for crossing in self.crossings],
            "seconds": round(self.work.seconds, 3),
            "frames_per_second": round(self.frames / self.work.seconds, 2) if self.work.seconds else 0.0,
            "complete": not self.problem and not self.work.stopped,
            "problem": self.problem,
            "restarts": self.work.restarts,
            "damaged": sum(beat.damaged for beat in self.work.work.values()),
            "stages": {name: stage_as_json(beat) for name, beat in self.work.work.items()},
        }


def crossing_as_json(crossing: CrossingRecord) -> dict[str, Any]:
    """One crossing for machines."""
    return {
        "line": crossing.line,
        "direction": crossing.direction,
        "class": crossing.class_name,
        "frame": crossing.frame,
        "pts_s": round(crossing.pts_ns / 1e9, 4),
        "track_id": crossing.track_id,
        "confidence": crossing.confidence,
    }


def stage_as_json(beat: Beat) -> dict[str, Any]:
    """One process's work for machines; CPU time is of all its threads, start included."""
    return {
        "frames": beat.frames,
        "cpu_s": round(beat.cpu_ns / 1e9, 3),
        "busy_s": round(beat.busy_ns / 1e9, 3),
        "peak_memory_mb": round(beat.peak_memory_bytes / 1e6, 1),
    }


def count_video(site: SiteSettings, ledger: Path, watch: Callable[[Supervisor], None]) -> CountResult:
    """Count the site's one camera, a file, to its end."""
    work = run_site(site, ledger, until_finished=True, watch=watch)
    book = Ledger(ledger, work.run, read_only=True)
    try:
        checkpoint = book.checkpoint(CAMERA)
        return CountResult(site, work, book.crossings(CAMERA), -1 if checkpoint is None else checkpoint.frame)
    finally:
        book.close()


def write_json(result: CountResult, path: Path) -> None:
    """The result as a JSON file."""
    path.write_text(json.dumps(result.as_json(), indent=1) + "\n", encoding="utf-8")


def write_csv(result: CountResult, path: Path) -> None:
    """The crossings as a CSV file."""
    rows = [crossing_as_json(crossing) for crossing in result.crossings]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["line", "direction", "class", "frame", "pts_s", "track_id", "confidence"])
        writer.writeheader()
        writer.writerows(rows)


def ledger_for_job(data_dir: Path) -> Path:
    """Where a job without a ledger of its own keeps one while it runs."""
    return data_dir.expanduser() / "jobs" / new_run_id() / "ledger.sqlite"


def holds_something(ledger: Path) -> bool:
    """Whether anything has been counted there."""
    if not ledger.exists():
        return False
    book = Ledger(ledger, "", read_only=True)
    try:
        return book.is_used()
    finally:
        book.close()


def forget(ledger: Path) -> None:
    """Remove a job's own ledger, which has told all it knows."""
    shutil.rmtree(ledger.parent, ignore_errors=True)
