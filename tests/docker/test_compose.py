"""``docker/compose.yaml``: as the specification has it, whole, and open to this computer alone."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from appliance.config import SiteSettings
from appliance.site_file import load_site
from tests.docker.files import DOCKER, loaded
from tests.docker.prometheus import needs_promtool, promtool
from tests.publish.brokers import MOSQUITTO, free_port, needs_mosquitto
from tests.waiting import wait_until

COMPOSE, GPU = "compose.yaml", "compose.gpu.yaml"
# Stands in for Docker, which no test machine has: it runs what the container would, without the container.
STAND_IN = """\
#!{python}
import os, sys
words = sys.argv[1:]
assert words[:8] == ["compose", "-f", "compose.yaml", "run", "--rm", "--no-deps", "-T", "appliance"], words
os.execv(sys.executable, [sys.executable, "-m", "appliance", *words[8:], "--data-dir", os.environ["DATA"]])
"""


def services() -> dict[str, dict[str, Any]]:
    """All of them."""
    found: dict[str, dict[str, Any]] = loaded(COMPOSE)["services"]
    return found


@pytest.mark.parametrize("name", [COMPOSE, GPU])
def test_it_is_as_the_specification_wants_it(name: str) -> None:
    found = importlib.util.find_spec("check_jsonschema")
    if found is None or found.origin is None:
        pytest.skip("check-jsonschema, which has the compose specification's schema, is not installed")
    schema = json.loads((Path(found.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json").read_text())
    validator = validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(loaded(name))] == []
    broken = loaded(name)
    broken["services"]["appliance"]["shm_sise"] = "1g"
    assert list(validator.iter_errors(broken)), "the schema knows what it does not know"


def test_all_that_it_names_is_there() -> None:
    whole = loaded(COMPOSE)
    used: dict[str, set[str]] = {"volumes": set(), "secrets": set()}
    for service in whole["services"].values():
        for mount in service["volumes"]:
            source = mount.partition(":")[0]
            if source.startswith("."):
                assert (DOCKER / source).is_file(), f"{source} is no file: Docker would make a folder of it"
                assert mount.endswith(":ro")
            else:
                used["volumes"].add(source)
        used["secrets"] |= set(service.get("secrets", ()))
        if "build" in service:
            assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert used == {kind: set(whole[kind]) for kind in used}
    assert (DOCKER.parent / loaded(GPU)["services"]["appliance"]["build"]["dockerfile"]).is_file()
    assert set(loaded(GPU)["services"]) <= set(whole["services"])


@pytest.mark.parametrize("name", sorted(services()))
def test_nobody_else_may_come_and_none_may_do_more_than_it_must(name: str) -> None:
    service = services()[name]
    assert all(port.startswith("${APPLIANCE_ADDRESS:-127.0.0.1}:") for port in service.get("ports", ()))
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    _, _, tag = service["image"].rpartition(":")
    assert tag not in ("", "latest"), "what runs tomorrow is what runs today"


def test_no_secret_is_in_git() -> None:
    ignored = (DOCKER.parent / ".gitignore").read_text().splitlines()
    assert "/docker/secrets/" in ignored
    assert all(secret["file"].startswith("./secrets/") for secret in loaded(COMPOSE)["secrets"].values())


def test_its_site_is_one_and_finds_its_neighbours() -> None:
    site = load_site(DOCKER / "compose" / "site.yaml")
    assert isinstance(site, SiteSettings)
    everybody = services()
    assert site.mqtt.broker.removeprefix("mqtt://") in everybody
    assert f"{site.data_dir}" in {mount.split(":")[1] for mount in everybody["appliance"]["volumes"]}
    assert site.mqtt.login == f"file:/run/secrets/{everybody['appliance']['secrets'][0]}"
    [job] = loaded("compose/prometheus.yml")["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"appliance:{site.control.port}"]}]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{everybody['prometheus']['secrets'][0]}"
    [source] = loaded("compose/datasource.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert source["uid"] == loaded("grafana/datasources/prometheus.yml")["datasources"][0]["uid"]
    [provider] = loaded("compose/dashboards.yml")["providers"]
    assert f"{provider['options']['path']}/appliance.json" in {mount.split(":")[1] for mount in everybody["grafana"]["volumes"]}


@needs_promtool
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    shutil.copy(DOCKER / "alerts.yml", tmp_path)
    text = (DOCKER / "compose" / "prometheus.yml").read_text().replace("/run/secrets/prometheus.token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(text)
    assert "SUCCESS" in promtool("check", "config", str(tmp_path / "prometheus.yml"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as ``docker/prepare`` leaves it, with the appliance itself in the place of its container."""
    home = tmp_path_factory.mktemp("home")
    for name in ("docker", "bin"):
        (home / name).mkdir()
    shutil.copy(DOCKER / "prepare", home / "docker")
    (home / "bin" / "docker").write_text(STAND_IN.format(python=sys.executable))
    (home / "bin" / "docker").chmod(0o755)
    prepare(home)
    return home / "docker"


def prepare(folder: Path) -> str:
    """What it has made."""
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "DATA": str(folder / "volume")}
    command = [str(folder / "docker" / "prepare")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_prepared_once(prepared: Path) -> None:
    secrets = prepared / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    named = {Path(secret["file"]).name for secret in loaded(COMPOSE)["secrets"].values()}
    assert {path.name for path in secrets.iterdir()} == named | {"admin.token"}
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    assert all(len(text.strip()) >= 48 for text in before.values())
    assert before["admin.token"].startswith("apl_")
    assert prepare(prepared.parent) == ""
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before


@needs_mosquitto
def test_the_broker_lets_in_whom_it_was_told_of_and_nobody_else(prepared: Path, tmp_path: Path) -> None:
    """Its real command, with other folders, and a real mosquitto."""
    assert MOSQUITTO is not None
    port, login = free_port(), (prepared / "secrets" / "mqtt.login").read_text().strip()
    for name in ("config", "data"):
        (tmp_path / name).mkdir()

    def placed(text: str) -> str:
        return text.replace("/mosquitto/", f"{tmp_path}/").replace("/run/secrets", str(prepared / "secrets"))

    text = placed((DOCKER / "compose" / "mosquitto.conf").read_text())
    # As root, it would become another user, who may not write here; in the container it is not root.
    (tmp_path / "config" / "mosquitto.conf").write_text(f"{text.replace('1883', f'{port} 127.0.0.1')}user root\n")
    shell, flag, script = services()["mosquitto"]["command"]
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:{Path(MOSQUITTO).parent}"}
    command = [shell, flag, placed(script)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        try:
            answers = {}
            for who in (login, "appliance:wrong", ""):
                answers[who] = wait_until("it answers", lambda: answer_to(port, *who.partition(":")[::2]))  # noqa: B023
        finally:
            broker.terminate()
    assert answers == {login: "Success", "appliance:wrong": "Not authorized", "": "Not authorized"}
    assert login.partition(":")[2] not in (tmp_path / "data" / "passwords").read_text()


def answer_to(port: int, user: str, password: str) -> str:
    """What the broker says to somebody; empty where it is not there yet."""
    said: list[str] = []
    guest = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    guest.on_connect = lambda _client, _data, _flags, reason, _properties: said.append(str(reason))
    if user:
        guest.username_pw_set(user, password)
    try:
        guest.connect("127.0.0.1", port)
    except OSError:
        return ""
    while not said and guest.loop(0.2) == 0:
        pass
    guest.disconnect()
    return said[0] if said else ""
