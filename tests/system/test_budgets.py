"""A while of the whole machine on two live cameras: every process has a budget, and keeps to it."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from appliance.clock import NS_PER_S
from appliance.messages.health import Health, ProcessHealth
from tests.cameras import Camera, needs_gstreamer
from tests.system.sites import Site
from tests.system.videos import Encoding, traffic, write_video

pytestmark = [needs_gstreamer, pytest.mark.slow, pytest.mark.alone]
SECONDS = 20
RATE = 25
CAMERAS = ("gate", "yard")


@dataclass(frozen=True)
class Budget:
    """Three to five times what a process needs on two small cameras, so that only what is wrong breaks it."""

    cpu_share: float
    """Of one core."""
    growth_mb: float
    latency_p99_ms: float


BUDGETS = {
    "decode": Budget(0.25, 6.0, 0.0),
    "detect": Budget(0.6, 10.0, 400.0),
    "track": Budget(0.35, 6.0, 0.0),
    "count": Budget(0.25, 6.0, 500.0),
}
LOG_LINES = 4


@dataclass(frozen=True)
class Period:
    """What the machine told at the beginning and at the end of the time that counts."""

    first: Health
    last: Health
    stderr: str
    frames: dict[str, list[int]]
    """Of each camera, the numbers of the frames that were counted, all of them."""

    @property
    def seconds(self) -> float:
        return (self.last.time_ns - self.first.time_ns) / NS_PER_S


@pytest.fixture(scope="module")
def period(tmp_path_factory: pytest.TempPathFactory) -> Period:
    folder = tmp_path_factory.mktemp("budgets")
    clip = write_video(folder / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    with ExitStack() as stack:
        cameras = {name: stack.enter_context(Camera(clip)) for name in CAMERAS}
        site = Site(folder, {name: {"source": camera.url} for name, camera in cameras.items()})
        site.tree["counter"] = {"record_tracks": True}
        with site:
            first = site.until(lambda health: all(camera.frames > 2 * RATE for camera in health.cameras))
            last = site.until(lambda health: health.time_ns - first.time_ns > SECONDS * NS_PER_S, 2 * SECONDS)
            assert site.stop() == 0
        with closing(sqlite3.connect(site.ledger)) as connection:
            rows = connection.execute("SELECT camera, frame FROM tracks ORDER BY frame").fetchall()
    return Period(first, last, site.stderr, {name: [frame for camera, frame in rows if camera == name] for name in CAMERAS})


def test_no_process_is_without_a_budget(period: Period) -> None:
    assert {process.name.partition(".")[0] for process in period.last.processes} == set(BUDGETS)


def pairs(period: Period) -> list[tuple[ProcessHealth, ProcessHealth, Budget]]:
    return [(one, two, BUDGETS[two.name.partition(".")[0]]) for one, two in zip(period.first.processes, period.last.processes)]


def test_nobody_takes_more_of_the_cpu_than_it_may(period: Period) -> None:
    for first, last, budget in pairs(period):
        assert (last.cpu_ns - first.cpu_ns) / NS_PER_S / period.seconds < budget.cpu_share, last.name


def test_nobody_grows(period: Period) -> None:
    for first, last, budget in pairs(period):
        assert (last.memory_bytes - first.memory_bytes) / 1e6 < budget.growth_mb, last.name


def test_nobody_is_late(period: Period) -> None:
    for _, last, budget in pairs(period):
        if budget.latency_p99_ms:
            assert 0 < last.latency_p99_ns / 1e6 < budget.latency_p99_ms, last.name


def test_no_frame_goes_missing_without_a_word(period: Period) -> None:
    for camera in period.last.cameras:
        frames = period.frames[camera.name]
        assert frames == sorted(set(frames))
        missing = frames[-1] - frames[0] + 1 - len(frames)
        assert missing <= camera.skipped_busy + camera.skipped_stale
        assert len(frames) > 0.9 * RATE * period.seconds


def test_nobody_died_and_nobody_talks(period: Period) -> None:
    assert {process.restarts for process in period.last.processes} == {0}
    assert len(period.stderr.splitlines()) <= LOG_LINES, period.stderr
