"""Who answers at a camera's address, asked in plain words: the reason where FFmpeg and GStreamer tell none."""

from __future__ import annotations

import socket
from urllib.parse import urljoin, urlsplit

from appliance.decode.address import PORTS
from appliance.decode.source import hidden
from appliance.errors import Refusal

MOST_REDIRECTS = 8
# For each answer; whoever keeps silent has been waited for already.
PATIENCE_S = 1.0
MOST_HEAD_BYTES = 16384
# Of a stranger's words in a sentence.
MOST_SHOWN = 60


class Misled(Refusal):
    """There is no camera at this address, and whoever is should not be called by a decoder again before he has been asked."""


def ask(address: str) -> bool:
    """Whether somebody answers. Raises ``Misled`` where he sends everybody on for ever, or speaks another language.

    No login is told.
    """
    place = address
    for _ in range(MOST_REDIRECTS + 1):
        head = _head_of_answer(place)
        if head is None:
            return False
        first, _, rest = head.partition("\r\n")
        version, _, status = first.partition(" ")
        wanted = "RTSP" if place.startswith("rtsp") else "HTTP"
        if not version.startswith(f"{wanted}/"):
            raise Misled(f"{hidden(address)} must speak {wanted}, found {_shown(first)}")
        target = _header(rest, "location")
        if not status.startswith("3") or not target:
            return True
        place = urljoin(place, target)
    raise Misled(f"{hidden(address)}: a camera is wanted, found a server that redirects for ever, now to {hidden(place)}")


def _head_of_answer(address: str) -> str | None:
    """What is said before the empty line; None where nothing is, or nobody can be asked in this way."""
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme, 0)
        if parts.scheme not in ("rtsp", "http") or parts.hostname is None:
            return None
        with socket.create_connection((parts.hostname, port), PATIENCE_S) as call:
            call.sendall(_question(address).encode())
            heard = b""
            while b"\r\n\r\n" not in heard and len(heard) < MOST_HEAD_BYTES and (more := call.recv(4096)):
                heard += more
    except (OSError, ValueError):
        return None
    return heard.partition(b"\r\n\r\n")[0].decode("latin-1") if heard else None


def _question(address: str) -> str:
    parts = urlsplit(address)
    netloc = parts.netloc.rpartition("@")[2]
    if parts.scheme == "rtsp":
        url = parts._replace(netloc=netloc).geturl()
        return f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    return f"GET {path} HTTP/1.0\r\nHost: {netloc}\r\n\r\n"


def _header(head: str, name: str) -> str:
    for line in head.split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""


def _shown(words: str) -> str:
    return f"'{words[:MOST_SHOWN]}'" if words and words.isprintable() and words.isascii() else "noise"
