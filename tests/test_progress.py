"""Lines about how far it is, where there is no terminal for a bar."""

from __future__ import annotations

from itertools import accumulate, repeat, takewhile

import pytest

from appliance.clock import NS_PER_S
from appliance.progress import LINE_INTERVAL_NS, next_pause_ns


@pytest.mark.parametrize(("has_end", "least", "most"), [(True, 8000, 9000), (False, 20, 40)])
def test_what_has_no_end_says_less_and_less(has_end: bool, least: int, most: int) -> None:
    """A day of it: a job tells every ten seconds, a service that nobody looks at about once in an hour."""
    pauses = accumulate(repeat(LINE_INTERVAL_NS), lambda pause_ns, _: next_pause_ns(pause_ns, has_end=has_end))
    lines = list(takewhile(lambda told_ns: told_ns < 86400 * NS_PER_S, accumulate(pauses)))
    assert least < len(lines) < most
