"""A real Prometheus with the files of ``docker/``, for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import pytest

from tests.docker.files import DOCKER
from tests.publish.brokers import free_port
from tests.waiting import wait_until

# Beside the interpreter is where ``scripts/install --system`` puts them.
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
PROMETHEUS, PROMTOOL = shutil.which("prometheus", path=PATH), shutil.which("promtool", path=PATH)
REASON = "a real Prometheus is needed: scripts/install --system"
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason=REASON)
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason=REASON)


def promtool(*words: str, text: str | None = None) -> str:
    """What it says; it must be content."""
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *words], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def furnish(folder: Path, port: int, token: str) -> Path:
    """Lay out our files as an operator would, for an appliance at this port: the configuration."""
    folder.mkdir()
    shutil.copy(DOCKER / "alerts.yml", folder)
    (folder / "appliance.token").write_text(token)
    text = (DOCKER / "prometheus.yml").read_text()
    changed = text.replace("localhost:8080", f"127.0.0.1:{port}").replace("15s", "1s").replace("scrape_timeout: 10s", "")
    assert changed.count("1s") == 2, "the intervals stand elsewhere"
    (folder / "prometheus.yml").write_text(changed)
    return folder / "prometheus.yml"


class Prometheus:
    """Runs with a configuration. Use as a context."""

    def __init__(self, configuration: Path) -> None:
        self._configuration, self._port = configuration, free_port()
        self._log = configuration.with_suffix(".log")

    def __enter__(self) -> Prometheus:
        assert PROMETHEUS is not None
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    PROMETHEUS,
                    f"--config.file={self._configuration}",
                    f"--storage.tsdb.path={self._configuration.parent / 'store'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                stderr=log,
            )
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=60)
        wait_until("Prometheus is ready", self._is_ready)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait()
        if kind is not None:
            print(self._log.read_text())  # noqa: T201  # what pytest shows with a failure

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """What it finds now."""
        answer = self._client.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", (expression, answer)
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def targets(self) -> list[dict[str, Any]]:
        """Whom it scrapes, and how that goes."""
        found: list[dict[str, Any]] = self._client.get("/api/v1/targets").json()["data"]["activeTargets"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """The alerts, and how their evaluation goes."""
        groups = self._client.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False
