"""A broker behind TLS: who vouches for whom, and what is told where nobody does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.config import MqttSettings
from tests.publish.brokers import Mosquitto, needs_mosquitto
from tests.publish.publishing import Publishing, a_crossing

OPENSSL = shutil.which("openssl")
pytestmark = [needs_mosquitto, pytest.mark.skipif(OPENSSL is None, reason="certificates are made with openssl")]


def openssl(*words: str) -> None:
    assert OPENSSL is not None
    subprocess.run([OPENSSL, *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and certificates that it gave to the broker and to the machine."""
    folder = tmp_path_factory.mktemp("papers")
    ca = (str(folder / "ca.key"), str(folder / "ca.crt"))
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority", "-keyout", ca[0], "-out", ca[1]
    )
    for name in ("broker", "machine"):
        key, asked, given, more = (str(folder / f"{name}.{ending}") for ending in ("key", "csr", "crt", "ext"))
        Path(more).write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", asked)
        signs = ("-CA", ca[1], "-CAkey", ca[0], "-CAcreateserial", "-days", "2", "-extfile", more)
        openssl("x509", "-req", "-in", asked, *signs, "-out", given)
    return folder


def broker_behind_tls(folder: Path, papers: Path) -> Mosquitto:
    """One that wants a certificate, too."""
    files = {"cafile": "ca.crt", "certfile": "broker.crt", "keyfile": "broker.key"}
    lines = [f"{word} {papers / name}" for word, name in files.items()]
    return Mosquitto(folder, "allow_anonymous true", *lines, "require_certificate true")


def test_both_sides_vouch_for_themselves(tmp_path: Path, papers: Path) -> None:
    with broker_behind_tls(tmp_path / "broker", papers) as broker:
        mqtt = MqttSettings(
            broker=broker.address.replace("mqtt:", "mqtts:"),
            ca_file=papers / "ca.crt",
            certificate_file=papers / "machine.crt",
            key_file=papers / "machine.key",
        )
        with Publishing(tmp_path / "machine", mqtt) as machine:
            machine.count(*map(a_crossing, range(500)))
            machine.until("all is acknowledged", lambda: machine.waiting == 0 and machine.condition.state == "ok")


@pytest.mark.parametrize(
    ("own", "says"),
    [
        pytest.param({}, "no safe connection comes about: ", id="nobody vouches for the broker"),
        pytest.param({"ca_file": "ca.crt"}, "127.0.0.1", id="nobody vouches for the machine"),
    ],
)
def test_without_papers_nothing_is_sent_and_the_reason_is_told(
    tmp_path: Path, papers: Path, own: dict[str, str], says: str
) -> None:
    with broker_behind_tls(tmp_path / "broker", papers) as broker:
        files = {name: papers / file for name, file in own.items()}
        mqtt = MqttSettings.model_validate({"broker": broker.address.replace("mqtt:", "mqtts:"), **files})
        with Publishing(tmp_path / "machine", mqtt) as machine:
            machine.count(a_crossing(0))
            machine.until("it is told", lambda: machine.condition.state == "degraded" and says in machine.condition.reason)
            machine.until("it waits", lambda: machine.waiting == 1)
