"""Times, amounts and states as the panel says them."""

from __future__ import annotations

from datetime import datetime, tzinfo

from appliance.clock import NS_PER_S

STATES = {"ok": "OK", "starting": "Starting", "degraded": "Degraded", "down": "Down"}
SIZES = ("B", "kB", "MB", "GB", "TB")


def state_word(state: str) -> str:
    """A state for people."""
    return STATES.get(state, state)


def moment(time_ns: int, now_ns: int, zone: tzinfo | None) -> str:
    """A time as people say it today: ``14:05``, ``20 Nov, 14:05``, ``20 Nov 2025, 14:05``."""
    time = datetime.fromtimestamp(time_ns // NS_PER_S, zone)
    now = datetime.fromtimestamp(now_ns // NS_PER_S, zone)
    if time.date() == now.date():
        return f"{time:%H:%M}"
    day = f"{time.day} {time:%b}" if time.year == now.year else f"{time.day} {time:%b %Y}"
    return f"{day}, {time:%H:%M}"


def size(number: float) -> str:
    """So many bytes, in three digits."""
    for unit in SIZES:
        if number < 999.5 or unit == SIZES[-1]:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 9.95 else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("the last unit takes all")


def milliseconds(time_ns: int) -> str:
    """A latency; nothing where there is none."""
    if not time_ns:
        return ""
    time_ms = time_ns / 1e6
    return f"{time_ms:.0f} ms" if time_ms >= 9.95 else f"{time_ms:.1f} ms"


def rate(per_second: float | None) -> str:
    """Frames per second; nothing where it is not known yet."""
    if per_second is None:
        return ""
    return f"{per_second:.0f} fps" if per_second >= 9.95 else f"{per_second:.1f} fps"


def listed(names: list[str], most: int = 3) -> str:
    """``a``, ``a and b``, ``a, b, c and 4 more``."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))


def capital(sentence: str) -> str:
    """As a sentence begins."""
    return sentence[:1].upper() + sentence[1:]
