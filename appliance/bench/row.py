"""A line of the report: what was measured, against what, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FASTER = "times as fast"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured value; ``tail`` is what few were worse than, where many were taken, as in p95."""

    value: float
    unit: str
    tail: float | None = None
    tail_name: str = ""

    def in_words(self) -> str:
        """For people."""
        tail = "" if self.tail is None else f" ({self.tail_name} {number(self.tail)})"
        return f"{number(self.value)} {self.unit}{tail}"


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure has to be: ``least`` or ``most`` of them."""

    least: float | None = None
    most: float | None = None

    def is_met(self, figure: float, slack: float = 1.0) -> bool:
        """Whether the figure is good enough; with slack, within so many times the target."""
        is_enough = self.least is None or figure >= self.least / slack
        return is_enough and (self.most is None or figure <= self.most * slack)

    def in_words(self) -> str:
        """For people."""
        least = [] if self.least is None else [f"at least {self.least:g}"]
        most = [] if self.most is None else [f"at most {self.most:g}"]
        return " and ".join(least + most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison. ``figure`` is its result in ``unit``: a ratio, a share or a difference."""

    part: str
    what: str
    ours: Measure | None = None
    other: Measure | None = None
    against: str = ""
    """What ``other`` is the value of."""
    figure: float | None = None
    unit: str = FASTER
    target: Target | None = None
    note: str = ""
    has_failed: bool = False
    """Where our own side could not be measured; ``note`` says why."""
    is_gated: bool = True
    """Whether a continuous integration may judge by it; not by what hangs on how busy the machine is."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """More, for machines."""

    @property
    def verdict(self) -> str:
        """``met`` or ``missed``; nothing where there is no target, or no figure."""
        if self.target is None or self.figure is None:
            return ""
        return "met" if self.target.is_met(self.figure) else "missed"

    def result_in_words(self) -> str:
        """The figure, or why there is none."""
        figure = "" if self.figure is None else f"{number(self.figure)} {self.unit}"
        return "; ".join(filter(None, (figure, self.note)))


def failed(part: str, what: str, reason: str) -> Row:
    """A row that says why it is empty."""
    return Row(part=part, what=what, note=reason, has_failed=True)


def number(value: float) -> str:
    """Three digits that matter, and never an exponent."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
