"""Times as they are told to others."""

from __future__ import annotations

from datetime import datetime, timezone

from appliance.clock import NS_PER_MS


def rfc_3339(time_ns: int) -> str:
    """UTC with milliseconds, cut off and not rounded, so that no time is told before it was."""
    seconds, milliseconds = divmod(time_ns // NS_PER_MS, 1000)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
