"""Only one machine counts into a ledger; the lock is a real one of the system."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import Refusal
from appliance.ledger.alone import alone_with

HOLD = "import sys, time, pathlib; from appliance.ledger.alone import alone_with\n"
HOLD += "with alone_with(pathlib.Path(sys.argv[1])): print('here', flush=True); time.sleep(600)"


def test_a_second_one_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    ledger, link = tmp_path / "new" / "ledger.sqlite", tmp_path / "link"
    link.symlink_to(tmp_path / "new")
    refused = pytest.raises(Refusal, match="another machine counts into the ledger .*'data_dir' of its own")
    with alone_with(ledger), refused, alone_with(link / "ledger.sqlite"):
        pytest.fail("two at once")
    with alone_with(ledger), alone_with(tmp_path / "another.sqlite"):
        pass
    assert list(ledger.parent.iterdir()) == [], "nothing is left of the lock"


def test_one_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(ledger)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "here\n"
        with pytest.raises(Refusal), alone_with(ledger):
            pytest.fail("two at once")
        holder.send_signal(signal.SIGKILL)
    with alone_with(ledger):
        pass


def test_where_no_lock_can_be_the_ledger_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with alone_with(tmp_path / "file" / "ledger.sqlite"):
        pass
