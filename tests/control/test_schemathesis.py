"""The whole OpenAPI document against a control plane that runs: thousands of requests, good and bad, and all checks on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.access.roles import Role
from tests.control.machines import running

HERE = Path(__file__).resolve().parent
SETTINGS, HOOKS = HERE / "schemathesis.toml", "tests.control.many_addresses"
# What is left out, and why.
LEFT_OUT = {
    # It never ends; tests/control/test_live.py watches it.
    "/api/v1/cameras/{camera}/stream",
    # Each of them looks through a camera for seconds, in a process of its own; tests/control/test_trying.py tries them.
    "/api/v1/cameras/try",
}
SEEDS = {Role.ADMIN: (1, 32), Role.OPERATOR: (2, 20), Role.VIEWER: (3, 20)}
"""For each role the seed, and how many cases there are of each operation in fuzzing, beside the examples and the borders."""
DEADLINE_S = 1200.0
LEAST_CASES = {Role.ADMIN: 1900, Role.OPERATOR: 1600, Role.VIEWER: 1500}


@pytest.mark.slow
@pytest.mark.parametrize("role", SEEDS, ids=lambda role: role.value)
def test_nothing_is_answered_that_is_not_documented(tmp_path: Path, role: Role) -> None:
    seed, most_examples = SEEDS[role]
    with running(tmp_path, *Role) as machine:
        left_out = [word for path in sorted(LEFT_OUT) for word in ("--exclude-path", path)]
        words = [
            *("--seed", str(seed), "--max-examples", str(most_examples), "--generation-deterministic", "--no-color"),
            *("--header", f"Authorization: {machine.bearer(role.value)['authorization']}", "--header", "Connection: close"),
            *("--continue-on-failure", "--no-shrink", "--request-timeout", "60"),
            *left_out,
        ]
        address = f"http://127.0.0.1:{machine.port}/api/v1/openapi.json"
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run", address, *words],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(HERE.parent.parent)},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        found = re.search(r"([\d,]+) generated", done.stdout)
        assert found is not None, done.stdout[-2000:]
        assert int(found[1].replace(",", "")) >= LEAST_CASES[role]
        # Whoever was asked so much is still there.
        assert machine.client.get("/readyz").status_code == 200
