"""Differences as pages show them."""

from __future__ import annotations

from appliance.configuration.difference import unified
from appliance.control.panel.diff_lines import diff_lines, in_short

BEFORE = "site: a\n--- not a header\nmqtt:\n  port: 1\n"
AFTER = "site: b\n--- not a header\nmqtt:\n  port: 1\n<b>bold</b>: 1\n"


def test_lines_are_told_apart_by_a_sign() -> None:
    lines = diff_lines(unified(BEFORE, AFTER, "before", "after"))
    assert [(line.sign, line.text) for line in lines] == [
        ("", "line 1"),
        ("−", "site: a"),
        ("+", "site: b"),
        (" ", "--- not a header"),
        (" ", "mqtt:"),
        (" ", "  port: 1"),
        ("+", "<b>bold</b>: 1"),
    ]
    assert in_short(lines) == "2 lines added, 1 line removed"


def test_nothing_is_no_line() -> None:
    assert diff_lines(unified(BEFORE, BEFORE, "before", "after")) == []
