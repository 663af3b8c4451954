"""What came of holding one statistic against its baseline, and when that is believed.

as it was ──(N windows in a row beyond the limit)──▶ off ──(N windows in a row well within it)──▶ as it was
"""

from __future__ import annotations

from dataclasses import dataclass

STATISTICS = ("brightness", "sharpness", "view", "scores", "sizes", "classes", "objects")
# As a share of the limit: what is nearer to it than that is neither one nor the other, and changes nothing.
CALM = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one statistic in one window."""

    statistic: str
    level: float
    """How far it is from the baseline, as a multiple of what is tolerated."""
    sentence: str
    """What has changed, for the case that it is too far."""


@dataclass(slots=True)
class Trend:
    """Of one statistic, over windows."""

    is_off: bool = False
    against: int = 0
    """Windows in a row that have said the opposite."""
    level: float = 0.0
    sentence: str = ""

    def note(self, finding: Finding, in_a_row: int) -> None:
        """One more window has been looked at."""
        self.level = finding.level
        speaks_against = finding.level < CALM if self.is_off else finding.level >= 1
        self.against = self.against + 1 if speaks_against else 0
        if self.against >= in_a_row:
            self.is_off, self.against = not self.is_off, 0
        if not self.is_off:
            self.sentence = ""
        elif finding.level >= 1 or not self.sentence:
            self.sentence = finding.sentence
