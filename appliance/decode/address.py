"""Addresses of cameras: how a login goes into them, and whether there is such a host."""

from __future__ import annotations

import socket
from urllib.parse import quote, urlsplit

from appliance.decode.source import NoAnswer, hidden
from appliance.errors import Refusal

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def with_login(address: str, login: str) -> str:
    """The address with ``user:password`` in it."""
    if not login:
        return address
    scheme, _, rest = address.partition("://")
    user, _, password = login.partition(":")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def check_host(address: str) -> None:
    """Raise ``NoAnswer`` where the host has no address; FFmpeg calls that an input/output error."""
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Refusal(f"{hidden(address)} must be an address, found one that is none: {error}") from None
    try:
        socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoAnswer(f"{hidden(address)}: the host {parts.hostname} is not known") from None
