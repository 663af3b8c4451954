"""The command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from appliance.cli import main
from tests.system.cli import Outcome

Cli = Callable[..., Outcome]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs ``appliance`` with these words."""

    def run(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["appliance", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        written = capsys.readouterr()
        return Outcome(end.value.code if isinstance(end.value.code, int) else 0, written.out, written.err)

    return run
