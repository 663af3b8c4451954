"""Processes of a live camera's machine die at random: nothing is missing but what the coverage says was not seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cameras import needs_gstreamer
from tests.system.live_chaos import run_chaos, write_street


@needs_gstreamer
@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.long
def test_what_is_missing_was_not_seen_and_nobody_is_counted_twice(tmp_path: Path) -> None:
    """The short form of ``scripts/chaos.py --scene 82 --live``."""
    clip, truth = write_street(tmp_path, 82, 30.0)
    found = run_chaos(tmp_path, clip, truth, seed=5, kills=5, between_s=(3.0, 4.0))
    assert found.restarts == 5
    assert found.true > 10
    assert (found.missing, found.extra) == ([], [])
    assert all(seconds < 30 for seconds, _ in found.gaps_s)
