"""Prometheus with our files and a real machine: everything that alerts and dashboard ask for is there."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.messages.health import Health
from tests.cameras import Camera, needs_gstreamer
from tests.docker.files import DOCKER, queries, rules
from tests.docker.prometheus import Prometheus, furnish, needs_prometheus, needs_promtool, promtool
from tests.docker.promql import selectors
from tests.observe.busy_site import DEVICES, NOW_NS, READINGS, figures, health
from tests.observe.conventions import complaints, families_of
from tests.observe.test_metrics import exposition
from tests.publish.brokers import free_port
from tests.system.cli import run_cli
from tests.system.sites import Site, pid_of, state_of
from tests.system.videos import Encoding, traffic, write_video
from tests.waiting import wait_until

# What Prometheus knows by itself, and how it calls whom it asks.
pytestmark = pytest.mark.slow
ITS_OWN = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "instance"}}
EVERYWHERE = {"job", "instance"}
# Not before the first day is over.
LEARNED = {"appliance_camera_drift_level": {"job", "instance", "camera", "statistic"}}
ON_DEVICES = Health(NOW_NS, (), (), devices=DEVICES)
# Where nothing is measured they are not there.
MEASURED = {f"appliance_{name}" for name in ("temperature_celsius", "power_watts", "energy_joules_total")}


class Watched:
    """A machine that runs, its port, and a token for Prometheus."""

    def __init__(self, site: Site, port: int, token: str) -> None:
        self.site, self.port, self.token = site, port, token

    def scrape(self) -> str:
        """As Prometheus does."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = httpx.get(f"http://127.0.0.1:{self.port}/metrics", headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One camera that counts, one that is gone, and a broker."""
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    clip = write_video(folder / "traffic.mp4", traffic(4), Encoding(options={"g": "25", "bf": "0"}))
    with Camera(clip) as gate:
        site = Site(folder, {"gate": {"source": gate.url}, "gone": {"source": "rtsp://127.0.0.1:9/live"}})
        site.tree["control"] = {"port": port}
        site.tree["mqtt"] = {"broker": "embedded", "port": free_port()}
        with site:
            site.until(state_of("gate", "ok"))
            site.until_counted("gate", 2)
            site.until(lambda health: {process.condition.state for process in health.processes} == {"ok"}, 120)
            made = run_cli("token", "create", "prometheus", "--role", "viewer", "--data-dir", str(site.ledger.parent))
            assert made.exit_code == 0, made.stderr
            yield Watched(site, port, made.stdout.strip())
            assert site.stop() == 0


