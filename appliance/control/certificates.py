"""The certificate that the control plane shows, from its two files."""

from __future__ import annotations

import ssl
from pathlib import Path

from appliance.config import ControlSettings, home_expanded
from appliance.errors import Refusal


def context_of(settings: ControlSettings) -> ssl.SSLContext | None:
    """How the server speaks TLS; None where it has no certificate. Raises ``Refusal`` for one that is none."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    certificate, key = home_expanded(settings.certificate_file), home_expanded(settings.key_file)
    _check(certificate, "certificate")
    _check(key, "key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A key behind a password would be asked for on a terminal that is not there.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        reason = "the key does not belong to it" if error.reason == "KEY_VALUES_MISMATCH" else "not both can be read as PEM"
        raise Refusal(
            f"a certificate and its key without a password are wanted, found {certificate} and {key}: {reason}"
        ) from None
    return context


def _check(path: Path, what: str) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise Refusal(f"the control plane's {what} {path} cannot be read: {error.strerror}") from None
