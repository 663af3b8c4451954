"""Where a request comes from: which computer, and which page in a browser. What a proxy says of others is not believed."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def address_of(connection: HTTPConnection) -> str:
    """Who is at the other end of the wire. ``X-Forwarded-For`` is not looked at: anybody can write it."""
    return "" if connection.client is None else connection.client.host


def is_loopback(address: str) -> bool:
    """Whether this is a computer's address of itself."""
    try:
        return address == "localhost" or ip_address(address).is_loopback
    except ValueError:
        return False


def is_at_home(connection: HTTPConnection) -> bool:
    """Whether the page that asks calls this computer by its own name: another's name that leads here is a trick."""
    try:
        return is_loopback(connection.url.hostname or "")
    except ValueError:
        return False


def is_here(connection: HTTPConnection) -> bool:
    """Whether this computer asks itself, by its own name."""
    return is_loopback(address_of(connection)) and is_at_home(connection)


def is_same_origin(connection: HTTPConnection) -> bool:
    """Whether a browser asks from a page of this very host. Programs name no page, and are nobody's trick."""
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower() != ""
    except ValueError:
        return False


def is_encrypted(connection: HTTPConnection) -> bool:
    """Whether it came through TLS of our own."""
    return connection.scope["scheme"] in ("https", "wss")
