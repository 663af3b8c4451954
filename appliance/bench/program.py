"""A measurement in a process of its own: a request in JSON as its one argument, the answer in JSON as its last line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.errors import Refusal

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
LONGEST_S = 900.0


def run_trial(name: str, request: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The answer of one of our own programs in ``trials``; raises ``Refusal`` where it has none."""
    return run_program([sys.executable, "-m", f"appliance.bench.trials.{name}"], request, environment or {})


def run_program(
    command: Sequence[str], request: Mapping[str, Any], environment: Mapping[str, str], folder: Path | None = None
) -> dict[str, Any]:
    """The answer of a program; raises ``Refusal`` where it has none. Whatever happens, the program is gone afterwards."""
    with subprocess.Popen(
        [*command, json.dumps(request)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        cwd=folder,
        # A terminal's Ctrl-C reaches this process alone, which ends the other one.
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            raise Refusal(f"no answer within {LONGEST_S:.0f} s") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    answer = _last_object(stdout)
    if process.returncode or answer is None:
        words = (stderr.strip() or stdout.strip() or "no word").splitlines()[-1]
        raise Refusal(f"it ended with exit code {process.returncode}: {words[:200]}")
    if "problem" in answer:
        raise Refusal(str(answer["problem"]))
    return answer


def answer_request(measure: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Be such a program: measure what the argument asks for, and print the answer."""
    try:
        answer = measure(json.loads(sys.argv[1]))
    except Refusal as refusal:
        answer = {"problem": refusal.sentence}
    sys.stdout.write(json.dumps(answer) + "\n")


def _last_object(text: str) -> dict[str, Any] | None:
    """The JSON object on the last line, if there is one."""
    try:
        found = json.loads((text.strip().splitlines() or [""])[-1])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
