"""A site that begins with nothing: ready for the first camera, and still the same machine when the last one has gone."""

from __future__ import annotations

import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from appliance.messages.health import Health
from tests.cameras import Camera, needs_gstreamer
from tests.publish.brokers import free_port
from tests.system.cli import run_cli, start_cli
from tests.system.sites import MIDDLE, Site, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

LINES = {"lines": [MIDDLE], "stall_s": 1.5}


class Panel:
    """An administrator at the API of a site that runs."""

    def __init__(self, site: Site, port: int) -> None:
        made = run_cli("token", "create", "boss", "--role", "admin", "--data-dir", str(site.ledger.parent))
        assert made.exit_code == 0, made.stderr
        headers = {"authorization": f"Bearer {made.stdout.strip()}", "if-match": "*"}
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)

    def __enter__(self) -> Panel:
        wait_until("it is ready", self._is_ready, 120)
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def _is_ready(self) -> bool:
        try:
            return self._client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str) -> httpx.Response:
        return self._client.get(path)

    def add(self, name: str, source: str) -> None:
        done = self._client.post("/api/v1/cameras", json={"name": name, "source": source, **LINES})
        assert done.status_code == 201, done.text

    def remove(self, name: str) -> None:
        done = self._client.delete(f"/api/v1/cameras/{name}")
        assert done.status_code == 200, done.text


@contextmanager
def empty_site(folder: Path) -> Iterator[tuple[Site, Panel]]:
    port = free_port()
    site = Site(folder, {})
    site.tree["control"] = {"port": port}
    with site, Panel(site, port) as panel:
        yield site, panel
        assert site.stop() == 0


def workers(health: Health) -> dict[str, int]:
    return {name: pid_of(health, name) for name in ("detect", "count", "control")}


@needs_gstreamer
def test_cameras_come_and_go_from_nothing_to_nothing_and_back(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    with Camera(clip) as camera, empty_site(tmp_path) as (site, panel):
        before = workers(site.health())
        assert panel.get("/api/v1/cameras").json() == []
        status = panel.get("/api/v1/status").json()
        assert (status["state"], status["cameras"]) == ("ok", [])
        for _ in range(2):
            panel.add("gate", camera.url)
            site.until(lambda health: len(health.cameras) == 1 and state_of("gate", "ok")(health))
            site.until_counted("gate", 1)
            panel.remove("gate")
            site.until(lambda health: not health.cameras)
            assert panel.get("/readyz").status_code == 200
        after = site.health()
        assert workers(after) == before
        assert {process.restarts for process in after.processes} == {0}
    assert "cameras: []" in (tmp_path / "site.json").read_text().replace('"', "")


def test_a_first_camera_that_is_a_file_needs_no_other_detector(tmp_path: Path) -> None:
    """The detector that waits for a live camera does for a file, too."""
    clip = write_video(tmp_path / "traffic.mp4", traffic(4))
    with empty_site(tmp_path) as (site, panel):
        before = workers(site.health())
        panel.add("clip", str(clip))
        site.until(lambda health: site.crossings("clip") >= 3)
        assert workers(site.health()) == before


def test_status_and_doctor_have_words_for_it(tmp_path: Path) -> None:
    with empty_site(tmp_path) as (site, _):
        told = run_cli("status", environment={"TMPDIR": str(tmp_path)})
        assert (told.exit_code, "no cameras yet" in told.stdout) == (0, True)
        looked = run_cli("doctor", "--config", str(tmp_path / "site.json"))
        assert (looked.exit_code, "there are none yet" in looked.stdout) == (0, True)
        assert site.process.poll() is None


def test_what_needs_a_camera_says_so() -> None:
    refused = run_cli("count", "a.mp4", "--model", "demo", "--line", "a=0,0,1,1", "--set", "cameras=[]")
    assert (refused.exit_code, "something to count in is wanted, found none" in refused.stderr) == (2, True)


@pytest.fixture
def home() -> Iterator[dict[str, str]]:
    """The environment of somebody who has never run anything."""
    with tempfile.TemporaryDirectory(prefix="new-", dir="/tmp") as folder:
        yield {"HOME": folder, "XDG_DATA_HOME": "", "XDG_RUNTIME_DIR": "", "RUNTIME_DIRECTORY": "", "TMPDIR": folder}


def test_run_alone_begins_a_site_and_says_where_its_panel_is(home: dict[str, str]) -> None:
    port = free_port()
    words = ("run", "--set", f"control.port={port}")
    file = Path(home["HOME"]) / ".local/share/appliance/site.yaml"
    for news in (", a new one", ""):
        with start_cli(*words, environment=home) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == f"Site: {file}{news}\n"
                assert process.stdout.readline() == f"Panel: http://127.0.0.1:{port}/\n"
                # It answers where it is said to be.
                assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60).text == "ok\n"
                refused = httpx.post(
                    f"http://127.0.0.1:{port}/api/v1/cameras", json={"name": "gate", "source": "rtsp://gate/main"}, timeout=60
                )
                assert (refused.status_code, "'appliance token create NAME" in refused.text) == (403, True)
                twin = run_cli("run", "--set", f"control.port={free_port()}", environment=home)
                assert (twin.exit_code, "another machine counts into the ledger" in twin.stderr) == (2, True)
                file.write_text(file.read_text().replace("site: ", "# mine\nsite: ") if news else file.read_text())
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=60) == 0
            finally:
                process.kill()
    assert "# mine" in file.read_text()


def test_a_port_that_is_taken_is_told_and_the_file_is_there_to_be_changed(home: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_cli("run", "--set", f"control.port={port}", environment=home)
    assert done.exit_code == 1
    assert f"the control plane wants to listen on 127.0.0.1, port {port}, found: Address already in use; end" in done.stderr
    assert "choose another 'control.port'" in done.stderr
    assert (Path(home["HOME"]) / ".local/share/appliance/site.yaml").exists()
    # Who runs it without saying where the site is may look at it so, too.
    looked = run_cli("doctor", environment=home)
    assert (looked.exit_code, "there are none yet" in looked.stdout) == (0, True)
