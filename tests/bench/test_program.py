"""Programs that answer in JSON, and those that do not; none of them outlives its question."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from appliance.bench.bench import Bench
from appliance.bench.peers import PROGRAMS, ask_peer
from appliance.bench.program import run_program, run_trial
from appliance.errors import Refusal
from appliance.supervise.preflight import is_alive
from tests.waiting import wait_until


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def bench_in(folder: Path, peers_python: Path | None) -> Bench:
    return Bench(None, peers_python, True, folder, lambda words: None)


def test_the_answer_is_the_last_line() -> None:
    text = "import json, sys; print('loading'); print(json.dumps({'twice': 2 * json.loads(sys.argv[1])['number']}))"
    assert run_program(python(text), {"number": 21}, {}) == {"twice": 42}


def test_the_environment_is_handed_on(tmp_path: Path) -> None:
    text = "import json, os; print(json.dumps({'word': os.environ['WORD'], 'folder': os.getcwd()}))"
    assert run_program(python(text), {}, {"WORD": "x"}, tmp_path) == {"word": "x", "folder": str(tmp_path.resolve())}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("raise ValueError('no such tracker')", "exit code 1: ValueError: no such tracker", id="an exception"),
        pytest.param("print('done')", "exit code 0: done", id="no JSON"),
        pytest.param("print(3)", "exit code 0: 3", id="no object"),
        pytest.param("", "exit code 0: no word", id="nothing at all"),
        pytest.param('print(\'{"problem": "no bf16"}\')', "^no bf16$", id="a problem of its own"),
    ],
)
def test_without_an_answer_there_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        run_program(python(text), {}, {})


def test_what_a_program_has_started_ends_with_it() -> None:
    text = (
        "import json, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], stdout=subprocess.DEVNULL, "
        "stderr=subprocess.DEVNULL)\n"
        "print(json.dumps({'pid': child.pid}))"
    )
    pid = run_program(python(text), {}, {})["pid"]
    wait_until("the child is gone", lambda: not is_alive(pid))


def test_a_refusal_of_a_trial_comes_over(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="does not exist"):
        run_trial("decoding", {"camera": '{"name": "a", "source": "gone.mp4"}', "shape": [32, 32]})


def test_peers_are_only_asked_where_they_are_named(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not asked"):
        ask_peer(bench_in(tmp_path, None), "tracker_trackers", {})


def test_a_peer_without_its_libraries_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="No module named 'supervision'"):
        ask_peer(bench_in(tmp_path, Path(sys.executable)), "tracker_trackers", {"scenes": "none", "warm_up": 0})


def test_peers_know_nothing_of_us() -> None:
    programs = sorted(PROGRAMS.glob("*.py"))
    assert programs
    assert [path.name for path in programs if "appliance" in path.read_text()] == []
    assert all(os.access(path, os.R_OK) for path in programs)
