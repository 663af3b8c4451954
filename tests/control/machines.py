"""A machine without cameras whose control plane is asked by tests: a real process on a real port, with a token of every role."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from appliance.access.audit import Actor
from appliance.access.guard import Guard
from appliance.access.roles import Role
from appliance.clock import wall_ns
from tests.publish.brokers import free_port
from tests.system.sites import Site
from tests.waiting import wait_until

# A busy machine takes its time to read all of the panel.
PATIENCE_S = 120.0
HERE = Actor("tests", "command line")


@dataclass(frozen=True)
class Machine:
    """One that runs."""

    site: Site
    port: int
    client: httpx.Client
    """Without a token."""
    tokens: dict[str, str]
    """The text of one by its name, which is that of its role."""

    @property
    def data_dir(self) -> Path:
        return self.site.ledger.parent

    def bearer(self, role: str) -> dict[str, str]:
        """What a program sends along."""
        return {"authorization": f"Bearer {self.tokens[role]}"}


def make_tokens(data_dir: Path, *roles: Role) -> dict[str, str]:
    """Tokens that are called like their roles."""
    with Guard(data_dir) as guard:
        return {role.value: guard.tokens.create(role.value, role, HERE, wall_ns()).text for role in roles}


@contextmanager
def running(
    folder: Path,
    *roles: Role,
    control: dict[str, object] | None = None,
    tree: dict[str, object] | None = None,
    trust: ssl.SSLContext | None = None,
) -> Iterator[Machine]:
    """A site with these tokens; ``trust`` says whose certificates are believed, where it is served over TLS."""
    site, port = Site(folder, {}), free_port()
    site.tree |= {"control": {"port": port, **(control or {})}, **(tree or {})}
    tokens = make_tokens(site.ledger.parent, *roles)
    scheme = "http" if trust is None else "https"
    with site, httpx.Client(base_url=f"{scheme}://127.0.0.1:{port}", timeout=60, verify=trust or False) as client:
        wait_until("it answers", lambda: answers(site, client), PATIENCE_S)
        wait_until("the machine is heard", lambda: client.get("/readyz").status_code == 200, PATIENCE_S)
        yield Machine(site, port, client, tokens)
        site.process.send_signal(signal.SIGTERM)
        assert site.process.wait(PATIENCE_S) == 0


def states(client: httpx.Client) -> dict[str, str]:
    """Of all cameras, as the control plane knows them; none where it has not heard of the machine."""
    answer = client.get("/api/v1/status")
    return {camera["name"]: camera["state"] for camera in answer.json()["cameras"]} if answer.status_code == 200 else {}


def answers(site: Site, client: httpx.Client) -> bool:
    """Whether the control plane of a machine does; the machine must not have ended."""
    assert site.process.poll() is None, site.process.communicate()[1]
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False
