"""``appliance bench`` as a command: what it writes, what it refuses, and that breaking it off leaves nothing."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from appliance.supervise.preflight import is_alive
from tests.system.cli import assert_nothing_is_left_of, children_of, run_cli, start_cli
from tests.waiting import wait_until


@pytest.mark.alone
def test_a_part_is_shown_and_written_in_every_form(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("bench.json", "bench.md", "bench.png")]
    options = [word for option, path in zip(("--json", "--markdown", "--plot"), files) for word in (option, str(path))]
    outcome = run_cli("bench", "--only", "handover", "--quick", "--gate", *options)
    assert outcome.exit_code == 0, outcome.stderr
    assert "over the copy" in outcome.stdout
    assert [row["part"] for row in json.loads(files[0].read_text())["rows"]] == ["handover"] * 4
    assert "### handover" in files[1].read_text()
    assert files[2].read_bytes().startswith(b"\x89PNG")
    assert sorted(tmp_path.iterdir()) == sorted(files)


@pytest.mark.slow
@pytest.mark.alone
def test_no_figure_is_far_from_its_target() -> None:
    """The short form of everything, on a street of its own, with the gate's slack."""
    outcome = run_cli("bench", "--quick", "--gate", deadline_s=240)
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--only", "tracker,speed"], "--only wants some of tracker.*found 'speed'", id="an unknown part"),
        pytest.param(["--video", "gone.mp4"], "--video and --model belong together", id="half the inputs"),
        pytest.param(["--video", "gone.mp4", "--model", "gone.onnx"], "gone.mp4 does not exist", id="no such video"),
        pytest.param(["--only", "tracker", "--peers", "/gone/python"], "/gone/python does not exist", id="no such Python"),
        pytest.param(["--only", "tracker", "--plot", "plot.svg"], "ends with .png, found plot.svg", id="another picture"),
        pytest.param(["--only", "tracker", "--json", "/gone/x.json"], "--json wants a file", id="nowhere to write"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_measured(words: list[str], sentence: str) -> None:
    outcome = run_cli("bench", *words)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("appliance: ")
    assert re.search(sentence, outcome.stderr), outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_breaking_off_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    target = tmp_path / "bench.json"
    words = ("bench", "--only", "handover", "--quick", "--json", str(target))
    with start_cli(*words, environment={"TMPDIR": str(tmp_path)}) as process:
        children = wait_until("a reader is started", lambda: children_of(process.pid))
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stderr == "appliance: stopped before the end; nothing is written\n"
    assert_nothing_is_left_of(process.pid)
    wait_until("its children are gone", lambda: not any(map(is_alive, children)))
    assert list(tmp_path.iterdir()) == []
