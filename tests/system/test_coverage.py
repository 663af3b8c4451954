"""What a live machine did not see is in its ledger: gaps with reasons, minutes with what was skipped."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cameras import Camera, needs_gstreamer
from tests.system.sites import Site, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = [needs_gstreamer, pytest.mark.alone]
NS_PER_S = 1e9
ISLAND = {"name": "island", "points": [[0.4, 0], [0.6, 0], [0.6, 1], [0.4, 1]]}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A block that crosses the middle once a second."""
    return write_video(tmp_path_factory.mktemp("clips") / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))


def ask(site: Site, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(site.ledger)) as connection:
        return connection.execute(query).fetchall()


def gaps_of(site: Site, reason: str) -> list[float]:
    """The seconds of each gap that is written down with this in its reason."""
    return [
        float(str(span)) / NS_PER_S for span, why in ask(site, "SELECT end_ns - start_ns, reason FROM gaps") if reason in str(why)
    ]


def test_each_gap_has_its_length_and_its_reason(tmp_path: Path, clip: Path) -> None:
    with Camera(clip) as gate, Site(tmp_path, {"gate": {"source": gate.url, "zones": [ISLAND], "blind_s": 0.2}}) as site:
        health = site.until(state_of("gate", "ok"))
        site.until_counted("gate", 4)
        os.kill(pid_of(health, "decode.gate"), signal.SIGKILL)
        wait_until("the gap is written down", lambda: gaps_of(site, "its decoder has died"))
        site.until(state_of("gate", "down"))
        site.until(state_of("gate", "ok"))
        gate.tell("stall")
        site.until(state_of("gate", "down"))
        gate.tell("go")
        wait_until("the gap is written down", lambda: gaps_of(site, "no picture for"))
        site.until_counted("gate", 2)
        assert site.stop() == 0
    # A busy computer may have stalled, too.
    assert all(1.5 < stalled_s < 20 for stalled_s in gaps_of(site, "no picture for"))
    [(covered_ns, frames)] = ask(site, "SELECT SUM(covered_ns), SUM(frames) FROM minutes")
    covered_s, counted = float(str(covered_ns)) / NS_PER_S, sum(1 for _ in ask(site, "SELECT 1 FROM crossings"))
    assert covered_s > 0
    assert int(str(frames)) > counted >= 6
    # However busy the computer is, each moment between two crossings was covered or is in a gap.
    [(counting_ns,)] = ask(site, "SELECT MAX(capture_ns) - MIN(capture_ns) FROM crossings")
    assert float(str(counting_ns)) / NS_PER_S <= covered_s + sum(gaps_of(site, "")) < 90
    directions = {direction for (direction,) in ask(site, "SELECT direction FROM crossings WHERE line = 'island'")}
    assert directions == {"enter", "exit"}
    [(most,)] = ask(site, "SELECT MAX(most) FROM presences WHERE zone = 'island'")
    # Who is another one after a gap was there a moment ago as the one before.
    assert most in (1, 2)
    with Camera(clip) as gate, Site(tmp_path, {"gate": {"source": gate.url}}) as site:
        site.until(state_of("gate", "ok"))
        wait_until("the gap is written down", lambda: gaps_of(site, "the machine was not running"))
        assert site.stop() == 0