@needs_promtool
def test_promtool_has_nothing_to_say_against_our_files(tmp_path: Path) -> None:
    configuration = furnish(tmp_path / "prometheus", 8080, "secret")
    assert f"{len(rules())} rules found" in promtool("check", "config", "--lint=all", "--lint-fatal", str(configuration))
    promtool("check", "config", "--syntax-only", str(DOCKER / "prometheus.yml"))
    recorded = [{"record": f"asked:{number}", "expr": expression} for number, (_, expression) in enumerate(queries())]
    asked = tmp_path / "asked.yml"
    # JSON is YAML, too.
    asked.write_text(json.dumps({"groups": [{"name": "asked", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in promtool("check", "rules", str(asked))


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then() -> None:
    told = promtool("test", "rules", str(Path(__file__).with_name("alerts_test.yml")))
    assert "SUCCESS" in told


def test_every_alert_is_tested() -> None:
    tests = Path(__file__).with_name("alerts_test.yml").read_text()
    assert [rule["alert"] for rule in rules() if rule["alert"] not in tests] == []


@needs_promtool
def test_promtool_has_nothing_to_say_against_our_names() -> None:
    assert promtool("check", "metrics", text=exposition(health(2), figures(2))) == ""


@needs_gstreamer
def test_everything_that_is_asked_for_is_in_a_real_scrape(machine: Watched) -> None:
    text = wait_until("coverage is known", lambda: text if "coverage_ratio{" in (text := machine.scrape()) else None, 90)
    assert list(complaints(text)) == []
    known = {name: set(labels) for name, labels in (ITS_OWN | LEARNED).items()}
    # A machine has devices where NVIDIA has made them.
    for scraped in (text, exposition(None, None), exposition(ON_DEVICES, None)):
        for family in families_of(scraped).values():
            for sample in family.samples:
                known.setdefault(sample.name, set(EVERYWHERE)).update(sample.labels)
    for place, expression in queries():
        for selector in selectors(expression):
            assert selector.metric in known, f"'{place}' asks for {selector.metric}"
            assert selector.labels <= known[selector.metric], f"'{place}' asks for {selector}"
    assert {family.name for family in families_of(exposition(None, None)).values()} >= {
        name.removesuffix("_total") for name in MEASURED
    }, f"the three kinds of {READINGS}"


def how(target: dict[str, Any]) -> tuple[str, str]:
    return target["health"], target["lastError"]


@needs_gstreamer
@needs_prometheus
def test_prometheus_scrapes_it_with_the_token_and_answers_the_dashboard(tmp_path: Path, machine: Watched) -> None:
    configuration = furnish(tmp_path / "prometheus", machine.port, machine.token)
    with Prometheus(configuration) as prometheus:
        wait_until("it is scraped", lambda: prometheus.ask('up{job="appliance"} == 1'))
        # On a busy computer a scrape may come too late, but not each.
        wait_until("a scrape is good", lambda: [how(target) for target in prometheus.targets()] == [("up", "")])
        wait_until("frames are counted", lambda: prometheus.ask('rate(appliance_process_frames_total{process="count"}[1m]) > 0'))
        wait_until("tracks are told", lambda: prometheus.ask('appliance_camera_tracks{camera="gate"}'))
        # They speak of themselves only where something is wrong, or are not measured here.
        silent = {"Alerts", "Restarts, an hour", "Temperature", "Power", "Frames that are skipped", "How far it is from that"}
        titles = {rule["alert"] for rule in rules()}
        wait_until("coverage is known", lambda: prometheus.ask("appliance_camera_coverage_ratio"), 90)
        for place, expression in queries():
            # A rate is known when its series was seen twice.
            if place not in silent | titles:
                wait_until(f"'{place}' shows something: {expression}", lambda: prometheus.ask(expression))  # noqa: B023
            else:
                prometheus.ask(expression)
        wait_until("the camera that is gone is noticed", lambda: prometheus.ask('ALERTS{alertname="CameraDown", camera="gone"}'))
        wait_until("all rules are well", lambda: {rule["health"] for rule in prometheus.rules()} == {"ok"})


@needs_gstreamer
@needs_prometheus
def test_without_a_token_it_learns_nothing_and_says_so(tmp_path: Path, machine: Watched) -> None:
    configuration = furnish(tmp_path / "prometheus", machine.port, "nonsense")
    with Prometheus(configuration) as prometheus:
        wait_until("it has asked", lambda: prometheus.ask('up{job="appliance"} == 0'))
        wait_until("it knows why not", lambda: ["401" in target["lastError"] for target in prometheus.targets()] == [True])
        assert not prometheus.ask("appliance_up")
        wait_until("the alert waits", lambda: prometheus.ask('ALERTS{alertname="ApplianceAbsent"}'))


@needs_gstreamer
def test_nothing_goes_back_when_the_control_plane_dies(machine: Watched) -> None:
    def counters() -> dict[tuple[str, ...], float] | None:
        try:
            families = families_of(machine.scrape()).values()
        except httpx.TransportError:
            return None
        samples = [sample for family in families if family.type != "gauge" for sample in family.samples]
        return {(sample.name, *sorted(map("=".join, sample.labels.items()))): sample.value for sample in samples}

    before = wait_until("it is scraped", counters)
    pid = pid_of(machine.site.health(), "control")
    os.kill(pid, signal.SIGKILL)
    machine.site.until(lambda health: pid_of(health, "control") not in (0, pid))
    restarts = ("appliance_process_restarts_total", "process=control")
    after = wait_until(
        "it is back and hears of itself", lambda: found if (found := counters()) and found.get(restarts) else None, 90
    )
    assert {series: (value, after.get(series)) for series, value in before.items() if after.get(series, -1) < value} == {}
    assert ("appliance_crossings_total", "camera=gate", "class=car", "direction=forward", "line=middle") in before
