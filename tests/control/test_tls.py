"""The control plane behind TLS, with a certificate from files, and what is said of files that are none."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from appliance.access.roles import Role
from appliance.config import ControlSettings
from appliance.control.certificates import context_of
from appliance.control.patience import HEAD_S
from appliance.control.places import Places
from appliance.control.server import Server
from appliance.errors import Refusal
from tests.control.alone import Alone, alone
from tests.control.machines import running

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="certificates are made with openssl")


def make_certificate(folder: Path, name: str, *more: str) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    assert OPENSSL is not None
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    words = (
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    )
    subprocess.run(
        [OPENSSL, *words, *(more or ("-nodes",)), "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    return certificate, key


def test_everything_is_behind_tls_and_the_cookie_with_it(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "machine")
    trust = ssl.create_default_context(cafile=certificate)
    control: dict[str, object] = {"certificate_file": str(certificate), "key_file": str(key)}
    with running(tmp_path, Role.ADMIN, control=control, trust=trust) as machine:
        answer = machine.client.post("/api/v1/session", json={"token": machine.tokens["admin"]})
        cookie = answer.headers["set-cookie"]
        assert (answer.status_code, answer.headers["strict-transport-security"]) == (200, "max-age=63072000")
        assert cookie.startswith(f"__Host-appliance-{machine.port}=")
        assert {"HttpOnly", "Path=/", "SameSite=strict", "Secure"} <= set(cookie.split("; "))
        assert machine.client.get("/api/v1/status").status_code == 200
        with httpx.Client(base_url=f"http://127.0.0.1:{machine.port}") as plain, pytest.raises(httpx.TransportError):
            plain.get("/healthz")
        old = ssl.create_default_context(cafile=certificate)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with (
            socket.create_connection(("127.0.0.1", machine.port)) as wire,
            old.wrap_socket(wire, server_hostname="127.0.0.1") as safe,
        ):
            assert safe.version() == "TLSv1.2"


def test_who_does_not_end_his_handshake_has_a_place_and_makes_room(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "machine")
    trust = ssl.create_default_context(cafile=certificate)

    async def play(here: Alone) -> None:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            port = door.getsockname()[1]
            server = Server(here.app, ControlSettings(port=port, certificate_file=certificate, key_file=key))
            server._state.places = places = Places(most=2)
            serving = asyncio.ensure_future(server.serve([door]))
            while not server.started:
                await asyncio.sleep(0)
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            # The one that has waited longest, and long before its handshake is too late.
            assert await asyncio.wait_for(silent[0][0].read(), HEAD_S / 2) == b""
            assert len(places) == 2
            async with httpx.AsyncClient(base_url=f"https://127.0.0.1:{port}", verify=trust, timeout=60) as client:
                assert (await client.get("/healthz")).status_code == 200
                assert len(places) == 2
            for _, writer in silent:
                writer.close()
            server.should_exit = True
            await serving
            assert len(places) == 0

    alone(tmp_path, play)


def test_files_that_are_no_certificate_are_refused_in_one_sentence(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "one")
    _, other = make_certificate(tmp_path, "other")
    _, locked = make_certificate(tmp_path, "locked", "-passout", "pass:secret")
    wrong: dict[str, tuple[Path, Path, str]] = {
        "of another": (certificate, other, "the key does not belong to it"),
        "swapped": (key, certificate, "not both can be read as PEM"),
        "locked": (certificate, locked, "a key without a password|not both can be read as PEM|the key does not belong to it"),
        "not there": (tmp_path / "none.crt", key, "none.crt cannot be read: No such file or directory"),
        "a folder": (certificate, tmp_path, "cannot be read: Is a directory"),
    }
    for certificate_file, key_file, says in wrong.values():
        with pytest.raises(Refusal, match=says):
            context_of(ControlSettings(port=1, certificate_file=certificate_file, key_file=key_file))
    assert context_of(ControlSettings(port=1)) is None


def test_a_certificate_has_a_key() -> None:
    with pytest.raises(ValueError, match="a certificate needs its key"):
        ControlSettings(port=1, certificate_file=Path("machine.crt"))
