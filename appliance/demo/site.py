"""The demo's site: one camera that is a scene's clip, with the scene's own lines."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from appliance.config import SiteSettings
from appliance.counting import CAMERA
from appliance.errors import Refusal
from appliance.scene.truth import Truth
from appliance.site_file import parse_site

# Whoever has a broker on the usual port keeps it.
USUAL_PORT = 1883
EMBEDDED = "embedded"


def demo_site(
    truth: Truth, clip: Path, *, model: str, pace: str, broker: str = "", overrides: Iterable[str] = ()
) -> SiteSettings:
    """What counts the clip of a scene, and tells ``broker`` of it. The lines are those that the truth is about."""
    lines = [line.as_settings() for line in truth.lines]
    tree = {
        "cameras": [{"name": CAMERA, "source": str(clip), "pace": pace, "lines": lines}],
        "detector": {"model": model},
        "site": "demo",
        "mqtt": {"broker": broker} | ({"port": free_port()} if broker == EMBEDDED else {}),
    }
    return parse_site(tree, overrides, "the demo")


def free_port() -> int:
    """For the embedded broker: the usual one, or any that is free."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                one.bind(("127.0.0.1", port))
                return int(one.getsockname()[1])
    raise Refusal("a free port is wanted for the embedded broker, found none")


def how_to_listen(site: SiteSettings) -> str:
    """What to type elsewhere, to hear what is told; empty where nothing is."""
    mqtt = site.mqtt
    if not mqtt.broker:
        return ""
    address = f"mqtt://{mqtt.bind}:{mqtt.port}" if mqtt.broker == EMBEDDED else mqtt.broker
    parts = urlsplit(address)
    more = " --capath /etc/ssl/certs" if parts.scheme == "mqtts" else ""
    port = parts.port or (8883 if parts.scheme == "mqtts" else USUAL_PORT)
    return f"mosquitto_sub -h {parts.hostname} -p {port}{more} -v -t 'appliance/{site.site}/#'"
