"""The state of the whole machine in one dot, two words and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from appliance.control.panel.words import listed, moment
from appliance.messages.health import CameraHealth, DeviceHealth, Health, ProcessHealth

# Worse ones later.
ORDER = ("ok", "starting", "degraded", "down")
MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class Glance:
    """How everything is."""

    state: str
    brief: str
    """For the edge of a page."""
    sentence: str
    reasons: tuple[str, ...] = ()
    """What is wrong, a sentence each, the worst first; at most five."""


Part = CameraHealth | ProcessHealth | DeviceHealth
UNHEARD = Glance("down", "No contact", "Nothing is heard of the machine. It may be starting, or have been stopped.")


def glance_of(health: Health | None, now_ns: int, zone: tzinfo | None) -> Glance:
    """What to say of this health; None where nothing is heard."""
    if health is None:
        return UNHEARD
    parts: list[Part] = [*health.cameras, *health.processes, *health.devices]
    wrong = [part for part in parts if part.condition.state in ("degraded", "down")]
    if wrong:
        return _with_problems(sorted(wrong, key=lambda part: -ORDER.index(part.condition.state)), len(parts), now_ns, zone)
    starting = [part.name for part in parts if part.condition.state == "starting"]
    if starting:
        return Glance("starting", "Starting", f"Not at work yet: {listed(starting)}.")
    since = moment(max((part.since_ns for part in parts), default=now_ns), now_ns, zone)
    return Glance("ok", "All is well", f"All is well since {since}.")


def _with_problems(wrong: list[Part], parts: int, now_ns: int, zone: tzinfo | None) -> Glance:
    worst = wrong[0].condition.state
    reasons = tuple(_reason(part, now_ns, zone) for part in wrong[:MOST_REASONS])
    if len(wrong) == 1:
        return Glance(worst, "1 problem", reasons[0])
    sentence = f"{len(wrong)} of {parts} cameras and processes need attention."
    if len(wrong) > MOST_REASONS:
        reasons = (*reasons[: MOST_REASONS - 1], f"{len(wrong) - MOST_REASONS + 1} more.")
    return Glance(worst, f"{len(wrong)} problems", sentence, reasons)


def _reason(part: Part, now_ns: int, zone: tzinfo | None) -> str:
    """One sentence; what a camera says may end with a full stop, or not."""
    since = moment(part.since_ns, now_ns, zone)
    reason = part.condition.reason.rstrip(".")
    return f"{part.name} is {part.condition.state} since {since}{f': {reason}' if reason else ''}."
