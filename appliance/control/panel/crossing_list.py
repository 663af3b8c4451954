"""The latest crossings as a table, newest first; pure. Names are text, never markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone, tzinfo
from html import escape

from appliance.clock import NS_PER_S
from appliance.ledger.reader import KeptCrossing

# By line and direction: 0 for forward, 1 for backward, and its arrow.
Sides = Mapping[tuple[str, str], tuple[int, str]]


def crossing_list(crossings: Sequence[KeptCrossing], sides: Sides, zone: tzinfo | None, now_ns: int, known: int) -> str:
    """As HTML; those behind the sequence number ``known`` are new to who looks."""
    if not crossings:
        return '<p class="muted">Nothing has crossed a line here so far.</p>'
    rows = "".join(_row(crossing, sides, zone, now_ns, crossing.sequence > known) for crossing in crossings)
    names = "".join(f'<th scope="col">{name}</th>' for name in ("time", "line", "direction", "class"))
    table = f'<table class="crossings"><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="crossing-box" tabindex="0" role="region" aria-label="Latest crossings">{table}</div>'


def _row(crossing: KeptCrossing, sides: Sides, zone: tzinfo | None, now_ns: int, is_new: bool) -> str:
    side = sides.get((crossing.line, crossing.direction))
    mark = "" if side is None else f'<i class="series-{side[0]}" aria-hidden="true">{side[1]}</i> '
    cells = (
        f'<td class="number">{clock_text(crossing.capture_ns, zone, now_ns)}</td>',
        f"<td>{escape(crossing.line)}</td>",
        f"<td>{mark}{escape(crossing.direction)}</td>",
        f"<td>{escape(crossing.class_name)}</td>",
    )
    kind = ' class="fresh"' if is_new else ""
    return f'<tr{kind} data-sequence="{crossing.sequence}">{"".join(cells)}</tr>'


def clock_text(time_ns: int, zone: tzinfo | None, now_ns: int) -> str:
    """The time of day; before today with its date."""
    moment, now = (datetime.fromtimestamp(one // NS_PER_S, timezone.utc).astimezone(zone) for one in (time_ns, now_ns))
    return f"{moment:%H:%M:%S}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M:%S}"
