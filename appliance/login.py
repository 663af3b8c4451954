"""Logins, which stand in the environment or in a file and never in the configuration."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.errors import Refusal


def login_of(reference: str) -> str:
    """The ``user:password`` that ``env:NAME`` or ``file:PATH`` names; empty where nothing is named."""
    if not reference:
        return ""
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
