"""The whole machine and a broker: from a camera's picture to a message, and what the broker says of a machine that is gone."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.messages.health import Health
from tests.cameras import Camera, needs_gstreamer
from tests.publish.brokers import Mosquitto, Subscriber, needs_mosquitto
from tests.system.cli import run_cli
from tests.system.sites import Site, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

pytestmark = needs_mosquitto
PREFIX = "appliance/site"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A block that crosses the middle once a second."""
    return write_video(tmp_path_factory.mktemp("clips") / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))


def event_ids(ledger: Path) -> list[str]:
    with closing(sqlite3.connect(ledger)) as connection:
        return [event_id for (event_id,) in connection.execute("SELECT event_id FROM crossings ORDER BY sequence")]


def is_told_that_nobody_listens(health: Health) -> bool:
    return any("connection is refused" in process.condition.reason for process in health.processes)


@needs_gstreamer
def test_what_a_camera_sees_is_told_whoever_dies(tmp_path: Path, clip: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Subscriber(broker.port) as ear, Camera(clip) as gate:
        site = Site(tmp_path, {"gate": {"source": gate.url}})
        site.tree["mqtt"] = {"broker": broker.address, "home_assistant": True}
        with site:
            site.until(state_of("gate", "ok"))
            wait_until("crossings are told", lambda: ear.events >= 2)
            wait_until("it is there", lambda: ear.retained.get(f"{PREFIX}/status", {}).get("state") == "online")
            wait_until("the camera is told", lambda: ear.retained.get(f"{PREFIX}/gate/status", {}).get("state") == "ok")
            os.kill(pid_of(site.health(), "publish"), signal.SIGKILL)
            broker.stop()
            site.until_counted("gate", 2)
            # Counting does not care.
            site.until(lambda health: is_told_that_nobody_listens(health) and state_of("gate", "ok")(health))
            broker.start()
            wait_until("all is told", lambda: set(event_ids(site.ledger)) <= {one["event_id"] for one in ear.of("crossing")})
            # A line is added while it runs.
            site.change({"gate": {"source": gate.url, "zones": [{"name": "all", "points": [[0, 0], [0.6, 0], [0.6, 1]]}]}})
            wait_until("its totals are told", lambda: f"{PREFIX}/gate/all/count" in ear.retained)
            wait_until("it is there again", lambda: ear.retained[f"{PREFIX}/status"]["state"] == "online")
            assert site.stop() == 0
        wait_until("it has said good-bye", lambda: ear.retained[f"{PREFIX}/status"]["state"] == "offline")
        wait_until("all is told", lambda: ear.events == len(event_ids(site.ledger)))
        told = list(dict.fromkeys(one["event_id"] for one in ear.of("crossing")))
        assert told == event_ids(site.ledger)


@needs_gstreamer
def test_the_broker_tells_of_a_machine_that_is_gone(tmp_path: Path, clip: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Subscriber(broker.port) as ear, Camera(clip) as gate:
        site = Site(tmp_path, {"gate": {"source": gate.url}})
        site.tree["mqtt"] = {"broker": broker.address}
        with site:
            wait_until("it is there", lambda: ear.retained.get(f"{PREFIX}/status", {}).get("state") == "online")
            site.process.kill()
            wait_until("it is gone", lambda: ear.retained[f"{PREFIX}/status"]["state"] == "offline")


def test_the_demo_ends_when_its_broker_has_acknowledged_all(tmp_path: Path) -> None:
    words = ("demo", "--fast", "--seconds", "8", "--size", "480x270", "--json", str(tmp_path / "demo.json"))
    with Mosquitto(tmp_path / "broker") as broker, Subscriber(broker.port) as ear:
        done = run_cli(*words, "--mqtt", broker.address, deadline_s=120)
        assert done.exit_code in (0, 1), done.stderr
        counted = json.loads((tmp_path / "demo.json").read_text())["crossings"]
        assert counted
        wait_until("all have arrived", lambda: ear.events == len(counted))
        assert f"mosquitto_sub -h 127.0.0.1 -p {broker.port} -v -t 'appliance/demo/#'" in done.stdout


def test_the_demo_brings_its_own_broker(tmp_path: Path) -> None:
    words = ("demo", "--seconds", "2", "--density", "0", "--size", "320x180", "--json", str(tmp_path / "demo.json"))
    done = run_cli(*words)
    assert done.exit_code == 0, done.stderr
    assert "mosquitto_sub -h 127.0.0.1 -p " in done.stdout
    stages = json.loads((tmp_path / "demo.json").read_text())["stages"]
    # Its publisher has been heard: site and totals.
    assert stages["publish"]["frames"] >= 2
    assert "broker" in stages


def test_a_demo_whose_publisher_cannot_work_ends_with_the_reason(tmp_path: Path) -> None:
    words = ("demo", "--fast", "--seconds", "2", "--density", "0", "--size", "320x180")
    done = run_cli(*words, "--mqtt", "mqtts://127.0.0.1:9", "--set", f"mqtt.ca_file={tmp_path / 'nothing.pem'}", deadline_s=60)
    assert done.exit_code != 0
    assert "certificates are wanted that can be used" in done.stderr
