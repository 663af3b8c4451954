"""Knocking at the broker's door, as the publisher will."""

from __future__ import annotations

import select

from appliance.clock import NS_PER_S, monotonic_ns
from appliance.config import SiteSettings
from appliance.publish.client import Client, NoBroker

PATIENCE_NS = 5 * NS_PER_S


def let_in(site: SiteSettings) -> str:
    """Why the broker does not let us in; empty where it does."""
    client = Client(site.mqtt, f"{site.mqtt.client_id or f'appliance-{site.site}'}-doctor")
    deadline_ns = monotonic_ns() + PATIENCE_NS
    try:
        client.open()
        while not client.is_connected and not client.broken:
            if monotonic_ns() > deadline_ns:
                return f"{client.address}: has answered nothing for {PATIENCE_NS // NS_PER_S} s"
            select.select(client.sockets, (), (), 0.1)
            client.turn()
        return client.broken
    except NoBroker as no_broker:
        return str(no_broker)
    finally:
        client.close()
