"""Addresses of cameras: the login that goes into them, and whether there is such a host."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import quote, urlsplit

from appliance.decode.source import NoAnswer, hidden
from appliance.errors import Refusal

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def login_of(reference: str) -> str:
    """The ``user:password`` that ``env:NAME`` or ``file:PATH`` names."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        login, what = os.environ.get(place, ""), f"the environment variable {place}"
    else:
        login, what = _first_line(Path(place)), f"the file {place}"
    if ":" not in login:
        # What was found is not told: it may be half a password.
        raise Refusal(
            f"a login is wanted as user:password in {what}, found {'something else' if login else 'nothing'}", usage=True
        )
    return login


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Refusal(f"a login is wanted in the file {path}, which cannot be read: {reason}", usage=True) from None


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
