"""``appliance count``: one video, some lines, the true counts."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.config import SiteSettings, home_expanded
from appliance.errors import Refusal
from appliance.ledger.ledger import Ledger
from appliance.ledger.records import CrossingRecord
from appliance.messages.reports import Beat
from appliance.results import write_whole
from appliance.running import Work, new_run_id, run_site
from appliance.supervise.supervisor import Supervisor

CAMERA = "video"
# Frames under way: more than a live camera needs, so that all processes work through several at a time.
SLOTS = 32
# One page, which holds no table yet.
EMPTY_LEDGER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class CountResult:
    """What was counted in a video, and how the machine did it."""

    site: SiteSettings
    work: Work
    crossings: list[CrossingRecord]
    last_frame: int
    """The last one counted; -1 where there was none."""

    @property
    def frames(self) -> int:
        """Frames counted; those that a restart made it do again are in it once."""
        return max(0, self.last_frame + 1 - self.site.cameras[0].first_frame)

    @property
    def problem(self) -> str:
        """The sentence of what went wrong; empty where nothing did."""
        return next(iter(self.work.problems.values()), "")

    @property
    def damaged(self) -> int:
        """Stretches of the video that could not be decoded, or not well."""
        return sum(beat.damaged for beat in self.work.work.values())

    @property
    def is_complete(self) -> bool:
        """Whether every wanted frame is in it."""
        return not self.problem and not self.work.stopped

    def totals(self) -> dict[str, dict[str, dict[str, int]]]:
        """By line, direction and class, with the total of each direction."""
        totals = {
            line.name: {line.directions.forward: {"total": 0}, line.directions.backward: {"total": 0}}
            for line in self.site.cameras[0].counted
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
            "complete": self.is_complete,
            "problem": self.problem,
            "restarts": self.work.restarts,
            "damaged": self.damaged,
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


def count_video(site: SiteSettings, ledger: Path, watch: Callable[[Supervisor], None], run: str = "") -> CountResult:
    """Count the site's one camera, a file, to its end."""
    work = run_site(site, ledger, until_finished=True, watch=watch, run=run)
    book = Ledger(ledger, work.run, read_only=True)
    try:
        checkpoint = book.checkpoint(CAMERA)
        return CountResult(site, work, book.crossings(CAMERA), -1 if checkpoint is None else checkpoint.frame)
    finally:
        book.close()


def write_json(result: CountResult, path: Path) -> None:
    """The result as a JSON file."""
    write_whole(path, json.dumps(result.as_json(), indent=1) + "\n")


def write_csv(result: CountResult, path: Path) -> None:
    """The crossings as a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["line", "direction", "class", "frame", "pts_s", "track_id", "confidence"])
    writer.writeheader()
    writer.writerows(crossing_as_json(crossing) for crossing in result.crossings)
    write_whole(path, text.getvalue())


@contextmanager
def job_ledger(wanted: Path | None, data_dir: Path) -> Iterator[Path]:
    """The ledger of a job: the wanted one, or one of its own that is forgotten when the job has told all it knows.

    Where the job is refused, a new ledger stays if anything has been counted, and the sentence names it.
    """
    ledger = wanted or ledger_for_job(data_dir)
    was_there = ledger.exists()
    try:
        yield ledger
    except Refusal as refusal:
        if was_there:
            raise
        if ledger.exists() and holds_something(ledger):
            raise Refusal(f"{refusal.sentence} (counted so far: {ledger})", usage=refusal.usage) from None
        forget(ledger, is_own=wanted is None)
        raise
    except (BrokenPipeError, SystemExit):
        # Nobody wants to know any more.
        if wanted is None:
            forget(ledger, is_own=True)
        raise
    if wanted is None:
        forget(ledger, is_own=True)


def ledger_for_job(data_dir: Path) -> Path:
    """Where a job without a ledger of its own keeps one while it runs."""
    return home_expanded(data_dir) / "jobs" / new_run_id() / "ledger.sqlite"


def holds_something(ledger: Path) -> bool:
    """Whether anything has been counted there, as far as one can tell."""
    log_bytes = os.path.getsize(f"{ledger}-wal") if os.path.exists(f"{ledger}-wal") else 0
    if os.path.getsize(ledger) <= EMPTY_LEDGER_BYTES and log_bytes == 0:
        return False
    try:
        # Not "ro": whoever closes the file last takes in its log.
        with closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=rw", uri=True)) as connection:
            return connection.execute("SELECT 1 FROM checkpoints WHERE frame >= 0 LIMIT 1").fetchone() is not None
    except sqlite3.Error as error:
        # What cannot be read may hold something.
        return "no such table" not in str(error)


def forget(ledger: Path, *, is_own: bool) -> None:
    """Remove a ledger with what belongs to it: a job's own with its folder."""
    if is_own:
        shutil.rmtree(ledger.parent, ignore_errors=True)
        return
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{ledger}{ending}").unlink(missing_ok=True)
