"""Two machines and a job on one computer: which of them is asked for another model, and to read its file again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.system.cli import Outcome, run_cli
from tests.system.sites import Site

WANTED = "one machine of this user that runs on this computer is wanted, found"


def test_a_site_is_asked_and_no_job_and_of_two_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    here = {"TMPDIR": str(tmp_path)}
    # As somebody who counts a file has one.
    (tmp_path / f"appliance-{os.getpid()}-job").mkdir()

    def asked(*more: str) -> Outcome:
        return run_cli("models", "cancel", *more, environment=here)

    for name in ("north", "south"):
        (tmp_path / name).mkdir()
    assert f"{WANTED} none" in asked().stderr
    with Site(tmp_path / "north", {}, here) as north:
        north.health()
        assert "no model is being brought in" in asked().stderr
        with Site(tmp_path / "south", {}, here) as south:
            south.health()
            assert f"{WANTED} 2; '--config FILE' or '--set data_dir=DIR' says which" in asked().stderr
            assert "no model is being brought in" in asked("--config", str(tmp_path / "south" / "site.json")).stderr
            assert "no model is being brought in" in asked("--set", f"data_dir={north.ledger.parent}").stderr
            assert f"{WANTED} none" in asked("--set", f"data_dir={tmp_path / 'elsewhere'}").stderr
            reloaded = run_cli("reload", "--trial", environment=here)
            assert (reloaded.exit_code, reloaded.stdout.count("appliance-")) == (0, 2)
            assert south.stop() == 0
        assert north.stop() == 0
