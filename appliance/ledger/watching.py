"""What those who watch over a machine ask its ledger every few seconds: never more than a few rows of it."""

from __future__ import annotations

import msgspec

from appliance.clock import NS_PER_MINUTE, NS_PER_S
from appliance.ledger.choice import EVERYTHING, one_moment
from appliance.ledger.reader import LedgerReader
from appliance.ledger.seen import MINUTES, covered, lives_ns

# A minute is written down completely so long after its end.
SETTLED_NS = 10 * NS_PER_S
LATELY_NS = 5 * NS_PER_MINUTE

Kind = tuple[str, str, str, str]


class Watched(msgspec.Struct, frozen=True):
    """A ledger at one moment."""

    totals: tuple[tuple[Kind, int], ...]
    """Camera, line, direction and class, and how many were ever counted of them."""
    left_out: int
    """So many more of these there are."""
    lost: int
    """Crossings that were ever deleted before a broker had acknowledged them."""
    coverage: dict[str, float]
    """By camera, which share (0..1) of the last full minutes was seen; without those that have only just begun."""


class Watching(LedgerReader):
    """Looks at one ledger."""

    def look(self, now_ns: int, most: int) -> Watched:
        """How it is; with ``most`` totals at most, by name."""
        with one_moment(self._connection):
            rows = self._connection.execute(
                "SELECT camera, line, direction, class, total FROM totals ORDER BY 1, 2, 3, 4 LIMIT ?", (most,)
            ).fetchall()
            (number,) = self._connection.execute("SELECT COUNT(*) FROM totals").fetchone()
            (lost,) = self._connection.execute("SELECT COALESCE(SUM(number), 0) FROM losses").fetchone()
            coverage = self._coverage(now_ns)
        totals = tuple(((camera, line, direction, name), total) for camera, line, direction, name, total in rows)
        return Watched(totals, number - len(totals), lost, coverage)

    def _coverage(self, now_ns: int) -> dict[str, float]:
        end_ns = (now_ns - SETTLED_NS) // NS_PER_MINUTE * NS_PER_MINUTE
        start_ns = end_ns - LATELY_NS
        lives = lives_ns(self._connection, EVERYTHING, None)
        [seen] = covered(self._connection, (start_ns, end_ns), lives, MINUTES, now_ns)
        return {camera: one.covered_ns / (end_ns - max(start_ns, lives[camera][0])) for camera, one in seen.items()}
