"""A camera whose truth is known, a machine whose processes are killed at random, and what is missing of the truth then."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from appliance.clock import NS_PER_S, wall_ns
from appliance.scene.clip import frames_of
from appliance.scene.settings import SceneSettings
from appliance.scene.truth import Truth, find_truth
from tests.cameras import Camera
from tests.system.sites import Site, pid_of, state_of
from tests.system.videos import Encoding, write_video

PROCESSES = ("decode.gate", "detect", "track.0", "count")
# Between the truth's moment and the crossing's.
TOLERANCE_NS = 7 * NS_PER_S // 10
# So long after its last frame somebody may still be counted, and before its first one nobody is known.
SETTLING_NS = 4 * NS_PER_S

Event = tuple[str, str, str, int]
"""Line, direction, class, and when: wall clock."""


@dataclass(slots=True)
class Findings:
    """The truth beside the ledger."""

    true: int = 0
    counted: int = 0
    blind: list[str] = field(default_factory=list)
    """Missing, in a gap of the coverage: the reason of the gap."""
    missing: list[Event] = field(default_factory=list)
    """Missing, where the ledger says that all was seen."""
    extra: list[Event] = field(default_factory=list)
    gaps_s: list[tuple[float, str]] = field(default_factory=list)
    restarts: int = 0


def write_street(folder: Path, seed: int, seconds: float) -> tuple[Path, Truth]:
    """A street as a camera sends it: a key frame a second."""
    truth = find_truth(SceneSettings(seed=seed, seconds=seconds))
    encoding = Encoding(rate=truth.settings.frames_per_second, options={"g": "25", "bf": "0", "crf": "21", "preset": "veryfast"})
    clip = write_video(folder / "street.mp4", (picture[:, :, ::-1].copy() for picture in frames_of(truth)), encoding)
    return clip, truth


def run_chaos(folder: Path, clip: Path, truth: Truth, seed: int, kills: int, between_s: tuple[float, float]) -> Findings:
    """Count the street for as long as it takes to kill so many processes, one after the other."""
    chance, rounds = random.Random(seed), folder / "rounds"
    lines = [line.as_settings() for line in truth.lines]
    with Camera(clip, "--plays-on", "--rounds", str(rounds)) as gate:
        site = Site(folder, {"gate": {"source": gate.url, "lines": lines}})
        site.tree["detector"] = {"model": "demo"}
        with site:
            site.until(state_of("gate", "ok"))
            began_ns = wall_ns() + SETTLING_NS
            for _ in range(kills):
                _rest(site, chance.uniform(*between_s))
                _kill(site, chance.choice(PROCESSES))
            _rest(site, between_s[1])
            ended_ns = wall_ns()
            # What has happened by then is decided.
            _rest(site, 2 * SETTLING_NS / NS_PER_S)
            restarts = sum(process.restarts for process in site.health().processes)
            assert site.stop() == 0
        found = compare(site.ledger, rounds, truth, began_ns, ended_ns)
        found.restarts = restarts
        return found


def _rest(site: Site, seconds: float) -> None:
    """Time in which the camera plays."""
    end = time.monotonic() + seconds
    site.until(lambda health: time.monotonic() > end, seconds + 10)


def _kill(site: Site, name: str) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid_of(site.health(), name), signal.SIGKILL)


def compare(ledger: Path, rounds: Path, truth: Truth, began_ns: int, ended_ns: int) -> Findings:
    """Match every true crossing with one that was counted; what is left on both sides."""
    starts = {round(int(line) / NS_PER_S, 1): int(line) for line in rounds.read_text().split()}
    true = [
        (one.line, one.direction, one.class_name, start_ns + round(one.frame / truth.settings.frames_per_second * NS_PER_S))
        for start_ns in starts.values()
        for one in truth.crossings
    ]
    with closing(sqlite3.connect(ledger)) as connection:
        query = "SELECT line, direction, class, capture_ns FROM crossings ORDER BY capture_ns"
        counted: list[Event] = [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]
        gaps = connection.execute("SELECT start_ns, end_ns, reason FROM gaps").fetchall()
    findings = Findings(gaps_s=[((end_ns - start_ns) / NS_PER_S, reason) for start_ns, end_ns, reason in gaps])
    for event in sorted(true, key=lambda event: event[3]):
        if not began_ns <= event[3] <= ended_ns:
            continue
        findings.true += 1
        match = min(
            (one for one in counted if one[:3] == event[:3] and abs(one[3] - event[3]) < TOLERANCE_NS),
            key=lambda one: abs(one[3] - event[3]),
            default=None,
        )
        if match is not None:
            counted.remove(match)
            findings.counted += 1
        elif reasons := [why for first, last, why in gaps if first - TOLERANCE_NS <= event[3] <= last + TOLERANCE_NS]:
            findings.blind.append(reasons[0])
        else:
            findings.missing.append(event)
    edge_ns = TOLERANCE_NS
    findings.extra = [one for one in counted if began_ns + edge_ns <= one[3] <= ended_ns - edge_ns]
    return findings
